using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// The chance of a chain of augmentations: one seeded stream that they draw from in turn. It is drawn on the CPU and then moved, so that a seed gives the same views wherever the windows are.
/// </summary>
/// <param name="seed">The same seed and calls give the same draws.</param>
public sealed class AugmentationDraws(int seed) : IDisposable
{
    private readonly Generator generator = new((ulong)seed);

    /// <summary>Independent N(0, 1), of the type and on the device of <paramref name="like"/>.</summary>
    public Tensor Normal(Tensor like, params ReadOnlySpan<long> shape) => randn(shape.ToArray(), dtype: like.dtype, generator: generator).to(like.device);

    /// <summary>Independent, uniform in [0, 1), of the type and on the device of <paramref name="like"/>.</summary>
    public Tensor Uniform(Tensor like, params ReadOnlySpan<long> shape) => rand(shape.ToArray(), dtype: like.dtype, generator: generator).to(like.device);

    /// <summary>Where the stream is, a uint8 tensor of the caller.</summary>
    public Tensor State() => generator.get_state();

    /// <summary>Goes on where <see cref="State"/> was taken.</summary>
    public void Restore(Tensor state) => generator.set_state(state);

    /// <inheritdoc/>
    public void Dispose() => generator.Dispose();
}
