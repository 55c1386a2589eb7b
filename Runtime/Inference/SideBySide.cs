namespace Edge.Runtime.Inference;

/// <summary>Latencies of two classifiers, measured in turns of one window each, so that whatever else the machine does falls on both alike.</summary>
/// <param name="FirstMs">Median of the first, milliseconds.</param>
/// <param name="SecondMs">Median of the second, milliseconds.</param>
public sealed record SideBySide(double FirstMs, double SecondMs)
{
    private const int WarmupCount = 20, Count = 201;

    /// <summary>Measures; takes some 220 windows of each.</summary>
    /// <param name="first">A session of batch 1.</param>
    /// <param name="second">Another.</param>
    /// <param name="windows">At least one; they are gone through again and again.</param>
    /// <param name="time">The clock.</param>
    public static SideBySide Measure(Classifier first, Classifier second, IReadOnlyList<ReadOnlyMemory<float>> windows, TimeProvider time)
    {
        double[] a = new double[Count], b = new double[Count];
        for (int i = -WarmupCount; i < Count; i++)
        {
            var window = windows[(i + WarmupCount) % windows.Count];
            bool firstIsFirst = i % 2 == 0; // Who comes second finds warm caches of the window.
            double one = Ms(firstIsFirst ? first : second, window, time), two = Ms(firstIsFirst ? second : first, window, time);
            if (i >= 0) (a[i], b[i]) = firstIsFirst ? (one, two) : (two, one);
        }

        Array.Sort(a);
        Array.Sort(b);
        return new SideBySide(a[Count / 2], b[Count / 2]);
    }

    private static double Ms(Classifier classifier, ReadOnlyMemory<float> window, TimeProvider time)
    {
        long start = time.GetTimestamp();
        classifier.Score(window.Span);
        return time.GetElapsedTime(start).TotalMilliseconds;
    }
}
