using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>
/// The frozen random-convolution bank: <see cref="CompetingKernels"/> (MiniROCKET, Hydra) and, by option, <see cref="WindowStatistics"/> of windows in the sensor's units,
/// [batch, channels, length] to [batch, <see cref="FeatureLength"/>]. Nothing in it is trained or fitted.
/// </summary>
public sealed class RandomConvolutionBank : FrozenBank
{
    private readonly CompetingKernels kernels;
    private readonly WindowStatistics? statistics;

    /// <summary>Draws the bank for windows of <paramref name="channelCount"/> x <paramref name="length"/>.</summary>
    /// <exception cref="ArgumentException">The options do not fit the windows or each other; the message says which.</exception>
    public RandomConvolutionBank(int channelCount, int length, RandomConvolutionBankOptions? options = null)
        : base(nameof(RandomConvolutionBank), (options ??= new RandomConvolutionBankOptions()).Seed)
    {
        kernels = new CompetingKernels(channelCount, length, options);
        if (options.Statistics) statistics = new WindowStatistics(channelCount, length);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override int ChannelCount => kernels.ChannelCount;

    /// <inheritdoc/>
    public override int Length => kernels.Length;

    /// <summary>Number of features of one window: 1,024 + 225 for 9 x 128 by default.</summary>
    public override int FeatureLength => kernels.FeatureLength + (statistics?.FeatureLength ?? 0);

    /// <summary>The same number before a bank is drawn.</summary>
    internal static int LengthOf(RandomConvolutionBankOptions options, int channelCount, int length) =>
        options.DilationsFor(length).Count * CompetingKernels.SeriesPerChannel * options.GroupCount * options.KernelsPerGroup * CompetingKernels.FeaturesPerKernel
        + (options.Statistics ? WindowStatistics.CountFor(channelCount, length) : 0);

    /// <summary>The random part.</summary>
    public CompetingKernels Kernels => kernels;

    /// <summary>The plain part, or null.</summary>
    public WindowStatistics? Statistics => statistics;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        if (input.dim() != 3 || input.shape[1] != ChannelCount || input.shape[2] != Length)
            throw new ArgumentException($"The bank takes [batch, {ChannelCount}, {Length}] and gets [{string.Join(", ", input.shape)}]. Make one for that shape.", nameof(input));
        var random = kernels.forward(input);
        return (statistics is null ? random : cat([random, statistics.forward(input)], 1)).MoveToOuterDisposeScope();
    }
}
