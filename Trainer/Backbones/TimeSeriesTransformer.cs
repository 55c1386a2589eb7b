using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Backbones;

/// <summary>
/// A small transformer encoder for time series after Zerveas et al. 2021 (A transformer-based framework for multivariate time series representation learning, section 3.1): patches of 8 samples, 4
/// apart, become tokens of 128 values by a convolution, sinusoidal positions are added, two <see cref="EncoderLayer"/>s of 4 heads follow, then a layer normalisation and the mean over tokens:
/// [batch, C, length] to [batch, 128]. 275 thousand parameters, 8 M multiply-adds and attention over 31 tokens for a 9 x 128 window.
/// </summary>
/// <remarks>Deviations: patches instead of one token per sample, fixed positions instead of learned ones (windows of another length need no new weights), layer normalisation first instead of batch normalisation last, mean instead of concatenated tokens; input normalisation as in <see cref="TscilCnn"/>.</remarks>
public sealed class TimeSeriesTransformer : Backbone
{
    private const int Width = 128;
    private const int HiddenWidth = 256;
    private const int HeadCount = 4;
    private const int LayerCount = 2;
    private const int PatchLength = 8;
    private const int PatchStride = 4;
    private readonly Sequential layers;

    /// <summary>Creates the network for windows of <paramref name="channelCount"/> channels; weights come from torch's generator, so seed it first.</summary>
    public TimeSeriesTransformer(int channelCount)
        : base(nameof(TimeSeriesTransformer))
    {
        ChannelCount = channelCount;
        var modules = new List<(string, Module<Tensor, Tensor>)>();
        if (ChannelLayerNorm.OfInput(channelCount) is { } input) modules.Add(("input", input));
        modules.Add(("patches", Conv1d(channelCount, Width, PatchLength, stride: PatchStride)));
        modules.Add(("tokens", new ChannelsLast()));
        modules.Add(("positions", new SinusoidalPositions(Width)));
        for (int layer = 0; layer < LayerCount; layer++) modules.Add(($"layer{layer}", new EncoderLayer(Width, HeadCount, HiddenWidth)));
        modules.Add(("norm", LayerNorm(Width)));
        modules.Add(("mean", new MeanOverTokens()));
        layers = Sequential(modules);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override int ChannelCount { get; }

    /// <summary>16: three patches.</summary>
    public override int MinimumLength => PatchLength + 2 * PatchStride;

    /// <inheritdoc/>
    public override int EmbeddingLength => Width;

    /// <inheritdoc/>
    public override Sequential Layers => layers;

    /// <summary>Measured: 1.1 MB for 128 samples, 12.9 MB for 1,024, where attention tells.</summary>
    public override long TrainingBytesPerWindow(int length) => 8192L * length + 5L * length * length;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => layers.forward(input);
}

/// <summary>[batch, d, tokens] to [batch, tokens, d].</summary>
public sealed class ChannelsLast() : Module<Tensor, Tensor>(nameof(ChannelsLast))
{
    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => input.transpose(1, 2);
}

/// <summary>Mean over the middle axis: [batch, tokens, d] to [batch, d].</summary>
public sealed class MeanOverTokens() : Module<Tensor, Tensor>(nameof(MeanOverTokens))
{
    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => input.mean([1]);
}

/// <summary>
/// Adds to token t the values sin(t / 10000^(2i/d)) at 2i and cos of the same at 2i + 1: [batch, tokens, d] to the same shape, for any number of tokens (Vaswani et al. 2017, section 3.5).
/// </summary>
public sealed class SinusoidalPositions(int width) : Module<Tensor, Tensor>(nameof(SinusoidalPositions))
{
    private const double LongestWave = 10_000;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var positions = tensor(Positions((int)input.shape[1]), [input.shape[1], width], input.dtype, input.device);
        return input + positions;
    }

    /// <summary>What is added to <paramref name="tokenCount"/> tokens: [tokens, d], row-major.</summary>
    internal float[] Positions(int tokenCount)
    {
        float[] values = new float[tokenCount * width];
        for (int t = 0; t < tokenCount; t++)
            for (int i = 0; i < width; i++)
            {
                double angle = t / Math.Pow(LongestWave, i / 2 * 2 / (double)width);
                values[t * width + i] = (float)(i % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle));
            }

        return values;
    }
}
