using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// The same movement with a wandering tempo: x'(t) = x(p(t)), where p runs from the first sample to the last with speed in proportion to exp(c(t)), c a smooth curve per window whose values at its
/// knots are N(0, deviation). p never runs backwards and keeps the ends. Um et al. 2017, "Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using Convolutional Neural
/// Networks" (time-warping). Deviations: the exponential keeps any speed positive (their 1 + c can stand still or turn back); all channels of a window are warped alike, as they share a
/// clock; the spline ends without curvature.
/// </summary>
public sealed class TimeWarp : IAugmentation, IDisposable
{
    private readonly double deviation;
    private readonly KnotCurve curve;
    private readonly AugmentationDraws draws;

    /// <summary>Prepares the curves.</summary>
    /// <param name="deviation">Standard deviation of the speed's logarithm at the knots, from 0.</param>
    /// <param name="windows">[n, channels, length], length from 2: windows like those of which views are taken.</param>
    /// <param name="draws">Where the curves come from.</param>
    public TimeWarp(double deviation, Tensor windows, AugmentationDraws draws)
    {
        this.deviation = deviation;
        this.draws = draws;
        curve = new KnotCurve(windows);
    }

    /// <inheritdoc/>
    public Tensor View(Tensor windows)
    {
        using var scope = NewDisposeScope();
        return LinearResampling.At(windows, Positions(windows)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => curve.Dispose();

    /// <summary>p(t), [n, length]: the integral of the speed by the trapezium rule, stretched to end at length - 1.</summary>
    internal Tensor Positions(Tensor windows)
    {
        using var scope = NewDisposeScope();
        long count = windows.shape[0], last = windows.shape[2] - 1;
        var speed = curve.Draw(draws, windows, count).mul_(deviation).exp_();
        var travelled = (speed.narrow(1, 0, last) + speed.narrow(1, 1, last)).cumsum(1);
        return cat([zeros_like(travelled.narrow(1, 0, 1)), travelled / travelled.narrow(1, last - 1, 1) * last], 1).MoveToOuterDisposeScope();
    }
}
