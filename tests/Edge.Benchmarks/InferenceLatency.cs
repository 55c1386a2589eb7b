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

    /// <summary>The session options that both sides run with.</summary>
    public static SessionSettings Options { get; } = SessionSettings.Of(InferenceSubject.Settings.ThreadCount);

    /// <summary>Against the C program with the allocator set as the service sets its own, and with the allocator as it comes. The three change places from round to round.</summary>
    public static IEnumerable<ReplayRow> AgainstC(string name, string model, string program, float[] windows, int roundCount)
    {
        using var ours = InferenceSubject.Open(model, ReadOut(model));
        using var limited = InferencePeer.Start(program, ours, ReadOut(model), model, windows, Options, limitsMemory: true);
        using var plain = InferencePeer.Start(program, ours, ReadOut(model), model, windows, Options, limitsMemory: false);
        var feed = new Feed(windows);
        (double[] Ms, double Sum) Ours(int count)
        {
            double[] taken = new double[count];
            double sum = Take(ours, feed, taken);
            return (taken, sum);
        }

        Func<int, (double[] Ms, double Sum)>[] sides = [Ours, limited.Take, plain.Take];
        foreach (var side in sides) _ = side(WarmupCount);
        var rounds = new List<double[][]>();
        for (int round = 0; round < roundCount; round++)
        {
            var turns = new (double[] Ms, double Sum)[sides.Length];
            for (int turn = 0; turn < sides.Length; turn++)
            {
                int side = (turn + round) % sides.Length;
                turns[side] = sides[side](PerTurn);
            }

            double difference = turns.Max(turn => Math.Abs(turn.Sum - turns[0].Sum) / PerTurn);
            if (difference > 1e-4) throw new InvalidOperationException($"the programs answer differently: {difference} in the mean probability of the best class.");
            rounds.Add([.. turns.Select(turn => turn.Ms)]);
        }

        foreach (var (side, allocator) in new[] { (1, "C with the service's mallopt settings"), (2, "C with glibc's allocator as it comes") })
        {
            yield return Row(0.5, side, $"latency of a window p50, us, against {allocator}", "<= 1.05");
            yield return Row(0.99, side, "the same, p99", "");
        }

        ReplayRow Row(double share, int side, string what, string bar) => new(
            Text($"{name}: {what}"), Text($"{1e3 * At(rounds.SelectMany(round => round[0]), share):0.0}"), Text($"{1e3 * At(rounds.SelectMany(round => round[side]), share):0.0}"),
            Text($"{Median(rounds.Select(round => At(round[0], share) / At(round[side], share))):0.000}"), bar);
    }

    public static IEnumerable<ReplayRow> Batches(string name, string model, float[] windows, double multiplyAdds, (double One, double Together) peak, int roundCount, SnapshotManifest? manifest = null)
    {
        int windowsPerTurn = manifest is null ? 64 : 4096;
        int threadCount = ProviderChain.BacklogThreads(InferenceSubject.Settings);
        using var alone = InferenceSubject.Open(model, ReadOut(model), s_batches[^1], 1, manifest);
        using var shared = InferenceSubject.Open(model, ReadOut(model), s_batches[^1], threadCount, manifest);
        Classifier[] singles = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => InferenceSubject.Open(model, ReadOut(model), manifest: manifest))];
        int size = alone.Snapshot.Window.ValueCount, next = 0;
        var turns = new List<double[]>();
        for (int round = -2; round < roundCount; round++)
        {
            double[] perWindow = [PerWindow(alone, 1), .. s_batches.Select(batch => PerWindow(alone, batch)), .. s_batches.Select(batch => PerWindow(shared, batch)), AllCores()];
            if (round >= 0) turns.Add(perWindow);
        }

        foreach (var single in singles) single.Dispose();
        double one = Median(turns.Select(turn => turn[0])), rate = 2 * multiplyAdds / 1e9 / one;
        string share = peak.One > 0 ? Text($", {rate / peak.One * 1e2:0} % of the {peak.One:0} GFLOP/s that one core can do") : "";
        yield return new(Text($"{name}: windows/s one at a time; its large products alone are {multiplyAdds / 1e6:0.00} M multiply-adds{share}"), Text($"{1 / one:0}"), "", "", "");
        if (peak.Together > 0) yield return new(Text($"{name}: ceiling, windows/s if all cores together did nothing but these multiply-adds at their peak"), Text($"{peak.Together * 1e9 / 2 / multiplyAdds:0}"), "one at a time", Text($"{peak.Together / rate:0.00}"), "");
        yield return new(
            Text($"{name}: ceiling, windows/s one at a time in {singles.Length} sessions at once, one a core: what further cores bring to such work"), Text($"{1 / Median(turns.Select(turn => turn[^1])):0}"), "one at a time",
            Text($"{Median(turns.Select(turn => turn[0] / turn[^1])):0.00}"), "");
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

        double AllCores()
        {
            using var begin = new Barrier(singles.Length + 1);
            Thread[] threads = [.. singles.Select(single => new Thread(() =>
            {
                begin.SignalAndWait();
                for (int call = 0; call < windowsPerTurn; call++) single.ScoreBatch(windows.AsSpan(call % (windows.Length / size) * size, size));
            }))];
            foreach (var thread in threads) thread.Start();
            begin.SignalAndWait();
            long start = Stopwatch.GetTimestamp();
            foreach (var thread in threads) thread.Join();
            return Stopwatch.GetElapsedTime(start).TotalSeconds / (windowsPerTurn * singles.Length);
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
