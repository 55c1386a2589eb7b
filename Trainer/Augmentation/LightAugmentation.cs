using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// One light view of each window: x' = s_c x + n with a gain s_c ~ N(1, 0.1) per window and channel and noise n ~ N(0, 0.03 sigma_c) per value, sigma_c the channel's standard deviation.
/// Jitter and scaling of Um et al. 2017, "Data Augmentation of Wearable Sensor Data", section 3. Sign flips, rotations, permutations and warps are left out: they change what an activity is.
/// </summary>
public sealed class LightAugmentation : IDisposable
{
    private const double JitterShare = 0.03;
    private const double ScalingDeviation = 0.1;
    private readonly Tensor noiseDeviation; // [1, channels, 1]
    private readonly Generator generator;

    /// <summary>Measures the channels and seeds the draws.</summary>
    /// <param name="windows">[n, channels, length], the windows that will be augmented or like them.</param>
    /// <param name="seed">The same seed and calls give the same views.</param>
    public LightAugmentation(Tensor windows, int seed)
    {
        using var scope = NewDisposeScope();
        noiseDeviation = (windows.std([0, 2], unbiased: false, keepdim: true) * JitterShare).DetachFromDisposeScope();
        generator = new Generator((ulong)seed);
    }

    /// <summary>A view of each window, [n, channels, length]; the input is left as it is.</summary>
    public Tensor View(Tensor windows)
    {
        using var scope = NewDisposeScope();
        long[] shape = windows.shape;
        var gain = randn([shape[0], shape[1], 1], dtype: windows.dtype, generator: generator).mul_(ScalingDeviation).add_(1);
        var noise = randn(shape, dtype: windows.dtype, generator: generator).mul_(noiseDeviation);
        return noise.addcmul_(windows, gain, 1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        noiseDeviation.Dispose();
        generator.Dispose();
    }
}
