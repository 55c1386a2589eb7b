namespace Edge.Telemetry.Drift.Watching;

/// <summary>What the watch is told of one window. The spans are read during the call only.</summary>
public readonly ref struct WatchedWindow
{
    /// <summary>Id of the window, increasing.</summary>
    public required ulong WindowId { get; init; }

    /// <summary>Stream time of its end, seconds.</summary>
    public required double EndSeconds { get; init; }

    /// <summary>[2 × channels] as <see cref="ChannelStatistics.Measure"/> gives them.</summary>
    public required ReadOnlySpan<float> Channels { get; init; }

    /// <summary>Whether the device knows a class at all; before, there is no class mix.</summary>
    public required bool KnowsClasses { get; init; }

    /// <summary>[embedding length] of the running snapshot; empty: what depends on the model passes this window over.</summary>
    public required ReadOnlySpan<float> Embedding { get; init; }

    /// <summary>Distance to the nearest prototype, 1 − cosine.</summary>
    public required double Novelty { get; init; }

    /// <summary>Cosine to the nearest prototype less that to the second nearest; 0 with fewer than two.</summary>
    public required double Margin { get; init; }

    /// <summary>Index of the answer in the watch's classes; −1: unknown.</summary>
    public required int ClassIndex { get; init; }
}

/// <summary>Mean and spread of each channel of a window.</summary>
public static class ChannelStatistics
{
    private const double LeastDeviation = 1e-6;

    /// <summary>Measures a window. A constant channel has the logarithm of a millionth.</summary>
    /// <param name="samples">[channels, length] float32, row-major.</param>
    /// <param name="statistics">[2 × channels]: the means in the sensor's units, then the natural logarithms of the standard deviations, in which a change of gain is a shift.</param>
    public static void Measure(ReadOnlySpan<float> samples, Span<float> statistics)
    {
        int channels = statistics.Length / 2, length = samples.Length / channels;
        for (int c = 0; c < channels; c++)
        {
            ReadOnlySpan<float> channel = samples.Slice(c * length, length);
            double sum = 0, squares = 0, origin = channel[0]; // Around the first sample: a channel far from 0 keeps its digits.
            foreach (float value in channel)
            {
                double away = value - origin;
                sum += away;
                squares += away * away;
            }

            statistics[c] = (float)(origin + (sum / length));
            statistics[channels + c] = (float)Math.Log(Math.Max(LeastDeviation, Math.Sqrt(Math.Max(0, (squares / length) - (sum / length * (sum / length))))));
        }
    }
}
