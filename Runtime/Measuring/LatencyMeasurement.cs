using Edge.Runtime.Inference;
using Edge.Storage;
using HdrHistogram;

namespace Edge.Runtime.Measuring;

/// <summary>How long calls of one batch size took.</summary>
/// <param name="BatchSize">Windows of one call.</param>
/// <param name="CallCount">Calls measured.</param>
/// <param name="WindowsPerSecond">Windows over the sum of the calls.</param>
/// <param name="MeanMs">Of a call, milliseconds, the copy into the session's memory included.</param>
/// <param name="P50Ms">Median.</param>
/// <param name="P90Ms">Nine in ten are not slower.</param>
/// <param name="P99Ms">99 in 100 are not slower.</param>
/// <param name="MaxMs">The slowest.</param>
/// <param name="Histogram">Calls by latency: the upper edge of a bin, milliseconds, and the calls in it; bins double in width.</param>
public sealed record LatencyResult(
    int BatchSize, long CallCount, double WindowsPerSecond, double MeanMs, double P50Ms, double P90Ms, double P99Ms, double MaxMs, IReadOnlyList<LatencyBin> Histogram);

/// <summary>Calls of about the same latency.</summary>
public sealed record LatencyBin(double UpToMs, long CallCount);

/// <summary>Sends recorded windows through a classifier, one call after another, and keeps the latencies in a histogram of three digits.</summary>
public static class LatencyMeasurement
{
    private const long LargestNs = 60L * 1_000_000_000;
    private const long FirstBinNs = 1000;

    /// <summary>Measures. What is left over at the end of a pass, less than a batch, is scored and not timed; windows that are fewer than a batch are repeated to fill it.</summary>
    /// <param name="classifier">Opened with the batch size to measure.</param>
    /// <param name="windows">At least one.</param>
    /// <param name="warmupCount">Calls before the clock runs.</param>
    /// <param name="passCount">Times that the windows go through.</param>
    /// <param name="visit">Gets every window of the first pass, by its index and its row in the latest call.</param>
    /// <param name="progress">Gets the number of windows done.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancel">Looked at before every call.</param>
    public static LatencyResult Run(Classifier classifier, LabelledWindows windows, int warmupCount, int passCount, Action<int, int> visit, IProgress<long>? progress, TimeProvider time, CancellationToken cancel)
    {
        int batch = classifier.BatchSize, size = windows.Window.ValueCount;
        var histogram = new LongHistogram(LargestNs, 3);
        float[] whole = new float[batch * size]; // For data of fewer windows than a batch.
        for (int i = 0; i < batch; i++) windows[i % windows.Count].CopyTo(whole.AsSpan(i * size));
        for (int i = 0; i < warmupCount && !cancel.IsCancellationRequested; i++) classifier.ScoreBatch(whole);

        long total = 0;
        for (int pass = 0; pass < passCount; pass++)
        {
            for (int first = 0; first < windows.Count; first += batch)
            {
                cancel.ThrowIfCancellationRequested();
                int count = Math.Min(batch, windows.Count - first);
                bool isTimed = count == batch || windows.Count < batch;
                var samples = windows.Count < batch ? whole : windows.Values.AsSpan(first * size, count * size);
                long start = time.GetTimestamp();
                classifier.ScoreBatch(samples);
                long ns = (long)time.GetElapsedTime(start).TotalNanoseconds;
                if (isTimed)
                {
                    histogram.RecordValue(Math.Clamp(ns, 1, LargestNs));
                    total += ns;
                }

                for (int row = 0; pass == 0 && row < count; row++) visit(first + row, row);
                progress?.Report((long)pass * windows.Count + first + count);
            }
        }

        return new LatencyResult(
            batch, histogram.TotalCount, histogram.TotalCount * (double)batch * 1e9 / Math.Max(1, total),
            total / 1e6 / Math.Max(1, histogram.TotalCount), At(50), At(90), At(99), histogram.GetMaxValue() / 1e6, Bins(histogram));

        double At(double percentile) => histogram.GetValueAtPercentile(percentile) / 1e6;
    }

    private static List<LatencyBin> Bins(LongHistogram histogram)
    {
        var bins = new List<LatencyBin>();
        long from = 0;
        for (long upTo = FirstBinNs; from <= histogram.GetMaxValue(); (from, upTo) = (upTo, upTo * 2))
        {
            long count = histogram.RecordedValues().Where(value => value.ValueIteratedTo >= from && value.ValueIteratedTo < upTo).Sum(value => value.CountAddedInThisIterationStep);
            if (count > 0 || bins.Count > 0) bins.Add(new LatencyBin(upTo / 1e6, count));
        }

        return bins;
    }
}
