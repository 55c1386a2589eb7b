using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Storage;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>An execution provider that was asked for and does not run.</summary>
/// <param name="Provider"><c>tensorrt</c>, <c>cuda</c>; <c>cudaGraph</c> where CUDA runs, but without its graph; <c>ioBinding</c> where an accelerator runs, but copies anew with every call.</param>
/// <param name="Reason">Why, in one line, with what to do where that is known.</param>
public sealed record ProviderRefusal(string Provider, string Reason)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Provider}: {Reason}";
}

/// <summary>A graph to open.</summary>
/// <param name="Path">The file.</param>
/// <param name="Precision">Numbers that it computes with: <c>float32</c>, <c>int8</c>, <c>float16</c>.</param>
/// <param name="OnCpu">What a CPU is to run in its place; null: the same.</param>
public sealed record GraphFile(string Path, string Precision = "float32", GraphFile? OnCpu = null)
{
    /// <summary>What a provider runs.</summary>
    public GraphFile For(string provider) => provider == ProviderChain.Cpu && OnCpu is not null ? OnCpu : this;
}

/// <summary>
/// The execution providers of one start of the service, in the order of <c>inference.providers</c>: a session opens on the first that takes its whole graph. One that fails at run time is not tried again until the service starts
/// again: after a CUDA error every further call of the process fails alike (CUDA Runtime API, cudaErrorIllegalAddress and its kin), so waiting would only cost windows. Safe from any thread.
/// </summary>
/// <param name="settings">Providers, threads, temperature.</param>
/// <param name="engines">Where TensorRT keeps its engines; null: nowhere, they are built anew for every session.</param>
public sealed class ProviderChain(InferenceSection settings, EngineCache? engines = null)
{
    /// <summary>The provider that takes any graph.</summary>
    public const string Cpu = "cpu";

    private const int MostBacklogThreads = 4;
    private readonly Lock gate = new();
    private readonly Dictionary<string, string> refused = new(StringComparer.Ordinal);
    private long failureCount;

    /// <summary>Called once for each session that a provider gave up at run time and that went on on the CPU.</summary>
    public event Action<ProviderRefusal>? Failed;

    /// <summary>Providers that were asked for and do not run, in the order in which they were asked for, each with the reason as last seen.</summary>
    public IReadOnlyList<ProviderRefusal> Refused
    {
        get
        {
            lock (gate) return [.. settings.Providers.Append(DeviceStep.Graph).Append(DeviceStep.Binding).Where(refused.ContainsKey).Select(provider => new ProviderRefusal(provider, refused[provider]))];
        }
    }

    /// <summary>The provider whose failure at run time put everything on the CPU; null while none has failed.</summary>
    public string? FailedProvider { get; private set; }

    /// <summary>Sessions that went on on the CPU because their provider failed at run time.</summary>
    public long FailureCount => Interlocked.Read(ref failureCount);

    /// <summary>Opens sessions and makes their steps; tests have another.</summary>
    internal SessionMaker Maker { get; init; } = new();

    /// <summary>Opens a graph on the first provider that takes all of it, and runs it, so that the first real window is not the slow one.</summary>
    /// <param name="file">The graph.</param>
    /// <param name="snapshot">Its description, with the classes that it is to tell apart.</param>
    /// <param name="batchSize">Windows scored in one call.</param>
    /// <param name="threadCount">Threads that may share a batch on the CPU.</param>
    /// <exception cref="InvalidDataException">It cannot be loaded, or does not have the inputs and outputs of a classifier; the message says which.</exception>
    public Classifier Open(GraphFile file, SnapshotManifest snapshot, int batchSize = 1, int threadCount = 1)
    {
        foreach (string provider in settings.Providers)
        {
            if (provider != Cpu && FailedProvider is not null) continue;
            try
            {
                return new Classifier(this, file, snapshot, settings, provider, batchSize, threadCount);
            }
            catch (Exception e) when (provider != Cpu && e is OnnxRuntimeException or CudaCopyException or EntryPointNotFoundException or DllNotFoundException)
            {
                if (provider == "tensorrt") engines?.Drop(file.Path); // What is stale there must not stand in the way the next time.
                Refuse(provider, ReasonOf(e));
            }
            catch (OnnxRuntimeException e)
            {
                throw new InvalidDataException($"{file.For(provider).Path} cannot be run: {e.Message}", e);
            }
        }

        throw new InvalidDataException($"{file.Path} runs on none of inference.providers: {string.Join("; ", Refused)}. Add \"cpu\" as the last one.");
    }

    /// <summary>As <see cref="Open"/>, for the stage that classifies the stream: windows that have piled up are scored together, on as many threads as <c>inference.backlogThreadCount</c> says.</summary>
    public Classifier OpenForStream(GraphFile file, SnapshotManifest snapshot) => Open(file, snapshot, ClassifierStage.LargestBatch, BacklogThreads(settings));

    /// <summary><c>inference.backlogThreadCount</c>, with its default filled in for this machine.</summary>
    public static int BacklogThreads(InferenceSection settings) => settings.BacklogThreadCount > 0 ? settings.BacklogThreadCount : Math.Min(Environment.ProcessorCount, MostBacklogThreads);

    /// <summary>Opens the graph on a provider, for a classifier.</summary>
    internal InferenceSession Session(GraphFile file, string provider, bool withGraph) =>
        Maker.Open(file.For(provider).Path, provider, () => ProviderOptions.For(provider, settings.ThreadCount, file.For(provider).Precision, withGraph, () => engines?.FolderOf(file.Path)));

    /// <summary>What runs an opened graph: on an accelerator over memory of its own, on CUDA with its kernels captured, each where that holds on this machine. The session is the step's from here on, also where it throws.</summary>
    internal ISessionStep Step(GraphFile file, string provider, InferenceSession session, SessionValues values)
    {
        if (provider == Cpu) return Maker.Step(session, values, provider, isBound: false);
        if (provider == "cuda" && Bound(() => Session(file, provider, withGraph: true), values, provider, DeviceStep.Graph, "CUDA runs without it") is { } captured)
        {
            session.Dispose();
            return captured;
        }

        if (Bound(() => session, values, provider, DeviceStep.Binding, $"{provider} runs, and is handed its inputs anew with every call") is { } bound) return bound;
        try
        {
            return Maker.Step(session, values, provider, isBound: false);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>A session over memory of its device; null where that cannot be, which is noted under <paramref name="what"/>.</summary>
    private ISessionStep? Bound(Func<InferenceSession> open, SessionValues values, string provider, string what, string consequence)
    {
        InferenceSession? session = null;
        try
        {
            return Maker.Step(session = open(), values, provider, isBound: true);
        }
        catch (Exception e) when (e is OnnxRuntimeException or CudaCopyException or EntryPointNotFoundException or DllNotFoundException)
        {
            if (what == DeviceStep.Graph) session?.Dispose(); // Opened for it; without a graph it is another one that runs.
            Refuse(what, $"{consequence}: {OneLine(e)}");
            return null;
        }
    }

    /// <summary>Notes why a provider does not run.</summary>
    private void Refuse(string provider, string reason)
    {
        lock (gate) refused[provider] = reason;
    }

    /// <summary>A session failed at run time: from now on every session opens on the CPU.</summary>
    internal void Fail(string provider, Exception error)
    {
        var what = new ProviderRefusal(provider, $"it failed while it ran, and the CPU goes on until the service starts again: {OneLine(error)}");
        lock (gate)
        {
            FailedProvider ??= provider;
            refused[provider] = what.Reason;
        }

        Interlocked.Increment(ref failureCount);
        Failed?.Invoke(what);
    }

    /// <summary>An error in one line, with the remedy where it is known.</summary>
    internal static string ReasonOf(Exception e) =>
        e is EntryPointNotFoundException || e.Message.Contains("is not enabled in this build", StringComparison.Ordinal)
            ? "this build of ONNX Runtime does not have it; build with -p:EdgeAccelerator=cuda"
            : OneLine(e);

    private static string OneLine(Exception e) => e.Message.ReplaceLineEndings(" ").Trim();
}
