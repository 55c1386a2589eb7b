using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Benchmarks;

/// <summary><c>drift-stalls</c>: for how long the drift watch holds up the classifier stage at most, over a run with promotions.</summary>
internal static class DriftStalls
{
    private const int WarmUps = 1, SavedEvery = 25;
    private static readonly string[] s_names = ["following a snapshot", "a window watched", "earlier windows encoded while none waits", "earlier windows encoded while others wait", "state saved (another thread; the watch waits)", "windows of the reference saved (another thread)"];

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var windows = new Option<int>("--windows") { Description = "Windows of a run.", DefaultValueFactory = _ => 12_000 };
        var promotedEvery = new Option<int>("--promoted-every") { Description = "Windows between two promotions.", DefaultValueFactory = _ => 600 };
        var repeats = new Option<int>("--repeats") { Description = "Times that the same run is made. Of each step the shortest counts, which is free of what else the machine did.", DefaultValueFactory = _ => 7 };
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output; the committed one is Telemetry/results/stalls.md." };
        var command = new Command("drift-stalls", "Drift detectors: the longest that one window keeps the classifier stage, over a run with promotions.") { windows, promotedEvery, repeats, file };
        command.SetAction(parsed => Run(parsed.GetValue(windows), parsed.GetValue(promotedEvery), parsed.GetValue(repeats), parsed.GetValue(file)));
        return command;
    }

    private static void Run(int windowCount, int promotedEvery, int repeatCount, string? file)
    {
        string folder = Directory.CreateTempSubdirectory("edge-stalls-").FullName;
        try
        {
            var manifest = new SnapshotManifest { Id = "s000000-01234567", CreatedAt = DateTimeOffset.UnixEpoch, Classes = new LabelsSection().Classes, Window = new WindowShape(9, 128, 50), EmbeddingLength = 128, Round = 0 };
            using Classifier first = Open(folder, manifest, 1), second = Open(folder, manifest, 2);
            float[][] shortest = [.. s_names.Select(_ => Enumerable.Repeat(float.PositiveInfinity, windowCount).ToArray())];
            for (int repeat = -WarmUps; repeat < repeatCount; repeat++)
            {
                float[][] times = Times([first, second], manifest, windowCount, promotedEvery);
                for (int part = 0; part < times.Length && repeat >= 0; part++)
                    for (int i = 0; i < windowCount; i++) shortest[part][i] = Math.Min(shortest[part][i], times[part][i]);
            }

            List<string> lines =
            [
                "# How long the drift watch holds up the classifier", "",
                Text($"The drift watch with all detectors as the classifier stage calls it: windows of 9 x 128, two exported graphs of the default backbone (embeddings of 128) that take turns every {promotedEvery} windows, {windowCount} windows. Earlier windows are encoded up to eight at a time, and before each but the first two the stage looks whether a window waits: it does after every other promotion here. The same run {repeatCount} times; of each step the shortest counts. Milliseconds."), "",
                "| step | times | p50 | p99 | p99.99 | longest | at window |", "|---|---:|---:|---:|---:|---:|---:|",
                .. s_names.Select((name, part) => Row(name, shortest[part])), "",
                .. Machine.Facts(),
                Text($"- `dotnet run -c Release --project tests/Edge.Benchmarks -- drift-stalls --windows {windowCount} --promoted-every {promotedEvery} --repeats {repeatCount}`"),
            ];
            Machine.Publish(lines, file);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>[step][window] milliseconds; not a number where the step was not taken.</summary>
    private static float[][] Times(IReadOnlyList<Classifier> sessions, SnapshotManifest manifest, int windowCount, int promotedEvery)
    {
        var live = StageDrift.Live(new InferenceSection { Providers = ["cpu"] }, manifest.Classes);
        var ring = new WindowRing(1024, manifest.Window);
        var watch = StageDrift.Watch(manifest.Window, manifest.Classes);
        var reference = new ReferenceWindows(live.Current.Drift.ReferenceWindows, manifest.Window.ValueCount);
        var drift = StageDrift.Of(watch, reference, manifest.Window, live, ring, new ServiceState(TimeProvider.System));
        float[][] times = [.. s_names.Select(_ => Enumerable.Repeat(float.NaN, windowCount).ToArray())];
        var source = new SimulatedWindows(1, null).Take(1000).ToArray();
        for (int i = 0; i < windowCount; i++)
        {
            var running = sessions[i / promotedEvery % 2];
            if (i % promotedEvery == 0)
            {
                long swapped = Stopwatch.GetTimestamp();
                drift.Follow(manifest with { Id = Text($"s{i:000000}-01234567") });
                times[0][i] = Since(swapped);
            }

            var window = new Window(manifest.Window) { Id = (ulong)i + 1, EndSeconds = i * 1.28 };
            source[i % source.Length].CopyTo(window.Samples.AsSpan());
            var score = running.Score(window.Samples);
            ring.Keep(window, running.EmbeddingOf(0), running.Snapshot.Id);
            long start = Stopwatch.GetTimestamp();
            drift.Watch(window, running, 0, score.ClassIndex);
            times[1][i] = Since(start);
            start = Stopwatch.GetTimestamp();
            bool othersWait = i / promotedEvery % 2 == 0;
            drift.EncodeEarlier(running, () => othersWait);
            times[othersWait ? 3 : 2][i] = Since(start);
            if (i % SavedEvery != 0) continue;
            start = Stopwatch.GetTimestamp();
            watch.Save();
            times[4][i] = Since(start);
            start = Stopwatch.GetTimestamp();
            reference.Save();
            times[5][i] = Since(start);
        }

        return times;
    }

    private static Classifier Open(string folder, SnapshotManifest manifest, int seed)
    {
        string file = SwapBenchmark.Export(folder, manifest, seed);
        var session = Classifier.Open(file, manifest, new InferenceSection { Providers = ["cpu"] });
        var bank = new PrototypeBank(manifest.Id, manifest.EmbeddingLength);
        var windows = new SimulatedWindows(2, null).Take(manifest.Classes.Count * 40).ToArray();
        for (int c = 0; c < manifest.Classes.Count; c++)
        {
            session.Score(windows[c * 40]);
            bank.Add(manifest.Classes[c], session.EmbeddingOf(0));
        }

        session.Use(ReadOutWeights.OfPrototypes(bank.ToMatrix(manifest.Classes), session.FrozenLength));
        return session;
    }

    private static string Row(string name, float[] times)
    {
        float[] taken = [.. times.Where(t => !float.IsNaN(t)).Order()];
        return Text($"| {name} | {taken.Length} | {At(0.5):0.000} | {At(0.99):0.000} | {At(0.9999):0.000} | {taken[^1]:0.000} | {Array.IndexOf(times, taken[^1])} |");

        float At(double share) => taken[(int)(share * (taken.Length - 1))];
    }

    private static float Since(long start) => (float)Stopwatch.GetElapsedTime(start).TotalMilliseconds;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
