using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// The sensitivity of a sensor: x' = s x with a gain s ~ N(1, deviation) per window and channel.
/// Um et al. 2017, "Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using Convolutional Neural Networks" (scaling).
/// </summary>
/// <param name="deviation">Standard deviation of the gain, from 0.</param>
/// <param name="draws">Where the gains come from.</param>
public sealed class Scaling(double deviation, AugmentationDraws draws) : IAugmentation
{
    /// <inheritdoc/>
    public Tensor View(Tensor windows)
    {
        using var scope = NewDisposeScope();
        return (windows * Gains(windows)).MoveToOuterDisposeScope();
    }

    /// <summary>s, [n, channels, 1].</summary>
    internal Tensor Gains(Tensor windows) => draws.Normal(windows, windows.shape[0], windows.shape[1], 1).mul_(deviation).add_(1);
}
