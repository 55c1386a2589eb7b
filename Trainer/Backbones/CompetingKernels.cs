using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>
/// Random dilated kernels in competing groups, after Hydra (Dempster, Schmidt, Webb 2023, Hydra: competing convolutional kernels for fast and accurate time series classification, section 3) and
/// the multivariate MiniROCKET (Dempster, Schmidt, Webb 2021): [batch, channels, length] to [batch, features], no gradients.
/// </summary>
/// <remarks>
/// <para>Per dilation there are G groups of K kernels for the window and G for its first differences. A group sees up to three channels, drawn without repetition. Weights are normal, then mean-free
/// per channel, then divided by the sum of their magnitudes over channels and taps. Convolution keeps the length by padding with zeros, on windows from which the first sample has been subtracted: the mean-free
/// kernel does not see the offset, and a constant channel responds with exact zeros. The differences begin with a zero.</para>
/// <para>At every step the largest response of a group wins; a kernel's first feature is sqrt(Σ_t max(0, its winning response)). At every step the smallest response wins too; its second feature is
/// sqrt(number of steps at which it does). Ties go to every kernel that has part in them. Order: all first features [dilation, series and group, kernel], then all second.</para>
/// <para>Deviations from Hydra: kernels over several channels instead of sums of one-channel responses, a choice of up to four dilations instead of all powers of two, the clamp at zero before the
/// sum (on held-out training subjects of UCI HAR the other order differs by less than 0.1 points), normalisation by magnitudes.</para>
/// </remarks>
public sealed class CompetingKernels : nn.Module<Tensor, Tensor>
{
    internal const int FeaturesPerKernel = 2;
    internal const int SeriesPerChannel = 2; // the window and its differences
    private const int ChannelsPerKernel = 3;
    private const int RowsAtOnce = 8; // Responses of 8 windows of 9 x 128 at one dilation are half a MiB: they stay in the cache from the convolution to the sums. With 64 or 256 at once the convolution alone takes three times as long per window.
    private readonly Tensor kernels;
    private readonly int[] dilations;
    private readonly long[][] sources;

    /// <summary>Draws the kernels.</summary>
    /// <param name="channelCount">Channels of the windows, 1 or more.</param>
    /// <param name="length">Samples per channel, more than (kernel length - 1) x the largest dilation.</param>
    /// <param name="options">How many kernels of which kind.</param>
    /// <exception cref="ArgumentException">The options do not fit the windows or each other.</exception>
    public CompetingKernels(int channelCount, int length, RandomConvolutionBankOptions options)
        : base(nameof(CompetingKernels))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channelCount, 1);
        (ChannelCount, Length, KernelsPerGroup) = (channelCount, length, options.KernelsPerGroup);
        dilations = [.. options.DilationsFor(length)];
        GroupCount = SeriesPerChannel * options.GroupCount;
        int seen = Math.Min(ChannelsPerKernel, channelCount), kernelSize = seen * options.KernelLength;
        float[] weights = new float[dilations.Length * GroupCount * KernelsPerGroup * kernelSize];
        sources = new long[dilations.Length][];
        var random = new BankRandom(options.Seed);
        int next = 0;
        for (int dilation = 0; dilation < dilations.Length; dilation++)
        {
            sources[dilation] = new long[GroupCount * seen];
            for (int group = 0; group < GroupCount; group++)
            {
                int firstSeries = group < options.GroupCount ? 0 : channelCount;
                int[] channels = random.Choose(seen, channelCount);
                for (int i = 0; i < seen; i++) sources[dilation][group * seen + i] = firstSeries + channels[i];
                for (int kernel = 0; kernel < KernelsPerGroup; kernel++, next += kernelSize)
                    Draw(random, weights.AsSpan(next, kernelSize), options.KernelLength);
            }
        }

        kernels = tensor(weights, [dilations.Length, GroupCount * KernelsPerGroup, seen, options.KernelLength]);
        RegisterComponents();
    }

    /// <summary>Channels of the windows.</summary>
    public int ChannelCount { get; }

    /// <summary>Samples per channel.</summary>
    public int Length { get; }

    /// <summary>Steps between the samples that a kernel sees, per block of kernels.</summary>
    public IReadOnlyList<int> Dilations => dilations;

    /// <summary>Groups per dilation: those on the window, then those on its differences.</summary>
    public int GroupCount { get; }

    /// <summary>Kernels that compete in a group.</summary>
    public int KernelsPerGroup { get; }

    /// <summary>Number of features of one window.</summary>
    public int FeatureLength => dilations.Length * GroupCount * KernelsPerGroup * FeaturesPerKernel;

    /// <summary>Multiply-adds of the convolutions for one window.</summary>
    public long MultiplyAddCount => kernels.numel() * Length;

    /// <summary>[dilations, groups x kernels, channels seen, kernel length].</summary>
    public Tensor Kernels => kernels;

    /// <summary>Per dilation the rows of [window; differences] that the groups see, group after group.</summary>
    internal IReadOnlyList<long[]> Sources => sources;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return cat([.. input.split(RowsAtOnce).Select(Features)]).MoveToOuterDisposeScope();
    }

    private Tensor Features(Tensor windows)
    {
        using var scope = NewDisposeScope();
        var level = windows - windows.narrow(2, 0, 1);
        var differences = nn.functional.pad(windows.narrow(2, 1, Length - 1) - windows.narrow(2, 0, Length - 1), [1, 0]);
        var series = cat([level, differences], 1);
        var sums = new List<Tensor>();
        var counts = new List<Tensor>();
        for (int dilation = 0; dilation < dilations.Length; dilation++)
        {
            var (sum, count) = Winners(series, dilation);
            sums.Add(sum);
            counts.Add(count);
        }

        return cat([.. sums, .. counts], 1).sqrt_().MoveToOuterDisposeScope();
    }

    // In a scope of its own, so that the next dilation finds the same memory again, still in the cache.
    private (Tensor Sum, Tensor Count) Winners(Tensor series, int dilation)
    {
        using var scope = NewDisposeScope();
        long padding = dilations[dilation] * (kernels.shape[3] - 1) / 2;
        var seen = series.index_select(1, tensor(sources[dilation], device: series.device));
        var response = nn.functional.conv1d(seen, kernels[dilation], padding: padding, dilation: dilations[dilation], groups: GroupCount).view(-1, GroupCount, KernelsPerGroup, Length);
        var largest = response.amax([2], keepdim: true);
        var smallest = response.amin([2], keepdim: true);
        var sum = response.eq(largest).to(ScalarType.Float32).matmul(largest.relu().transpose(2, 3)).flatten(1);
        var count = response.eq(smallest).sum(3).flatten(1).to(ScalarType.Float32);
        return (sum.MoveToOuterDisposeScope(), count.MoveToOuterDisposeScope());
    }

    private static void Draw(BankRandom random, Span<float> kernel, int length)
    {
        double[] weights = new double[kernel.Length];
        for (int i = 0; i < weights.Length; i++) weights[i] = random.Normal();
        double magnitude = 0;
        for (int first = 0; first < weights.Length; first += length)
        {
            double mean = 0;
            for (int i = 0; i < length; i++) mean += weights[first + i] / length;
            for (int i = 0; i < length; i++) magnitude += Math.Abs(weights[first + i] -= mean);
        }

        for (int i = 0; i < weights.Length; i++) kernel[i] = (float)(weights[i] / magnitude);
    }
}
