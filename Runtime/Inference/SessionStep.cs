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

/// <summary>A session on the CPU, with tensors for 1, 2, 4, 8, 16 windows below the largest batch, and for the largest itself: it computes no row that nobody asked for, up to the next of these.</summary>
internal sealed class CpuStep(InferenceSession session, SessionValues values) : ISessionStep
{
    private readonly RunOptions options = new();
    private readonly BoundBatch[] batches = [.. Sizes(values.WindowCount).Select(size => new BoundBatch(session, values.Of(size)))];

    /// <inheritdoc/>
    public void Run(int windowCount)
    {
        foreach (var batch in batches)
        {
            if (batch.WindowCount < windowCount) continue;
            batch.Run(session, options);
            return;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var batch in batches) batch.Dispose();
        options.Dispose();
        session.Dispose();
    }

    private static IEnumerable<int> Sizes(int largest)
    {
        for (int size = 1; size < largest && size <= 16; size *= 2) yield return size;
        yield return largest;
    }
}

/// <summary>A session on an accelerator that reads and writes memory of this process. Always the whole batch: another shape would be another engine or graph, and a row more costs it next to nothing.</summary>
internal sealed class WholeBatchStep(InferenceSession session, SessionValues values) : ISessionStep
{
    private readonly RunOptions options = new();
    private readonly BatchValues all = values.Of(values.WindowCount);

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

    /// <summary>What runs it over these values. The session is the step's from here on, also where none can be made.</summary>
    public virtual ISessionStep Step(InferenceSession session, SessionValues values, string provider, bool withGraph) =>
        withGraph ? new CudaGraphStep(session, values) : provider == ProviderChain.Cpu ? new CpuStep(session, values) : new WholeBatchStep(session, values);
}
