using Microsoft.ML.OnnxRuntime;

namespace Edge.Runtime.Inference;

/// <summary>Memory of a tensor that grows with the batch.</summary>
/// <param name="Name">Of the input or output.</param>
/// <param name="Memory">Pinned; rows of the largest batch.</param>
/// <param name="RowShape">Shape without the batch axis.</param>
internal readonly record struct BatchTensor(string Name, float[] Memory, params long[] RowShape)
{
    /// <summary>The tensor of some of the rows.</summary>
    public OrtValue Of(int firstRow, int rowCount)
    {
        long rowSize = 1;
        foreach (long size in RowShape) rowSize *= size;
        return OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, Memory.AsMemory((int)(firstRow * rowSize), (int)(rowCount * rowSize)), [rowCount, .. RowShape]);
    }
}

/// <summary>What a session reads and writes again and again: the memory stays where it is, only what is in it changes.</summary>
/// <param name="WindowCount">Windows of the largest batch.</param>
/// <param name="ThreadCount">Threads that may share a batch.</param>
/// <param name="Window">The one input that grows with the batch.</param>
/// <param name="ReadOut">The other inputs, shared by all batch sizes.</param>
/// <param name="Results">Every output.</param>
internal sealed record SessionValues(int WindowCount, int ThreadCount, BatchTensor Window, IReadOnlyList<(string Name, OrtValue Value)> ReadOut, IReadOnlyList<BatchTensor> Results) : IDisposable
{
    /// <summary>The tensors of a batch, or of a part of one: over some rows of the memory.</summary>
    public BatchValues Of(int firstWindow, int windowCount) => new(this, firstWindow, windowCount);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, value) in ReadOut) value.Dispose();
    }
}

/// <summary>The tensors of so many windows. Owns those that grow with it.</summary>
internal sealed class BatchValues(SessionValues values, int firstWindow, int windowCount) : IDisposable
{
    /// <summary>Windows of a call.</summary>
    public int WindowCount => windowCount;

    /// <summary>Names of the inputs, the window first.</summary>
    public string[] InputNames { get; } = [values.Window.Name, .. values.ReadOut.Select(input => input.Name)];

    /// <summary>The inputs.</summary>
    public OrtValue[] Inputs { get; } = [values.Window.Of(firstWindow, windowCount), .. values.ReadOut.Select(input => input.Value)];

    /// <summary>Names of the outputs.</summary>
    public string[] OutputNames { get; } = [.. values.Results.Select(output => output.Name)];

    /// <summary>The outputs.</summary>
    public OrtValue[] Outputs { get; } = [.. values.Results.Select(output => output.Of(firstWindow, windowCount))];

    /// <inheritdoc/>
    public void Dispose()
    {
        Inputs[0].Dispose();
        foreach (var output in Outputs) output.Dispose();
    }
}
