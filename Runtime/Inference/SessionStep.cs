using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>The values of a session that is run again and again: they stay where they are, only what is in them changes.</summary>
/// <param name="InputNames">Names of the inputs.</param>
/// <param name="Inputs">Over memory of this process.</param>
/// <param name="OutputNames">Names of the outputs.</param>
/// <param name="Outputs">Likewise.</param>
internal sealed record SessionValues(string[] InputNames, OrtValue[] Inputs, string[] OutputNames, OrtValue[] Outputs);

/// <summary>Runs a session once over its values. Owns the session.</summary>
internal interface ISessionStep : IDisposable
{
    /// <summary>Reads the inputs, writes the outputs.</summary>
    /// <exception cref="OnnxRuntimeException">The provider failed.</exception>
    void Run();
}

/// <summary>A session that reads and writes memory of this process.</summary>
internal sealed class PlainStep(InferenceSession session, SessionValues values) : ISessionStep
{
    private readonly RunOptions options = new();

    /// <inheritdoc/>
    public void Run() => session.Run(options, values.InputNames, values.Inputs, values.OutputNames, values.Outputs);

    /// <inheritdoc/>
    public void Dispose()
    {
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
    public virtual ISessionStep Step(InferenceSession session, SessionValues values, string provider, bool withGraph) => withGraph ? new CudaGraphStep(session, values) : new PlainStep(session, values);
}
