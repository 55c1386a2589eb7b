using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>
/// Layer normalisation over the channels at every time step: [batch, channels, length] to the same shape. With <c>affine: false</c> it has no parameters, as the input
/// normalisation of the TSCIL protocol for UCI HAR. LN instead of batch normalisation is worth 8 to 24 points under replay (Qiao et al. 2024, TSCIL).
/// </summary>
public sealed class ChannelLayerNorm : nn.Module<Tensor, Tensor>
{
    private const int FewestChannelsToNormalise = 6;
    private readonly Parameter? weight;
    private readonly Parameter? bias;

    /// <summary>Creates the layer for <paramref name="channelCount"/> channels.</summary>
    public ChannelLayerNorm(int channelCount, bool affine = true, double epsilon = 1e-5)
        : base(nameof(ChannelLayerNorm))
    {
        ChannelCount = channelCount;
        Epsilon = epsilon;
        if (affine)
        {
            weight = new Parameter(ones(channelCount));
            bias = new Parameter(zeros(channelCount));
        }

        RegisterComponents();
    }

    /// <summary>The normalisation of a backbone's input, without parameters; null where there are fewer than six channels (<see cref="TscilCnn"/> says why).</summary>
    public static ChannelLayerNorm? OfInput(int channelCount) => channelCount >= FewestChannelsToNormalise ? new ChannelLayerNorm(channelCount, affine: false) : null;

    /// <summary>Number of channels that are normalised together.</summary>
    public int ChannelCount { get; }

    /// <summary>Added to the variance.</summary>
    public double Epsilon { get; }

    /// <summary>Scale per channel, or null.</summary>
    public Parameter? Weight => weight;

    /// <summary>Offset per channel, or null.</summary>
    public Parameter? Bias => bias;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var channelsLast = input.transpose(1, 2);
        using var normalised = NormaliseLast(channelsLast);
        return normalised.transpose(1, 2);
    }

    /// <summary>The same for [..., channels]: cheaper, since what is normalised together lies together.</summary>
    public Tensor NormaliseLast(Tensor channelsLast) => nn.functional.layer_norm(channelsLast, [ChannelCount], weight, bias, Epsilon);
}
