using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Augmentation;

/// <summary>Windows to take views of.</summary>
internal static class AugmentationWindows
{
    /// <summary>[n, channels, length] of N(0, 1).</summary>
    public static Tensor Noise(long n, long channels, long length, int seed = 3, ScalarType type = ScalarType.Float32)
    {
        using var generator = new Generator((ulong)seed);
        return randn([n, channels, length], dtype: type, generator: generator);
    }

    /// <summary>[n, channels, length] whose value is the place in the window: a view shows where it was read.</summary>
    public static Tensor Ramps(long n, long channels, long length) => arange(length, ScalarType.Float32).expand(n, channels, length).contiguous();

    public static float Largest(Tensor tensor) => tensor.abs().max().item<float>();
}
