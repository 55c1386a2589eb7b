using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Backbones;

/// <summary>
/// The residual network for time series of Wang, Yan, Oates 2017 (Time series classification from scratch, section II.C), in the shape of Fawaz et al. 2019 (Deep learning for time series
/// classification, section 3.2): three <see cref="ResidualBlock"/>s of 64, 128, 128 channels at full length, then the mean over time: [batch, C, length] to [batch, 128]. 483 thousand parameters
/// and 61 M multiply-adds for a 9 x 128 window.
/// </summary>
/// <remarks>Deviations: layer normalisation over channels instead of batch normalisation, as <see cref="ChannelLayerNorm"/> explains; kernels of 7 instead of 8, which have a middle; input normalisation as in <see cref="TscilCnn"/>.</remarks>
public sealed class ResNet1d : Backbone
{
    private static readonly int[] s_widths = [64, 128, 128];
    private readonly Sequential layers;

    /// <summary>Creates the network for windows of <paramref name="channelCount"/> channels; weights come from torch's generator, so seed it first.</summary>
    public ResNet1d(int channelCount)
        : base(nameof(ResNet1d))
    {
        ChannelCount = channelCount;
        var modules = new List<(string, Module<Tensor, Tensor>)>();
        if (ChannelLayerNorm.OfInput(channelCount) is { } input) modules.Add(("input", input));
        int width = channelCount;
        for (int block = 0; block < s_widths.Length; block++)
        {
            modules.Add(($"block{block}", new ResidualBlock(width, s_widths[block])));
            width = s_widths[block];
        }

        modules.Add(("mean", new MeanOverTime()));
        layers = Sequential(modules);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override int ChannelCount { get; }

    /// <summary>1: nothing shortens the window. Below 16 samples there is little for the kernels to see.</summary>
    public override int MinimumLength => 1;

    /// <inheritdoc/>
    public override int EmbeddingLength => s_widths[^1];

    /// <inheritdoc/>
    public override Sequential Layers => layers;

    /// <summary>Measured: 1.6 MB for 128 samples, 13,050 bytes per sample.</summary>
    public override long TrainingBytesPerWindow(int length) => 14_336L * length;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => layers.forward(input);
}

/// <summary>Three convolutions of 7, 5, 3 samples, each normalised, ReLU between them, the input added (through a convolution of one sample where the widths differ), ReLU: [batch, in, length] to [batch, out, length].</summary>
public sealed class ResidualBlock : Module<Tensor, Tensor>
{
    private static readonly int[] s_kernelLengths = [7, 5, 3];
    private readonly Sequential inner;
    private readonly Sequential? shortcut;

    /// <summary>Creates the block.</summary>
    public ResidualBlock(int inChannelCount, int outChannelCount)
        : base(nameof(ResidualBlock))
    {
        var modules = new List<(string, Module<Tensor, Tensor>)>();
        int width = inChannelCount;
        for (int i = 0; i < s_kernelLengths.Length; i++)
        {
            if (i > 0) modules.Add(($"relu{i}", ReLU()));
            modules.Add(($"conv{i}", Conv1d(width, outChannelCount, s_kernelLengths[i], padding: s_kernelLengths[i] / 2)));
            modules.Add(($"norm{i}", new ChannelLayerNorm(outChannelCount)));
            width = outChannelCount;
        }

        inner = Sequential(modules);
        if (inChannelCount != outChannelCount) shortcut = Sequential(("conv", Conv1d(inChannelCount, outChannelCount, 1)), ("norm", new ChannelLayerNorm(outChannelCount)));
        RegisterComponents();
    }

    /// <summary>The three convolutions.</summary>
    public Sequential Inner => inner;

    /// <summary>What the input passes through before it is added; null: nothing.</summary>
    public Sequential? Shortcut => shortcut;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return (inner.forward(input) + (shortcut is null ? input : shortcut.forward(input))).relu().MoveToOuterDisposeScope();
    }
}
