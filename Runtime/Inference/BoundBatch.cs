using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>
/// A batch of a session on the CPU, or a part of one, bound once: a call then passes two handles and allocates nothing (a call by names allocates some 1.5 kB for arrays of handles). Elsewhere a binding copies its inputs to the device when
/// it is made, not when it runs.
/// </summary>
internal sealed class BoundBatch : IDisposable
{
    private readonly BatchValues values;
    private readonly OrtIoBinding binding;

    /// <summary>Binds the tensors, which it owns from here on. The session lives longer.</summary>
    public BoundBatch(InferenceSession session, BatchValues values)
    {
        this.values = values;
        binding = session.CreateIoBinding();
        for (int i = 0; i < values.Inputs.Length; i++) binding.BindInput(values.InputNames[i], values.Inputs[i]);
        for (int i = 0; i < values.Outputs.Length; i++) binding.BindOutput(values.OutputNames[i], values.Outputs[i]);
    }

    /// <summary>Runs the session on what stands in its rows. Several threads may, each with one of its own.</summary>
    public void Run(InferenceSession session, RunOptions options) => session.RunWithBinding(options, binding);

    /// <inheritdoc/>
    public void Dispose()
    {
        binding.Dispose();
        values.Dispose();
    }
}
