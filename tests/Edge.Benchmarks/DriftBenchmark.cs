using System.CommandLine;
using System.Globalization;
using Edge.Config;
using Edge.Storage;
using Edge.Telemetry.Drift;
using Edge.Telemetry.Drift.Watching;

namespace Edge.Benchmarks;

/// <summary><c>drift</c>: what an update of each detector costs, how often they ring on streams that stay as they are, and how late on a shift and on a turned sensor.</summary>
internal static class DriftBenchmark
{
    private const int ChangeAt = 2000;
    private static readonly string[] s_watched = [.. DriftWatch.DetectorNames.Where(name => name != "labelError").SelectMany(name => name is "distance" or "margin" ? new[] { $"{name} by adwin", $"{name} by kswin" } : [name])]; // No labels here; detectors of errors have a table of their own.

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var windows = new Option<int>("--windows") { Description = "Stationary windows of each stream.", DefaultValueFactory = _ => 100_000 };
        var trials = new Option<int>("--trials") { Description = "Streams with a change, per kind of change.", DefaultValueFactory = _ => 12 };
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output; the committed one is Telemetry/results/drift.md." };
        var command = new Command("drift", "Drift detectors: cost, false alarms, delay.") { windows, trials, file };
        command.SetAction(parsed => Run(parsed.GetValue(windows), parsed.GetValue(trials), parsed.GetValue(file)));
        return command;
    }

    private static void Run(int windowCount, int trialCount, string? file)
    {
        var uciHar = UciHarWindows();
        List<string> lines =
        [
            "# Drift detectors", "",
            "## Cost of an update", "", "CPU time, median of seven rounds of 20,000 updates (MMD and channels: 5,000), including the alarms in them; bytes over all rounds. An update of ADWIN is amortised: it looks for a cut every 32.", "",
            "| detector | µs | bytes allocated | bar |", "|---|---:|---:|---|",
            .. Costs(), "",
            "## False alarms", "",
            $"The watch with `expectedRunWindows` 10,000 for all its calibrated detectors together and a refractory time of 300 s, on streams that stay as they are: each detector alone, *all* of them but perClassKs together with each one's default test, and *default*, what `drift.detectors` is by default ({string.Join(", ", new DriftSection().Detectors)}; without classMix and perClassKs, and without labels here). Expected: at most {windowCount / 10_000} in {windowCount:N0} windows. "
            + "The device's encoder is stood in for by 128 random tanh features of the window's statistics, L2-normalised, with prototypes from the first 600 windows. "
            + "Simulated: the simulated IMU at its defaults, windows of 128 with stride 64. UCI HAR: windows of its training split, drawn at random with replacement. Alone, a detector has the run time that it has within *all*.", "",
            "| stream | " + string.Join(" | ", s_watched) + " | all | default |", "|---|" + string.Concat(s_watched.Select(_ => "---:|")) + "---:|---:|",
            .. FalseAlarms("simulated", new SimulatedWindows(1, null).Take(windowCount)),
            .. uciHar is null ? ["| UCI HAR shuffled: not measured, the data is not there |"] : FalseAlarms("UCI HAR shuffled", Shuffled(uciHar, windowCount)), "",
            "## Delay", "",
            $"Windows from the change to the alarm, median and worst of {trialCount} streams; the change comes after {ChangeAt:N0} windows. In brackets: streams with an alarm before the change, and with none in 2,000 windows after it.", "",
            "| change | " + string.Join(" | ", s_watched) + " | all | default |", "|---|" + string.Concat(s_watched.Select(_ => "---:|")) + "---:|---:|",
            .. Delays("simulated, sensor turned by 20°", seed => new SimulatedWindows(seed, 20).Take(ChangeAt + 2000), trialCount),
            .. Delays("simulated, sensor turned by 20°, gain 0.8", seed => new SimulatedWindows(seed, 20, 0.8).Take(ChangeAt + 2000), trialCount),
            .. Delays("simulated, one channel (total acceleration y) off by 2 σ of its windows' means", seed => Shifted(seed), trialCount),
            .. uciHar is null ? Array.Empty<string>() : Delays("UCI HAR shuffled, sensor turned by 20° about x (along gravity, for a person who stands)", seed => Turned(uciHar, seed, axis: 0), trialCount),
            .. uciHar is null ? Array.Empty<string>() : Delays("UCI HAR shuffled, sensor turned by 20° about z", seed => Turned(uciHar, seed, axis: 2), trialCount), "",
            "A number with a 2 σ shift of its mean after 1,000 independent normal observations; for detectors of errors, from 10 % wrong to 30 %. Median and worst of 200; the last column counts alarms on 100,000 observations without a change.", "",
            "| detector | settings | delay | false alarms |", "|---|---|---:|---:|",
            .. NumberStreams.Rows(), "",
            .. Machine.Facts(),
            $"- `dotnet run -c Release --project tests/Edge.Benchmarks -- drift --windows {windowCount} --trials {trialCount}`",
        ];
        Machine.Publish(lines, file);
    }

    private static IEnumerable<string> Costs()
    {
        foreach (IDriftDetector detector in new IDriftDetector[] { new Adwin(), new PageHinkley(), new Kswin(), new Ddm(), new HddmA(), new HddmW() })
        {
            var random = new Random(1);
            double[] values = [.. Enumerable.Range(0, 20_000).Select(_ => random.NextDouble() < 0.2 ? 1.0 : 0.0)];
            yield return Cost(detector.Name, values.Length, i => detector.Update(values[i]), detector.Name == "adwin" ? "≤ 1 µs, 0 bytes" : "");
        }

        var drawn = new Random(2);
        float[][] embeddings = [.. Enumerable.Range(0, 1000).Select(_ => Stand.Normalised([.. Enumerable.Range(0, 128).Select(_ => (float)Stand.Gaussian(drawn))]))];
        var mmd = new EmbeddingMmd(128, new ShiftOptions { GroupCount = 6 });
        for (int i = 0; i < 1000; i++) mmd.Update(embeddings[i], i % 6);
        yield return Cost("embedding (MMD², 128-d, 256 features)", 5000, i => mmd.Update(embeddings[i % 1000], i % 6), "≤ 50 µs");
        var start = Environment.CpuUsage.TotalTime;
        mmd.Reset();
        for (int i = 0; i < 360 + 64; i++) mmd.Update(embeddings[i], i % 6);
        yield return Text($"| all that learn a reference of 360 and its threshold, together | {(Environment.CpuUsage.TotalTime - start).TotalMicroseconds:0} | | |");
        var channels = new MeanShift(18, ShiftNorm.Largest);
        for (int i = 0; i < 1000; i++) channels.Update(embeddings[i].AsSpan(0, 18));
        yield return Cost("inputs (9 channels)", 5000, i => channels.Update(embeddings[i % 1000].AsSpan(0, 18)), "");
        var ks = new PerClassKs(6);
        yield return Cost("perClassKs (6 classes)", 20_000, i => ks.Update(embeddings[i % 1000][0], i % 6), "");
        var watch = Stand.Watch(DriftWatch.DetectorNames);
        var windows = new SimulatedWindows(3, null).Take(1000).ToArray();
        var stand = new Stand(windows);
        foreach (var window in windows) stand.Feed(watch, window);
        yield return Cost("the whole watch, a window of 9 x 128 with its statistics, without the encoder", 1000, i => stand.FeedEncoded(watch, windows[i], i), "0 bytes");
    }

    private static string Cost(string name, int count, Action<int> update, string bar)
    {
        for (int i = 0; i < count; i++) update(i);
        double[] seconds = new double[7];
        long bytes = 0;
        for (int round = 0; round < seconds.Length; round++)
        {
            var start = Environment.CpuUsage.TotalTime;
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < count; i++) update(i);
            bytes += GC.GetAllocatedBytesForCurrentThread() - allocated;
            seconds[round] = (Environment.CpuUsage.TotalTime - start).TotalMicroseconds / count;
        }

        return Text($"| {name} | {seconds.Order().ElementAt(3):0.000} | {bytes} | {bar} |");
    }

    private static IEnumerable<string> FalseAlarms(string name, IEnumerable<float[]> stream)
    {
        var watches = Watches();
        var stand = new Stand();
        foreach (float[] window in stream)
        {
            stand.Encode(window);
            foreach (var (_, watch) in watches) stand.Feed(watch);
        }

        yield return $"| {name} | " + string.Join(" | ", watches.Select(w => w.Watch.AlarmCount)) + " |";
    }

    private static IEnumerable<string> Delays(string name, Func<int, IEnumerable<float[]>> streams, int trialCount)
    {
        var names = s_watched.Append("all").Append("default").ToList();
        var delays = names.ToDictionary(n => n, _ => new List<double>());
        var early = names.ToDictionary(n => n, _ => 0);
        for (int trial = 0; trial < trialCount; trial++)
        {
            var watches = Watches();
            var stand = new Stand();
            var rang = new HashSet<string>();
            int index = 0;
            foreach (float[] window in streams(trial + 10))
            {
                stand.Encode(window);
                foreach (var (watchName, watch) in watches)
                {
                    if (rang.Contains(watchName) || stand.Feed(watch) is null) continue;
                    if (index < ChangeAt) early[watchName]++;
                    else if (rang.Add(watchName)) delays[watchName].Add(index - ChangeAt + 1);
                }

                index++;
                if (rang.Count == watches.Count) break;
            }

            foreach (string missing in names.Where(n => !rang.Contains(n))) delays[missing].Add(double.PositiveInfinity);
        }

        yield return $"| {name} | " + string.Join(" | ", names.Select(n => Text($"{Shown(delays[n].Order().ElementAt(trialCount / 2))}, {Shown(delays[n].Max())} ({early[n]}, {delays[n].Count(double.IsInfinity)})"))) + " |";
    }

    private static List<(string Name, DriftWatch Watch)> Watches() => [.. s_watched.Select(name => (name, Stand.Watch([name]))), ("all", Stand.Watch([.. s_watched.Where(name => name != PerClassKs.DetectorName && !name.EndsWith(" by kswin", StringComparison.Ordinal))])), ("default", Stand.DefaultWatch())];

    private static string Shown(double windows) => double.IsInfinity(windows) ? "none" : windows.ToString("0", CultureInfo.InvariantCulture);

    private static LabelledWindows? UciHarWindows()
    {
        try
        {
            return DatasetReader.Read("uci-har", new DatasetReadOptions(), null, CancellationToken.None).Train;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static IEnumerable<float[]> Shuffled(LabelledWindows windows, int count, int seed = 1)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++) yield return windows[random.Next(windows.Count)].ToArray();
    }

    private static IEnumerable<float[]> Turned(LabelledWindows windows, int seed, int axis) => Shuffled(windows, ChangeAt + 2000, seed).Select((window, i) => i < ChangeAt ? window : SimulatedWindows.Turned(window, 20, axis));

    private static IEnumerable<float[]> Shifted(int seed)
    {
        var means = new SimulatedWindows(seed, null).Take(ChangeAt).Select(w => (double)w.AsSpan(128, 128).ToArray().Average()).ToArray();
        double average = means.Average(), shift = 2 * Math.Sqrt(means.Average(m => (m - average) * (m - average)));
        return new SimulatedWindows(seed, null).Take(ChangeAt + 2000).Select((window, i) =>
        {
            for (int t = 128; i >= ChangeAt && t < 256; t++) window[t] += (float)shift;
            return window;
        });
    }

    public static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
