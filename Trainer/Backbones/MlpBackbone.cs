using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Backbones;

/// <summary>
/// A perceptron for vectors of features, [batch, F, 1], and for windows too short to convolve, [batch, C, T]: <see cref="InputScale"/> with a signed logarithm, flattened, then
/// Linear, LayerNorm, ReLU twice, 256 and 128 wide: to [batch, 128]. 67 thousand parameters for 128 features.
/// </summary>
public sealed class MlpBackbone : Backbone
{
    private const int HiddenWidth = 256;
    private const int OutputWidth = 128;
    private readonly InputScale scale;
    private readonly Sequential layers;

    /// <summary>Creates the network for windows of <paramref name="channelCount"/> x <paramref name="length"/>; weights come from torch's generator, so seed it first.</summary>
    public MlpBackbone(int channelCount, int length = 1)
        : base(nameof(MlpBackbone))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        (ChannelCount, MinimumLength) = (channelCount, length);
        scale = new InputScale(channelCount, signedLog: true);
        layers = Sequential(
            ("scale", scale),
            ("flat", Flatten()),
            ("linear0", Linear(channelCount * length, HiddenWidth)),
            ("norm0", LayerNorm(HiddenWidth)),
            ("relu0", ReLU()),
            ("linear1", Linear(HiddenWidth, OutputWidth)),
            ("norm1", LayerNorm(OutputWidth)),
            ("relu1", ReLU()));
        register_module(nameof(layers), layers);
    }

    /// <inheritdoc/>
    public override int ChannelCount { get; }

    /// <inheritdoc/>
    public override int MinimumLength { get; }

    /// <summary>The length that it was made for: every sample has weights of its own.</summary>
    public override int? FixedLength => MinimumLength;

    /// <inheritdoc/>
    public override int EmbeddingLength => OutputWidth;

    /// <inheritdoc/>
    public override Sequential Layers => layers;

    /// <summary>Measured: 18.5 kB for 128 features.</summary>
    public override long TrainingBytesPerWindow(int length) => 18_432 + 16L * ChannelCount * length;

    /// <summary>Sets mean and deviation of the input scale.</summary>
    public override void FitInput(Tensor windows) => scale.Fit(windows);

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => layers.forward(input);
}
