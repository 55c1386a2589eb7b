namespace Edge.Trainer.Onnx.Precision;

/// <summary>What is quantised, and how finely.</summary>
public sealed record OnnxInt8Options
{
    /// <summary>
    /// Bits of the weights: 8, or 7 for x64 processors without VNNI instructions, whose kernels add two products of 8 bits in 16 and saturate; products of 7-bit weights always fit. Default 8.
    /// </summary>
    public int WeightBits { get; init; } = 8;

    /// <summary>Nodes that stay float32 by the beginning of their name, which is the path of their module.</summary>
    public IReadOnlyCollection<string> Float32Nodes { get; init; } = [];
}

/// <summary>A graph that puts out what has to be observed before a model can be quantised.</summary>
/// <param name="File">The model with these values as its only outputs, and its inputs as they were.</param>
/// <param name="ValueOfOutput">Name of the observed value, the key of the ranges, by the name of the output that shows it.</param>
public sealed record OnnxCalibrationGraph(byte[] File, IReadOnlyDictionary<string, string> ValueOfOutput);
