using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>
/// One batch size of a session: tensors over the first rows of memory that all sizes share, and how a call passes them. On the CPU they are bound once, and a call then passes two handles and allocates
/// nothing (a call by names allocates some 1.5 kB for arrays of handles). Elsewhere a binding copies its inputs to the device when it is made, not when it runs, so there a call passes them by name.
/// </summary>
internal sealed class BoundBatch : IDisposable
{
    private readonly string[] inputNames, outputNames;
    private readonly OrtValue[] inputs, outputs;
    private readonly OrtIoBinding? binding;

    /// <summary>Binds a batch size.</summary>
    /// <param name="session">The session; lives longer.</param>
    /// <param name="windowCount">Windows of a call.</param>
    /// <param name="isBound">Whether a binding sees what is written into the inputs later, as on the CPU.</param>
    /// <param name="window">Name, memory and shape of a row of the one input that grows with the batch.</param>
    /// <param name="readOut">The other inputs, shared by all sizes and owned by the caller.</param>
    /// <param name="results">Name, memory and shape of a row of every output.</param>
    public BoundBatch(InferenceSession session, int windowCount, bool isBound, BatchTensor window, IReadOnlyList<(string Name, OrtValue Value)> readOut, IReadOnlyList<BatchTensor> results)
    {
        WindowCount = windowCount;
        inputNames = [window.Name, .. readOut.Select(input => input.Name)];
        inputs = [window.Of(windowCount), .. readOut.Select(input => input.Value)];
        outputNames = [.. results.Select(output => output.Name)];
        outputs = [.. results.Select(output => output.Of(windowCount))];
        if (!isBound) return;
        binding = session.CreateIoBinding();
        for (int i = 0; i < inputs.Length; i++) binding.BindInput(inputNames[i], inputs[i]);
        for (int i = 0; i < outputs.Length; i++) binding.BindOutput(outputNames[i], outputs[i]);
    }

    /// <summary>Windows of a call.</summary>
    public int WindowCount { get; }

    /// <summary>Runs the session on what stands in the first rows.</summary>
    public void Run(InferenceSession session, RunOptions options)
    {
        if (binding is null) session.Run(options, inputNames, inputs, outputNames, outputs);
        else session.RunWithBinding(options, binding);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        binding?.Dispose();
        inputs[0].Dispose();
        foreach (var output in outputs) output.Dispose();
    }
}

/// <summary>Memory of a tensor that grows with the batch.</summary>
/// <param name="Name">Of the input or output.</param>
/// <param name="Memory">Pinned; rows of the largest batch.</param>
/// <param name="RowShape">Shape without the batch axis.</param>
internal readonly record struct BatchTensor(string Name, float[] Memory, params long[] RowShape)
{
    /// <summary>The tensor of the first rows.</summary>
    public OrtValue Of(int rowCount)
    {
        long rowSize = 1;
        foreach (long size in RowShape) rowSize *= size;
        return OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, Memory.AsMemory(0, (int)(rowCount * rowSize)), [rowCount, .. RowShape]);
    }
}
