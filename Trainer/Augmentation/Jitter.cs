using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// The noise of a sensor: x' = x + n, n ~ N(0, share sigma_c) for every value, sigma_c the standard deviation of channel c over the windows that the round brings.
/// Um et al. 2017, "Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using Convolutional Neural Networks" (jittering). Deviation: their noise has one size
/// in all channels.
/// </summary>
public sealed class Jitter : IAugmentation, IDisposable
{
    private readonly Tensor deviation; // [1, channels, 1]
    private readonly AugmentationDraws draws;

    /// <summary>Measures the channels.</summary>
    /// <param name="share">Standard deviation of the noise in standard deviations of the channel, from 0.</param>
    /// <param name="windows">[n, channels, length], n from 1: the windows of the round.</param>
    /// <param name="draws">Where the noise comes from.</param>
    public Jitter(double share, Tensor windows, AugmentationDraws draws)
    {
        using var scope = NewDisposeScope();
        deviation = (windows.std([0, 2], unbiased: false, keepdim: true) * share).DetachFromDisposeScope();
        this.draws = draws;
    }

    /// <inheritdoc/>
    public Tensor View(Tensor windows)
    {
        using var scope = NewDisposeScope();
        return Noise(windows).add_(windows).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => deviation.Dispose();

    /// <summary>n, [n, channels, length].</summary>
    internal Tensor Noise(Tensor windows) => draws.Normal(windows, windows.shape).mul_(deviation);
}
