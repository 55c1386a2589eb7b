using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>
/// Plain statistics of a window: [batch, channels, length] to [batch, features], no gradients. When the channels divide into threes, each three in order is taken for the axes of one sensor, and its
/// norm is a further series.
/// </summary>
/// <remarks>
/// Per series, in this order of blocks: seven quantiles (0, 5, 25, 50, 75, 95, 100 %, linear between samples) and the mean; standard deviation (of the window, then of its differences, which begin
/// with a zero), the logarithms of those, mean |difference|. Per channel: logarithms of the mean power in eight bands of frequency that widen geometrically. Per three: the correlations of its axes.
/// The logarithms are of value + <see cref="Floor"/>, and correlations have its square added to their divisor, so a constant window gives finite values; the first sample is subtracted before anything
/// is summed, so that a constant series has a deviation of exactly zero at any offset.
/// </remarks>
public sealed class WindowStatistics : nn.Module<Tensor, Tensor>
{
    /// <summary>What is added to deviations before the logarithm, in the channel's units: 1e-4. From 1e-6 to 1e-3 the accuracy on held-out training subjects of UCI HAR (g, rad/s) stays within 0.1 points; the larger, the nearer a dead channel lies to a quiet one.</summary>
    public const double Floor = 1e-4;

    internal const int AxesPerSensor = 3;
    private const int LargestBandCount = 8;
    private const int StatisticsPerSeries = 12;
    private static readonly double[] s_quantiles = [0, .05, .25, .5, .75, .95, 1];
    private static readonly long[] s_leftAxes = [0, 0, 1];
    private static readonly long[] s_rightAxes = [1, 2, 2];
    private readonly Tensor order;
    private readonly Tensor waves;
    private readonly Tensor bands;

    /// <summary>Creates the statistics for windows of <paramref name="channelCount"/> x <paramref name="length"/>; length 2 or more.</summary>
    public WindowStatistics(int channelCount, int length)
        : base(nameof(WindowStatistics))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channelCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 2);
        (ChannelCount, Length) = (channelCount, length);
        order = OrderStatistics(length);
        waves = Waves(length);
        bands = Bands(length);
        int sensorCount = SensorCountFor(channelCount);
        LeftAxes = [.. Enumerable.Range(0, sensorCount).SelectMany(sensor => s_leftAxes.Select(axis => sensor * AxesPerSensor + axis))];
        RightAxes = [.. Enumerable.Range(0, sensorCount).SelectMany(sensor => s_rightAxes.Select(axis => sensor * AxesPerSensor + axis))];
        RegisterComponents();
    }

    /// <summary>Channels of the windows.</summary>
    public int ChannelCount { get; }

    /// <summary>Samples per channel.</summary>
    public int Length { get; }

    /// <summary>Tri-axial sensors: channels / 3 where that is a whole number, else none.</summary>
    public int SensorCount => SensorCountFor(ChannelCount);

    /// <summary>Number of features of one window: 225 for 9 x 128.</summary>
    public int FeatureLength => CountFor(ChannelCount, Length);

    /// <summary>[length, 8]: sorted samples to quantiles and mean.</summary>
    internal Tensor Order => order;

    /// <summary>[length, 2 x frequencies]: cosines and sines of the frequencies 1 … length / 2 per window, over the root of the length.</summary>
    internal Tensor WavesOfLength => waves;

    /// <summary>[2 x frequencies, bands]: squares to the mean power of a band.</summary>
    internal Tensor BandMeans => bands;

    internal long[] LeftAxes { get; }

    internal long[] RightAxes { get; }

    /// <summary>Number of features of windows of a shape.</summary>
    public static int CountFor(int channelCount, int length)
    {
        int sensorCount = SensorCountFor(channelCount);
        return (channelCount + sensorCount) * StatisticsPerSeries + channelCount * BandCountFor(length) + sensorCount * s_leftAxes.Length;
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var series = SensorCount == 0 ? input : cat([input, input.view(-1, SensorCount, AxesPerSensor, Length).square().sum(2).sqrt()], 1);
        var first = series.narrow(2, 0, 1);
        var level = series - first;
        var differences = nn.functional.pad(series.narrow(2, 1, Length - 1) - series.narrow(2, 0, Length - 1), [1, 0]);
        var sorted = level.sort(2).Values.matmul(order) + first;

        var both = cat([level, differences], 1);
        var centred = both - both.mean([2], keepdim: true);
        var deviation = centred.square().mean([2]).sqrt();
        var axes = centred.narrow(1, 0, ChannelCount);
        var power = (axes.matmul(waves).square().matmul(bands) + Floor * Floor).log();
        var features = new List<Tensor> { sorted.flatten(1), deviation.narrow(1, 0, series.shape[1]), (deviation + Floor).log(), differences.abs().mean([2]), power.flatten(1) };
        if (SensorCount > 0)
        {
            Tensor left = tensor(LeftAxes, device: input.device), right = tensor(RightAxes, device: input.device);
            var covariance = (axes.index_select(1, left) * axes.index_select(1, right)).mean([2]);
            features.Add(covariance / (deviation.index_select(1, left) * deviation.index_select(1, right) + Floor * Floor));
        }

        return cat(features, 1).MoveToOuterDisposeScope();
    }

    private static int SensorCountFor(int channelCount) => channelCount % AxesPerSensor == 0 ? channelCount / AxesPerSensor : 0;

    private static int BandCountFor(int length) => Math.Min(LargestBandCount, length / 2);

    private static Tensor OrderStatistics(int length)
    {
        int columnCount = s_quantiles.Length + 1;
        float[] weights = new float[length * columnCount];
        for (int q = 0; q < s_quantiles.Length; q++)
        {
            double place = s_quantiles[q] * (length - 1);
            int below = Math.Min((int)place, length - 2);
            weights[below * columnCount + q] = (float)(1 - (place - below));
            weights[(below + 1) * columnCount + q] = (float)(place - below);
        }

        for (int i = 0; i < length; i++) weights[i * columnCount + s_quantiles.Length] = 1f / length;
        return tensor(weights, [length, columnCount]);
    }

    private static Tensor Waves(int length)
    {
        int frequencyCount = length / 2;
        float[] weights = new float[length * 2 * frequencyCount];
        for (int t = 0; t < length; t++)
            for (int f = 1; f <= frequencyCount; f++)
            {
                double angle = 2 * Math.PI * ((long)f * t % length) / length;
                weights[t * 2 * frequencyCount + f - 1] = (float)(Math.Cos(angle) / Math.Sqrt(length));
                weights[t * 2 * frequencyCount + frequencyCount + f - 1] = (float)(Math.Sin(angle) / Math.Sqrt(length));
            }

        return tensor(weights, [length, 2 * frequencyCount]);
    }

    private static Tensor Bands(int length)
    {
        int frequencyCount = length / 2, bandCount = BandCountFor(length), from = 0;
        float[] weights = new float[2 * frequencyCount * bandCount];
        for (int band = 0; band < bandCount; band++)
        {
            // Edges on a geometric scale from 1 to the highest frequency, every band at least one frequency wide and enough left for those after it.
            int wanted = (int)Math.Round(Math.Pow(frequencyCount + 1, (band + 1.0) / bandCount)) - 1;
            int to = Math.Min(Math.Max(from + 1, wanted), frequencyCount - (bandCount - band - 1));
            for (int f = from; f < to; f++) weights[f * bandCount + band] = weights[(frequencyCount + f) * bandCount + band] = 1f / (to - from);
            from = to;
        }

        return tensor(weights, [2 * frequencyCount, bandCount]);
    }
}
