using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Backbones;

/// <summary>
/// The 1-D CNN of the TSCIL benchmark (Qiao et al. 2024), with layer normalisation over channels: input normalisation, then four blocks of Conv1d(k 5, s 1, p 2), ReLU, LN, MaxPool(2)
/// with channels C-64-128-256-128, then the mean over time: [batch, C, length] to [batch, 128]. About 372 k parameters and 11 M multiply-adds for a 9 x 128 window.
/// </summary>
public sealed class TscilCnn : Backbone
{
    private static readonly int[] s_widths = [64, 128, 256, 128];
    private readonly Sequential layers;

    /// <summary>Creates the network for windows of <paramref name="channelCount"/> channels; weights come from torch's generator, so seed it first.</summary>
    public TscilCnn(int channelCount)
        : base(nameof(TscilCnn))
    {
        ChannelCount = channelCount;
        var modules = new List<(string, Module<Tensor, Tensor>)>();
        int width = channelCount;
        for (int block = 0; block < s_widths.Length; block++)
        {
            modules.Add(($"conv{block}", Conv1d(width, s_widths[block], 5, padding: 2)));
            modules.Add(($"relu{block}", ReLU()));
            modules.Add(($"norm{block}", new ChannelLayerNorm(s_widths[block])));
            modules.Add(($"pool{block}", MaxPool1d(2)));
            width = s_widths[block];
        }

        modules.Add(("mean", new MeanOverTime()));
        layers = Sequential(modules);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override int ChannelCount { get; }

    /// <summary>16: four poolings by two leave one step.</summary>
    public override int MinimumLength => 1 << s_widths.Length;

    /// <inheritdoc/>
    public override int EmbeddingLength => s_widths[^1];

    /// <inheritdoc/>
    public override Sequential Layers => layers;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => layers.forward(input);
}

/// <summary>Mean over the last axis: [batch, channels, length] to [batch, channels].</summary>
public sealed class MeanOverTime() : Module<Tensor, Tensor>(nameof(MeanOverTime))
{
    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => input.mean([2]);
}
