using System.Numerics.Tensors;
using Edge.Storage;

namespace Edge.Trainer.ReadOuts;

/// <summary>
/// score = scale · cos(w_c, x) + b_c: a cosine head (Gidaris and Komodakis 2018, 3.2), or, with the class means as w_c, the nearest class mean of L2-normalised features (Mensink et al. 2013; iCaRL, Rebuffi et al. 2017,
/// section 2.1): the nearest mean on the unit sphere is the one of the largest cosine. Immutable, safe to share between threads.
/// </summary>
public sealed class CosineReadOut : IReadOut
{
    private readonly float[] directions;
    private readonly float[] bias;

    /// <summary>A read-out of given weights, which are copied and normalised.</summary>
    /// <param name="weights">[C, D] float32, row-major, of any length; a row of zeros scores 0.</param>
    /// <param name="bias">[C] float32.</param>
    /// <param name="classes">[C] names.</param>
    /// <param name="scale">Of the cosine: the inverse temperature of the head.</param>
    public CosineReadOut(float[] weights, float[] bias, IReadOnlyList<string> classes, float scale = 1)
    {
        if (bias.Length != classes.Count || classes.Count == 0 || weights.Length == 0 || weights.Length % classes.Count != 0)
            throw new ArgumentException($"{classes.Count} classes need as many biases and [{classes.Count}, D] weights, not {bias.Length} and {weights.Length}", nameof(weights));
        (this.bias, Classes, FeatureLength) = ([.. bias], classes, weights.Length / classes.Count);
        directions = [.. weights];
        for (int c = 0; c < classes.Count; c++)
        {
            var row = directions.AsSpan(c * FeatureLength, FeatureLength);
            float norm = TensorPrimitives.Norm<float>(row);
            TensorPrimitives.Multiply(row, norm > 0 ? scale / norm : 0, row);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public int FeatureLength { get; }

    /// <summary>[C, D] rows of norm scale.</summary>
    public ReadOnlySpan<float> Directions => directions;

    /// <summary>The nearest-class-mean read-out of statistics over L2-normalised features. A class that was not counted is never chosen.</summary>
    /// <param name="statistics">Of features that were normalised before they were added; of others it gives the cosine with the plain class mean.</param>
    /// <param name="classes">Classes in the order of the scores.</param>
    public static CosineReadOut NearestClassMean(ClassStatistics statistics, IReadOnlyList<string> classes)
    {
        float[] weights = new float[classes.Count * statistics.FeatureLength], bias = new float[classes.Count];
        for (int c = 0; c < classes.Count; c++)
        {
            if (statistics.Of(classes[c]) is not { Mass: > 0 } moments)
            {
                bias[c] = PrototypeMatrix.AbsentBias;
                continue;
            }

            // The direction of the sum is the direction of the mean; normalised in float64, for a sum of many may be large.
            double norm = TensorPrimitives.Norm<double>(moments.Sum);
            for (int i = 0; i < moments.Sum.Length; i++) weights[c * moments.Sum.Length + i] = (float)(norm > 0 ? moments.Sum[i] / norm : 0);
        }

        return new CosineReadOut(weights, bias, classes);
    }

    /// <inheritdoc/>
    public void Score(ReadOnlySpan<float> features, Span<float> scores)
    {
        float norm = TensorPrimitives.Norm(features);
        for (int c = 0; c < bias.Length; c++) scores[c] = (norm > 0 ? TensorPrimitives.Dot(directions.AsSpan(c * FeatureLength, FeatureLength), features) / norm : 0) + bias[c];
    }
}
