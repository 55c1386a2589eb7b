using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// Dead channels: each channel of a window is zero throughout with a probability, independently, but one channel always stays, the one that was farthest from being dropped. So a channel is dropped
/// with p - p^C / C. Neverova et al. 2016, "ModDrop: Adaptive Multi-Modal Gesture Recognition". Deviations: single channels are dropped, not whole modalities; never all of them.
/// </summary>
/// <param name="probability">From 0 to 1.</param>
/// <param name="draws">Where the choice comes from.</param>
public sealed class ChannelDrop(double probability, AugmentationDraws draws) : IAugmentation
{
    /// <inheritdoc/>
    public Tensor View(Tensor windows)
    {
        using var scope = NewDisposeScope();
        var draw = draws.Uniform(windows, windows.shape[0], windows.shape[1], 1);
        return windows.masked_fill(draw.lt(probability).logical_and_(draw.lt(draw.amax([1], keepdim: true))), 0).MoveToOuterDisposeScope();
    }
}
