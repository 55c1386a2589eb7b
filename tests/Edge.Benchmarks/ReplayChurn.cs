using static Edge.Benchmarks.ReplayLoad;

namespace Edge.Benchmarks;

/// <summary>Examples that come and go in a store of fixed capacity: whether memory or the file grows.</summary>
internal static class ReplayChurn
{
    private const int Capacity = 1000, FreshCapacity = 64, BatchSize = 128;

    public static async Task<IEnumerable<ReplayRow>> MeasureAsync(string folder, int cycleCount)
    {
        string path = Path.Combine(folder, "churn.db");
        using var buffer = Open(path, Capacity, FreshCapacity);
        var windows = Windows(BatchSize);
        int warmUp = cycleCount / 10;
        double low = double.MaxValue, high = 0, first = 0, last = 0;
        long lowFile = long.MaxValue, highFile = 0;
        for (int done = 0; done < warmUp + cycleCount; done += BatchSize)
        {
            await buffer.OfferAsync(windows, null);
            if (done < warmUp || done / BatchSize % 50 != 0) continue;
            double resident = ResidentMiB();
            (first, last) = (first > 0 ? first : resident, resident);
            (low, high) = (Math.Min(low, resident), Math.Max(high, resident));
            long length = new FileInfo(path).Length;
            (lowFile, highFile) = (Math.Min(lowFile, length), Math.Max(highFile, length));
        }

        return
        [
            new(Text($"resident memory over {cycleCount} examples that came and went, after {warmUp}, MiB"), Text($"{low:0.0} to {high:0.0}"), Text($"first {first:0.0}, last {last:0.0}"), "", "flat, +-20 MB"),
            new(Text($"the file over the same, MB ({Capacity + FreshCapacity} examples at most, {(Capacity + FreshCapacity) * PayloadBytes / 1e6:0.0} MB of payload)"), Text($"{lowFile / 1e6:0.0} to {highFile / 1e6:0.0}"), "", "", "bounded"),
        ];
    }

    private static double ResidentMiB() => long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) / 1024.0;
}
