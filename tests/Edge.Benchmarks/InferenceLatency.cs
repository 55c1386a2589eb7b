using System.Diagnostics;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Storage;
using static Edge.Benchmarks.ReplayLoad;

namespace Edge.Benchmarks;

/// <summary>Latency of one window against the C program, throughput of several at a time against one, int8 against float32: always in turns.</summary>
internal static class InferenceLatency
{
    private const int PerTurn = 200, WarmupCount = 300;
    private static readonly int[] s_batches = [2, 4, 8, 16];

    public static IEnumerable<ReplayRow> AgainstC(string name, string model, string program, float[] windows, int roundCount)
    {
        using var ours = InferenceSubject.Open(model, ReadOut(model));
        using var theirs = InferencePeer.Start(program, ours, ReadOut(model), model, windows, InferenceSubject.Settings.ThreadCount);
        var feed = new Feed(windows);
        double[] taken = new double[PerTurn];
        double difference = 0;
        _ = theirs.Take(WarmupCount);
        Take(ours, feed, new double[WarmupCount]);
        var (mine, its, p50, p99) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (int round = 0; round < roundCount; round++)
        {
            double sum = 0;
            if (round % 2 == 0) sum = Take(ours, feed, taken);
            var (ms, peerSum) = theirs.Take(PerTurn);
            if (round % 2 == 1) sum = Take(ours, feed, taken);
            difference = Math.Max(difference, Math.Abs(sum - peerSum) / PerTurn);
            mine.AddRange(taken);
            its.AddRange(ms);
            p50.Add(At(taken, 0.5) / At(ms, 0.5));
            p99.Add(At(taken, 0.99) / At(ms, 0.99));
        }

        if (difference > 1e-4) throw new InvalidOperationException($"the two programs answer differently: {difference} in the mean probability of the best class.");
        yield return new(Text($"{name}: latency of a window p50, us, against C"), Text($"{1e3 * At(mine, 0.5):0.0}"), Text($"{1e3 * At(its, 0.5):0.0}"), Text($"{Median(p50):0.000}"), "<= 1.05");
        yield return new(Text($"{name}: the same, p99"), Text($"{1e3 * At(mine, 0.99):0.0}"), Text($"{1e3 * At(its, 0.99):0.0}"), Text($"{Median(p99):0.000}"), "");
    }

    public static IEnumerable<ReplayRow> Batches(string name, string model, float[] windows, double multiplyAdds, double peak, int roundCount, SnapshotManifest? manifest = null)
    {
        int windowsPerTurn = manifest is null ? 64 : 4096;
        int threadCount = ProviderChain.BacklogThreads(InferenceSubject.Settings);
        using var alone = InferenceSubject.Open(model, ReadOut(model), s_batches[^1], 1, manifest);
        using var shared = InferenceSubject.Open(model, ReadOut(model), s_batches[^1], threadCount, manifest);
        int size = alone.Snapshot.Window.ValueCount, next = 0;
        var turns = new List<double[]>();
        for (int round = -2; round < roundCount; round++)
        {
            double[] perWindow = [PerWindow(alone, 1), .. s_batches.Select(batch => PerWindow(alone, batch)), .. s_batches.Select(batch => PerWindow(shared, batch))];
            if (round >= 0) turns.Add(perWindow);
        }

        string share = peak > 0 ? Text($", {2 * multiplyAdds / 1e3 / (1e6 * Median(turns.Select(turn => turn[0]))) / peak * 1e2:0} % of the {peak:0} GFLOP/s that one core can do") : "";
        yield return new(Text($"{name}: windows/s one at a time; its large products alone are {multiplyAdds / 1e6:0.00} M multiply-adds{share}"), Text($"{1 / Median(turns.Select(turn => turn[0])):0}"), "", "", "");
        for (int i = 0; i < 2 * s_batches.Length; i++)
        {
            int batch = s_batches[i % s_batches.Length];
            bool isShared = i >= s_batches.Length;
            yield return new(
                Text($"{name}: windows/s in batches of {batch}{(isShared ? Text($" as the service scores them, on up to {threadCount} threads") : "")}"), Text($"{1 / Median(turns.Select(turn => turn[i + 1])):0}"), "one at a time",
                Text($"{Median(turns.Select(turn => turn[0] / turn[i + 1])):0.00}"), isShared && batch == ClassifierStage.LargestBatch ? ">= 3" : "");
        }

        double PerWindow(Classifier classifier, int batch)
        {
            int calls = windowsPerTurn / batch;
            long start = Stopwatch.GetTimestamp();
            for (int call = 0; call < calls; call++)
            {
                if ((next + batch) * size > windows.Length) next = 0;
                classifier.ScoreBatch(windows.AsSpan(next * size, batch * size));
                next += batch;
            }

            return Stopwatch.GetElapsedTime(start).TotalSeconds / (calls * batch);
        }
    }

    public static IEnumerable<ReplayRow> Int8(string name, string model, float[] windows, int roundCount)
    {
        int size = InferenceSubject.Window.ValueCount;
        var samples = Enumerable.Range(0, windows.Length / size).Select(i => (ReadOnlyMemory<float>)windows.AsMemory(i * size, size)).ToList();
        string reduced = model + ".int8";
        File.WriteAllBytes(reduced, ReducedGraph.Derive(ReducedGraph.Int8, File.ReadAllBytes(model), InferenceSubject.Window, samples, InferenceSubject.Settings));
        using var float32 = InferenceSubject.Open(model, ReadOut(model));
        using var int8 = InferenceSubject.Open(reduced, ReadOut(model));
        var rounds = Enumerable.Range(0, roundCount).Select(_ => SideBySide.Measure(float32, int8, samples, TimeProvider.System)).ToList();
        yield return new(
            Text($"{name}: int8, p50 of a window, us, against float32"), Text($"{1e3 * Median(rounds.Select(r => r.SecondMs)):0.0}"), Text($"{1e3 * Median(rounds.Select(r => r.FirstMs)):0.0}"),
            Text($"{Median(rounds.Select(r => r.SecondMs / r.FirstMs)):0.00}"), "reported; the service refuses int8 where it is slower");
    }

    private static ReadOutWeights ReadOut(string model) => InferenceSubject.ReadOut(Path.GetFileName(model).StartsWith("default", StringComparison.Ordinal) ? InferenceSubject.FrozenFeatures : 0);

    private static double Take(Classifier classifier, Feed feed, double[] ms)
    {
        double sum = 0;
        for (int i = 0; i < ms.Length; i++)
        {
            var window = feed.Next();
            long start = Stopwatch.GetTimestamp();
            var score = classifier.Score(window);
            ms[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            sum += score.Confidence;
        }

        return sum;
    }

    private static double At(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(int)(share * (sorted.Length - 1))];
    }

    private sealed class Feed(float[] windows)
    {
        private int next;

        public ReadOnlySpan<float> Next()
        {
            int size = InferenceSubject.Window.ValueCount;
            var window = windows.AsSpan(next * size, size);
            next = (next + 1) * size < windows.Length ? next + 1 : 0;
            return window;
        }
    }
}
