using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Storage;
using Edge.Trainer.Rounds;

namespace Edge.Benchmarks;

/// <summary><c>training-round</c>: what a default round costs in its real child process: CPU seconds and resident memory, the start of the process included.</summary>
internal static partial class TrainingRoundBenchmark
{
    private const int FreshCount = 256, ReplayCount = 306, AnchorCount = 60, OfChildren = -1;

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "Rounds of each kind.", DefaultValueFactory = _ => 5 };
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output." };
        var command = new Command("training-round", "CPU seconds and memory of a default round, as the service runs it. Needs UCI HAR (EDGE_DATA).") { rounds, file };
        command.SetAction((parsed, cancel) => RunAsync(parsed.GetValue(rounds), parsed.GetValue(file), cancel));
        return command;
    }

    private static async Task RunAsync(int roundCount, string? file, CancellationToken cancel)
    {
        var windows = UciHarArchive.Read(UciHarArchive.Locate(""), "train");
        var config = new DeviceConfig();
        string folder = Directory.CreateTempSubdirectory("edge-training-round-").FullName;
        try
        {
            var rounds = new RoundFolders(folder, 100);
            var initial = rounds.Create(RoundPlans.Initial(config, windows.Window, UciHarArchive.Channels), null, null);
            await MeasureAsync(initial, config.Training, cancel);
            var parent = InferenceSubject.Manifest with { Window = windows.Window };
            int number = 0;
            List<string> lines =
            [
                "# A default training round", "",
                $"{FreshCount} new and {ReplayCount} remembered windows of UCI HAR (9 x 128), {AnchorCount} anchors, `training` as by default, in the child process that the service starts, its start included. Mean, and in brackets the largest, of {roundCount}.", "",
                "| round | steps | CPU, s | wall, s | peak resident memory, MiB |", "|---|---:|---:|---:|---:|",
            ];
            var last = initial;
            foreach (string kind in new[] { "first: the parent is untrained", "later: with distillation from the parent" })
            {
                var costs = new List<Cost>();
                for (int i = 0; i < roundCount; i++)
                {
                    number++;
                    var round = rounds.Create(RoundPlans.FineTune(config, number, parent), Draw(windows, number), last.CheckpointFile, Anchors(windows));
                    costs.Add(await MeasureAsync(round, config.Training, cancel));
                    if (i == roundCount - 1) last = round;
                }

                lines.Add(string.Create(CultureInfo.InvariantCulture, $"| {kind} | {costs[^1].StepCount} | {Text(costs, c => c.CpuSeconds)} | {Text(costs, c => c.WallSeconds)} | {costs.Average(c => c.PeakMiB):0} ({costs.Max(c => c.PeakMiB):0}) |"));
            }

            lines.Add("");
            lines.AddRange(Machine.Facts());
            lines.Add($"- `EDGE_DATA=FOLDER dotnet run -c Release --project tests/Edge.Benchmarks -- training-round --rounds {roundCount}`");
            Machine.Publish(lines, file);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Text(List<Cost> costs, Func<Cost, double> figure) => string.Create(CultureInfo.InvariantCulture, $"{costs.Average(figure):0.0} ({costs.Max(figure):0.0})");

    private static async Task<Cost> MeasureAsync(RoundFolder round, TrainingSection training, CancellationToken cancel)
    {
        double before = CpuOfChildren();
        var outcome = await TrainingChild.RunAsync(round.Path, training, (_, _) => { }, TimeProvider.System, cancel);
        if (outcome.Ended is not null) throw new InvalidOperationException($"{outcome.Ended} {outcome.Talk}");
        var report = round.ReadReport();
        return new Cost(report.StepCount, CpuOfChildren() - before, outcome.Seconds, report.PeakRssMiB);
    }

    private static ReplayDraw Draw(LabelledWindows windows, int seed)
    {
        int[] order = [.. Enumerable.Range(0, windows.Count).Except(AnchorIndices(windows))];
        new Random(seed).Shuffle(order);
        return new ReplayDraw([.. order[..FreshCount].Select(i => Of(windows, i))], [.. order[FreshCount..(FreshCount + ReplayCount)].Select(i => Of(windows, i))], 0);
    }

    private static Example[] Anchors(LabelledWindows windows) => [.. AnchorIndices(windows).Select(i => Of(windows, i))];

    private static IEnumerable<int> AnchorIndices(LabelledWindows windows) => Enumerable.Range(0, AnchorCount).Select(i => i * (windows.Count / AnchorCount));

    private static Example Of(LabelledWindows windows, int i) => new()
    {
        Id = (ulong)i + 1, WindowId = (ulong)i + 1, Class = windows.ClassNames[windows.Classes[i]], StartSeconds = i, LabelledAt = DateTimeOffset.UnixEpoch, Samples = windows[i].ToArray(),
    };

    /// <summary>User and system seconds of all children that have ended.</summary>
    private static double CpuOfChildren()
    {
        if (GetResourceUsage(OfChildren, out var usage) != 0) throw new InvalidOperationException($"getrusage failed with {Marshal.GetLastPInvokeError()}");
        return usage.UserSeconds + usage.SystemSeconds + (usage.UserMicroseconds + usage.SystemMicroseconds) / 1e6;
    }

    [LibraryImport("libc", EntryPoint = "getrusage", SetLastError = true)]
    private static partial int GetResourceUsage(int who, out ResourceUsage usage);

    /// <summary>What a child cost.</summary>
    private sealed record Cost(int StepCount, double CpuSeconds, double WallSeconds, double PeakMiB);

    /// <summary>struct rusage of Linux on 64 bits: two timevals and fourteen longs.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 144)]
    private struct ResourceUsage
    {
        public long UserSeconds, UserMicroseconds, SystemSeconds, SystemMicroseconds;
    }
}
