using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>One way in which a sensor may have seen the same thing differently. All draws come from the <see cref="AugmentationDraws"/> it was made with.</summary>
public interface IAugmentation
{
    /// <summary>A view of each window.</summary>
    /// <param name="windows">[n, channels, length] float32 or float64, n from 0; left as it is.</param>
    /// <returns>Of the same shape, type and device, in memory of its own.</returns>
    Tensor View(Tensor windows);
}
