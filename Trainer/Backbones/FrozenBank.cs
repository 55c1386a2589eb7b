using Edge.Storage;
using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>
/// Features that are never trained: windows [batch, channels, length] in the sensor's units to [batch, <see cref="FeatureLength"/>], finite for finite windows, without gradients. Its random
/// numbers come from <see cref="Seed"/> alone, so the bank need not be stored; what a bank takes from data is in its buffers. Scales differ from feature to feature: a read-out standardises.
/// </summary>
/// <remarks>The features of a window do not depend on what came before it, so an exact read-out on them has nothing to forget.</remarks>
public abstract class FrozenBank(string name, int seed) : nn.Module<Tensor, Tensor>(name)
{
    private const int VectorFeatureCount = 512;

    /// <summary>Where its random numbers come from. The same seed gives the same bank in every version of this program, on every processor.</summary>
    public int Seed { get; } = seed;

    /// <summary>Channels of the windows it takes.</summary>
    public abstract int ChannelCount { get; }

    /// <summary>Samples per channel of the windows it takes.</summary>
    public abstract int Length { get; }

    /// <summary>Number of features of one window.</summary>
    public abstract int FeatureLength { get; }

    /// <summary>The bank for windows of a shape: <see cref="FeatureVectorBank"/> where a window is one sample, else <see cref="RandomConvolutionBank"/>.</summary>
    /// <param name="window">Shape of the windows.</param>
    /// <param name="seed">Seed of the random numbers.</param>
    /// <param name="size">Wanted number of features, met from below where the shape allows it; 0: the default of the bank.</param>
    /// <exception cref="ArgumentException">The windows are shorter than a kernel and longer than one sample.</exception>
    public static FrozenBank Create(WindowShape window, int seed = 1, int size = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        if (window.Length > 1) return new RandomConvolutionBank(window.ChannelCount, window.Length, RandomConvolutionBankOptions.OfSize(window.ChannelCount, window.Length, size) with { Seed = seed });
        return new FeatureVectorBank(window.ChannelCount, size == 0 ? VectorFeatureCount : Math.Max(1, size - FeatureVectorBank.PlainCount(window.ChannelCount)), seed);
    }

    /// <summary>Takes what the bank needs to know of the data, once, from the first windows [n, channels, length]; without effect on a bank that needs nothing.</summary>
    public virtual void Fit(Tensor firstWindows)
    {
    }
}
