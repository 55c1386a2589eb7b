namespace Edge.Trainer.Onnx.Precision;

/// <summary>What is quantised, and how finely.</summary>
public sealed record OnnxInt8Options
{
    /// <summary>
    /// Bits of the weights, 7 or 8; default 7. Kernels for x64 processors without VNNI instructions add two products of 8 bits in 16 and saturate (255 * 127 * 2 &gt; 32,767), while products of 7-bit weights
    /// always fit; the file has the same size and speed either way. What the bit costs: smallest cosine between embeddings of the default backbone and those of float32 0.99986 instead of 0.99994 (24
    /// synthetic windows, random weights). 8 where every processor that will run the file has VNNI or is an Arm.
    /// </summary>
    public int WeightBits { get; init; } = 7;

    /// <summary>Nodes that stay float32 by the beginning of their name, which is the path of their module.</summary>
    public IReadOnlyCollection<string> Float32Nodes { get; init; } = [];
}

/// <summary>A graph that puts out what has to be observed before a model can be quantised.</summary>
/// <param name="File">The model with these values as its only outputs, and its inputs as they were.</param>
/// <param name="ValueOfOutput">Name of the observed value, the key of the ranges, by the name of the output that shows it.</param>
public sealed record OnnxCalibrationGraph(byte[] File, IReadOnlyDictionary<string, string> ValueOfOutput);
