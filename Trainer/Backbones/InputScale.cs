using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>
/// Brings every channel to mean 0 and deviation 1: z = (a - m) / s for [batch, channels, length], where a is the input or, with <see cref="SignedLog"/>, asinh of it, a logarithm with a sign, for
/// channels whose scales differ by factors of 10,000 or whose tails are heavy. m and s are buffers, [channels, 1], set once by <see cref="Fit"/>, saved and exported.
/// </summary>
public sealed class InputScale : nn.Module<Tensor, Tensor>
{
    private const float UnfittedLogDeviation = 4; // Between asinh(10) and asinh(100): what a value of unknown units may be.
    private const double LeastOfMedian = 0.05; // A channel that hardly moves among the first windows would swamp the others when it moves later.
    private readonly Tensor mean;
    private readonly Tensor deviation;

    /// <summary>Creates the layer; until it is fitted m = 0, and s = 4 with the logarithm, else 1.</summary>
    public InputScale(int channelCount, bool signedLog)
        : base(nameof(InputScale))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channelCount, 1);
        (ChannelCount, SignedLog) = (channelCount, signedLog);
        mean = zeros(channelCount, 1);
        deviation = full([channelCount, 1], signedLog ? UnfittedLogDeviation : 1f);
        RegisterComponents();
    }

    /// <summary>Channels of the input.</summary>
    public int ChannelCount { get; }

    /// <summary>Whether asinh comes first.</summary>
    public bool SignedLog { get; }

    /// <summary>m, [channels, 1].</summary>
    public Tensor Mean => mean;

    /// <summary>s, [channels, 1].</summary>
    public Tensor Deviation => deviation;

    /// <summary>Sets m and s from windows [n, channels, length]; s is at least a twentieth of the channels' median, and 1 where nothing moves.</summary>
    public void Fit(Tensor windows)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var compressed = Compressed(windows);
        var spread = compressed.std([0, 2], unbiased: false).unsqueeze(1);
        double median = spread.median().item<float>();
        mean.copy_(compressed.mean([0, 2]).unsqueeze(1));
        deviation.copy_(median > 0 ? spread.clamp_min(LeastOfMedian * median) : spread + spread.eq(0));
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return ((Compressed(input) - mean) / deviation).MoveToOuterDisposeScope();
    }

    private Tensor Compressed(Tensor input) => SignedLog ? input.asinh() : input;
}
