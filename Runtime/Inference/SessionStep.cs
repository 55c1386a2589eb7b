using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>Runs a session over values that stay where they are. Owns the session, not the values.</summary>
internal interface ISessionStep : IDisposable
{
    /// <summary>Reads the inputs, writes the outputs.</summary>
    /// <param name="windowCount">Windows that stand in the first rows; those behind them may be computed as well and mean nothing.</param>
    /// <exception cref="OnnxRuntimeException">The provider failed.</exception>
    void Run(int windowCount);
}

/// <summary>
/// A session on the CPU, with tensors for 1, 2, 4, 8, 16 windows below the largest batch, and for the largest itself: it computes no row that nobody asked for, up to the next of these. A batch is shared by as many threads as
/// <see cref="SessionValues.ThreadCount"/> says, where each has enough to do: a lone window of the default backbone already keeps a core at three fifths of what it can multiply, so that only another core makes several at a time
/// much faster than one by one. Of a perceptron over 128 features it keeps it at 3 %: there a batch is 3.7 times as fast by itself, and to wake another thread costs more than it brings.
/// </summary>
internal sealed class CpuStep : ISessionStep
{
    /// <summary>Of a shared batch; a part of four is 5 % faster still, and takes twice the memory (0.8 MB a window in the default graph, in each thread).</summary>
    private const int WindowsPerPart = 2;

    /// <summary>The least that is worth another thread: some three times what it takes to wake one (20 to 40 us, measured).</summary>
    private static readonly TimeSpan s_worthAThread = TimeSpan.FromMicroseconds(125);

    private readonly InferenceSession session;
    private readonly RunOptions options = new();
    private readonly List<(int WindowCount, BoundBatch[] Parts)> batches = [];
    private readonly Crew<BoundBatch>? crew;

    /// <summary>Takes over the session, and closes it where it throws; where threads may share a batch, runs it a few times to see what a window costs.</summary>
    /// <param name="session">A session on the CPU.</param>
    /// <param name="values">What it reads and writes.</param>
    /// <param name="worthAThread">Work from which on another thread is woken for it; null: as measured. A test shares any.</param>
    public CpuStep(InferenceSession session, SessionValues values, TimeSpan? worthAThread = null)
    {
        this.session = session;
        try
        {
            var perWindow = values.ThreadCount > 1 && values.WindowCount > 1 ? TimeOfOne(values) : TimeSpan.Zero;
            foreach (int size in Sizes(values.WindowCount))
                batches.Add((size, Parts(values, size, (int)Math.Min(Math.Max(values.ThreadCount, size / WindowsPerPart), size * perWindow / (worthAThread ?? s_worthAThread)))));
            int mostParts = batches.Max(batch => batch.Parts.Length);
            crew = mostParts > 1 ? new Crew<BoundBatch>(Math.Min(mostParts, values.ThreadCount) - 1, part => part.Run(session, options)) : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Run(int windowCount)
    {
        foreach (var (count, parts) in batches)
        {
            if (count < windowCount) continue;
            if (parts.Length == 1) parts[0].Run(session, options);
            else crew!.Run(parts);
            return;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        crew?.Dispose();
        foreach (var (_, parts) in batches)
            foreach (var part in parts) part.Dispose();
        options.Dispose();
        session.Dispose();
    }

    /// <summary>The shortest of some runs: what else the machine does only makes them longer.</summary>
    private TimeSpan TimeOfOne(SessionValues values)
    {
        using var one = new BoundBatch(session, values.Of(0, 1));
        var least = TimeSpan.MaxValue;
        for (int run = 0; run < 5; run++)
        {
            long start = Stopwatch.GetTimestamp();
            one.Run(session, options);
            least = new TimeSpan(Math.Min(least.Ticks, Stopwatch.GetElapsedTime(start).Ticks));
        }

        return least;
    }

    private BoundBatch[] Parts(SessionValues values, int windowCount, int wanted)
    {
        int count = Math.Clamp(wanted, 1, windowCount);
        return [.. Enumerable.Range(0, count).Select(part => (First: part * windowCount / count, End: (part + 1) * windowCount / count)).Select(rows => new BoundBatch(session, values.Of(rows.First, rows.End - rows.First)))];
    }

    private static IEnumerable<int> Sizes(int largest)
    {
        for (int size = 1; size < largest && size <= 16; size *= 2) yield return size;
        yield return largest;
    }
}

/// <summary>A session on an accelerator that is handed memory of this process with every call, for where a <see cref="DeviceStep"/> cannot be made. Always the whole batch, as there.</summary>
internal sealed class WholeBatchStep(InferenceSession session, SessionValues values) : ISessionStep
{
    private readonly RunOptions options = new();
    private readonly BatchValues all = values.Of(0, values.WindowCount);

    /// <inheritdoc/>
    public void Run(int windowCount) => session.Run(options, all.InputNames, all.Inputs, all.OutputNames, all.Outputs);

    /// <inheritdoc/>
    public void Dispose()
    {
        all.Dispose();
        options.Dispose();
        session.Dispose();
    }
}

/// <summary>How sessions are opened and run. The seam at which a test has a provider that this machine lacks, and lets it fail.</summary>
internal class SessionMaker
{
    /// <summary>Opens a session.</summary>
    /// <param name="file">The graph.</param>
    /// <param name="provider">The execution provider.</param>
    /// <param name="options">Its options; throws where the provider does not load.</param>
    public virtual InferenceSession Open(string file, string provider, Func<SessionOptions> options)
    {
        using var made = options();
        return new InferenceSession(file, made);
    }

    /// <summary>What runs it over these values. The session is the step's from here on; where none can be made it is still the caller's, but for one on the CPU, which is closed.</summary>
    /// <param name="session">The session.</param>
    /// <param name="values">What it reads and writes.</param>
    /// <param name="provider">Its execution provider.</param>
    /// <param name="isBound">Whether an accelerator's inputs and outputs are bound in its own memory.</param>
    public virtual ISessionStep Step(InferenceSession session, SessionValues values, string provider, bool isBound) =>
        provider == ProviderChain.Cpu ? new CpuStep(session, values) : isBound ? new DeviceStep(session, values, new CudaMemory()) : new WholeBatchStep(session, values);
}
