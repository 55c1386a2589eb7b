using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// A sensitivity that wanders: x'(t) = x(t) (1 + c(t)) with a smooth curve c per window and channel whose values at its knots are N(0, deviation).
/// Um et al. 2017, "Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using Convolutional Neural Networks" (magnitude warping). Deviation: the spline ends
/// without curvature (theirs is not-a-knot), which overshoots less at the ends.
/// </summary>
public sealed class MagnitudeWarp : IAugmentation, IDisposable
{
    private readonly double deviation;
    private readonly KnotCurve curve;
    private readonly AugmentationDraws draws;

    /// <summary>Prepares the curves.</summary>
    /// <param name="deviation">Standard deviation of the curve at its knots, from 0.</param>
    /// <param name="windows">[n, channels, length], length from 2: windows like those of which views are taken.</param>
    /// <param name="draws">Where the curves come from.</param>
    public MagnitudeWarp(double deviation, Tensor windows, AugmentationDraws draws)
    {
        this.deviation = deviation;
        this.draws = draws;
        curve = new KnotCurve(windows);
    }

    /// <inheritdoc/>
    public Tensor View(Tensor windows)
    {
        using var scope = NewDisposeScope();
        long[] shape = windows.shape;
        return curve.Draw(draws, windows, shape[0] * shape[1]).mul_(deviation).add_(1).view(shape).mul_(windows).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => curve.Dispose();
}
