using System.Numerics.Tensors;
using Edge.Storage;

namespace Edge.Trainer.ReadOuts;

/// <summary>score = W x + b: what a ridge solution comes to, or a trained linear head. Immutable, safe to share between threads.</summary>
public sealed class LinearReadOut : IReadOut
{
    /// <summary>A read-out of given weights; the arrays are owned from here on.</summary>
    /// <param name="weights">W: [C, D] float32, row-major.</param>
    /// <param name="bias">b: [C] float32; <see cref="PrototypeMatrix.AbsentBias"/> keeps a class from being chosen.</param>
    /// <param name="classes">[C] names.</param>
    public LinearReadOut(float[] weights, float[] bias, IReadOnlyList<string> classes)
    {
        if (bias.Length != classes.Count || classes.Count == 0 || weights.Length == 0 || weights.Length % classes.Count != 0)
            throw new ArgumentException($"{classes.Count} classes need as many biases and [{classes.Count}, D] weights, not {bias.Length} and {weights.Length}", nameof(weights));
        (Weights, Bias, Classes, FeatureLength) = (weights, bias, classes, weights.Length / classes.Count);
    }

    /// <summary>W: [C, D] float32, row-major.</summary>
    public float[] Weights { get; }

    /// <summary>b: [C] float32.</summary>
    public float[] Bias { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public int FeatureLength { get; }

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<float> features, Span<float> scores)
    {
        for (int c = 0; c < Bias.Length; c++) scores[c] = TensorPrimitives.Dot(Weights.AsSpan(c * FeatureLength, FeatureLength), features) + Bias[c];
    }
}
