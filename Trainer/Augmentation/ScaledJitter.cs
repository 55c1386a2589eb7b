using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// <see cref="Scaling"/>, then <see cref="Jitter"/>, in one pass: x' = s x + n, gains drawn before noise. It saves reading the windows once more, and rounds once where the processor has a fused
/// multiply-add: the last bit differs from one after the other, and seeded rounds are repeated bit by bit.
/// </summary>
/// <param name="scaling">The gains.</param>
/// <param name="jitter">The noise; disposed of with this.</param>
public sealed class ScaledJitter(Scaling scaling, Jitter jitter) : IAugmentation, IDisposable
{
    /// <inheritdoc/>
    public Tensor View(Tensor windows)
    {
        using var scope = NewDisposeScope();
        var gains = scaling.Gains(windows);
        return jitter.Noise(windows).addcmul_(windows, gains, 1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => jitter.Dispose();
}
