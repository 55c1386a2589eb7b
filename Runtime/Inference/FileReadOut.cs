using Edge.Storage;
using Edge.Trainer.Onnx;

namespace Edge.Runtime.Inference;

/// <summary>The read-out that stands in a graph's file as defaults of its inputs: what the file answers to one who feeds nothing but windows.</summary>
public static class FileReadOut
{
    /// <summary>Reads it.</summary>
    /// <param name="file">The graph.</param>
    /// <param name="classCount">Number of classes that it names.</param>
    /// <param name="embeddingLength">Length of its embedding.</param>
    /// <param name="frozenLength">Features of its frozen branch; 0 without one.</param>
    /// <exception cref="InvalidDataException">The file is none of this program's writer, or its defaults are of other classes than it names.</exception>
    public static ReadOutWeights Of(ReadOnlySpan<byte> file, int classCount, int embeddingLength, int frozenLength)
    {
        var defaults = OnnxContents.Read(file).Initializers;
        float[] bias = Rows("class_bias", 1), prototypes = Rows("prototypes", embeddingLength), onEmbedding = Rows("readout_embedding", embeddingLength), onFrozen = Rows("readout_frozen", frozenLength), rare = Rows("readout_rare", 1);
        return new ReadOutWeights
        {
            Name = "the file's own",
            Prototypes = new PrototypeMatrix(prototypes, bias, bias.Count(value => value > PrototypeMatrix.AbsentBias)),
            WeighsFeatures = onEmbedding.AsSpan().ContainsAnyExcept(0f) || onFrozen.AsSpan().ContainsAnyExcept(0f),
            Share = defaults.TryGetValue("readout_share", out var share) ? (float)share.Values[0] : 1,
            OnEmbedding = onEmbedding,
            OnFrozen = onFrozen,
            Bias = Rows("readout_bias", 1),
            Rare = rare,
            Nearness = Rows("nearness_frozen", frozenLength),
            NearnessBias = Rows("nearness_bias", 1),
        };

        // One row stands for all classes; what an earlier version's file does not have is 0.
        float[] Rows(string name, int width)
        {
            float[] rows = new float[classCount * width];
            if (width == 0 || !defaults.TryGetValue(name, out var tensor)) return rows;
            if (tensor.Values.Length != width && tensor.Values.Length != rows.Length)
                throw new InvalidDataException($"the default of '{name}' has {tensor.Values.Length} values; {classCount} classes of {width} are {rows.Length}. Export the file again.");
            for (int i = 0; i < rows.Length; i++) rows[i] = (float)tensor.Values[i % tensor.Values.Length];
            return rows;
        }
    }
}
