using System.CommandLine;
using System.Globalization;
using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Benchmarks;

/// <summary><c>swaps</c>: 1,000 snapshots that replace one another under load.</summary>
internal static class SwapBenchmark
{
    private static readonly TimeSpan s_period = TimeSpan.FromMilliseconds(5);

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var swaps = new Option<int>("--swaps") { Description = "Swaps that are counted.", DefaultValueFactory = _ => 1000 };
        var warmUp = new Option<int>("--warm-up") { Description = "Swaps before memory is looked at.", DefaultValueFactory = _ => 100 };
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output.", DefaultValueFactory = _ => "Runtime/results/swaps.md" };
        var command = new Command("swaps", "Snapshots that replace one another while windows flow: windows lost, memory, latency with and without.") { swaps, warmUp, file };
        command.SetAction((parsed, cancel) => RunAsync(parsed.GetValue(swaps), parsed.GetValue(warmUp), parsed.GetValue(file), cancel));
        return command;
    }

    private static async Task RunAsync(int swapCount, int warmUpCount, string? file, CancellationToken cancel)
    {
        string folder = Directory.CreateTempSubdirectory("edge-swaps-").FullName;
        try
        {
            NativeMemory.Limit(); // As the service does at its start.
            var window = new WindowShape(9, 128, 50);
            var manifest = new SnapshotManifest { Id = "s000001-01234567", CreatedAt = DateTimeOffset.UnixEpoch, Classes = new LabelsSection().Classes, Window = window, EmbeddingLength = 128, Round = 0 };
            string[] files = [Export(folder, manifest, 1), Export(folder, manifest, 2)];
            var random = new Random(1);
            float[][] windows = [.. Enumerable.Range(0, 16).Select(_ => Enumerable.Range(0, window.ValueCount).Select(_ => random.NextSingle()).ToArray())];
            var load = new SwapLoad(files, manifest, windows);
            var without = await load.RunAsync(warmUpCount, 0, s_period, lossless: false, cancel);
            var with = await load.RunAsync(warmUpCount, swapCount, s_period, lossless: false, cancel);
            var flat = await load.RunAsync(warmUpCount, swapCount, TimeSpan.Zero, lossless: true, cancel);
            List<string> lines =
            [
                "# Snapshots that replace one another under load", "",
                Text($"The classifier stage, its queues, its slot and its sessions as the service has them: batches of up to eight, shared by threads where they are worth one, and beside it a session that encodes what was labelled, exchanged with it. Two exported graphs of the default backbone (9 x 128, frozen branch included; {new FileInfo(files[0]).Length / 1024} KiB each) take turns. Each is opened and warmed beside the flow, and has classified a window before the next comes. Live: a window every {s_period.TotalMilliseconds:0} ms, queues that drop the oldest. As fast as possible: queues that wait."), "",
                "| what | live, no swap | live | as fast as possible | bar |", "|---|---:|---:|---:|---|",
                Row("swaps", one => Text($"{one.SwapCount}"), "1,000"),
                Row("windows sent", one => Text($"{one.SentCount}"), ""),
                Row("windows without a prediction", one => Text($"{one.SentCount - one.PredictedCount}"), "0"),
                Row("windows or predictions dropped by a queue", one => Text($"{one.DroppedCount}"), "0; a swap costs at most 1"),
                Row("predictions out of order or doubled", one => Text($"{one.DisorderCount}"), "0"),
                Row("embeddings that are not of the snapshot named", one => Text($"{one.WrongCount}"), "0"),
                Row("window's last sample to its prediction, p50, ms", one => Text($"{one.LatencyP50Ms:0.00}"), ""),
                Row("the same, p99, ms", one => Text($"{one.LatencyP99Ms:0.00}"), ""),
                Row("the same, worst, ms", one => Text($"{one.LatencyWorstMs:0.00}"), ""),
                Row("graph to warmed session, every size of batch, p50 (beside the flow; the file alone: inference.md), ms", one => one.SwapCount == 0 ? "" : Text($"{one.OpenP50Ms:0.0}"), ""),
                Row("longest time between two predictions, in windows: 1 is no gap", one => InWindows(one, one.LongestGapMs), ""),
                Row("from a snapshot's last prediction to the next one's first, in windows, p50", one => one.SwapCount == 0 ? "" : InWindows(one, one.SwapGapP50Ms), "<= 2: one window's time without a prediction"),
                Row("the same, worst", one => one.SwapCount == 0 ? "" : InWindows(one, one.SwapGapWorstMs), ""),
                Row("the same, worst, in windows of the default configuration, one every 1.28 s", one => one.SwapCount == 0 ? "" : Text($"{one.SwapGapWorstMs / 1280:0.000}"), "<= 1"),
                Row("threads of the process after the warm-up, at the end", one => one.SwapCount == 0 ? "" : Text($"{one.ThreadsBefore}, {one.ThreadsAfter}"), ""),
                Row("of them helpers of the classifier's session", one => one.SwapCount == 0 ? "" : Text($"{one.HelpersBefore}, {one.HelpersAfter}"), "the same"),
                Row("resident memory after the warm-up, MiB", one => one.SwapCount == 0 ? "" : Text($"{one.ResidentBeforeMiB:0.0}"), ""),
                Row("resident memory after half of them, MiB", one => one.SwapCount == 0 ? "" : Text($"{one.ResidentMiddleMiB:0.0}"), ""),
                Row("resident memory at the end, MiB", one => one.SwapCount == 0 ? "" : Text($"{one.ResidentAfterMiB:0.0}"), ""),
                Row("growth, MB", one => one.SwapCount == 0 ? "" : Text($"{(one.ResidentAfterMiB - one.ResidentBeforeMiB) * 1.048576:0.0}"), "<= 30"), "",
                .. Machine.Facts(),
                Text($"- warm-up: {warmUpCount} swaps; the process that measures holds libtorch too, which wrote the graphs; before memory is looked at what lies free is given back, as the service does after every round"),
                Text($"- `dotnet run -c Release --project tests/Edge.Benchmarks -- swaps --swaps {swapCount} --warm-up {warmUpCount}`"),
            ];
            if (file is not null && Path.GetDirectoryName(file) is { Length: > 0 } parent) Directory.CreateDirectory(parent);
            Machine.Publish(lines, file);

            string InWindows(SwapOutcome one, double ms) => ReferenceEquals(one, flat) ? "" : Text($"{ms / s_period.TotalMilliseconds:0.00}");

            string Row(string what, Func<SwapOutcome, string> figure, string bar) => $"| {what} | {figure(without)} | {figure(with)} | {figure(flat)} | {bar} |";
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    internal static string Export(string folder, SnapshotManifest manifest, int seed)
    {
        manual_seed(seed);
        using var net = new TscilCnn(manifest.Window.ChannelCount);
        net.eval();
        var readOut = new ReadOutSection();
        string file = Path.Combine(folder, $"{seed}.onnx");
        File.WriteAllBytes(file, ClassifierGraph.Write(net, new ClassifierGraphOptions { Window = manifest.Window, Classes = manifest.Classes, Temperature = 0.1, FrozenFeatures = readOut.FrozenFeatures, FrozenSeed = readOut.FrozenSeed }));
        return file;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
