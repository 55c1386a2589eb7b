using System.Runtime.InteropServices;
using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Storage;
using static Edge.Benchmarks.ReplayLoad;

namespace Edge.Benchmarks;

/// <summary>Latency in the real stages while a real training child works on the same cores, and while it is halted, in turns; and the managed bytes of a window.</summary>
internal static partial class BesideTraining
{
    private const int TurnSeconds = 4, Stop = 19, Continue = 18;
    private static readonly DeviceConfig s_config = new() { Labels = new LabelsSection { Classes = InferenceSubject.Manifest.Classes }, Training = new TrainingSection { TimeBudgetSeconds = 3600, Epochs = 100_000 } };

    public static async Task<IEnumerable<ReplayRow>> RowsAsync(string folder, string model, float[] windows, int secondCount, CancellationToken cancel)
    {
        long bytes = await BytesAsync(model, windows); // The warm-up as well. Later the watch over the child allocates.
        var rounds = new RoundFolders(Path.Combine(folder, "rounds"), 3);
        var first = rounds.Create(RoundPlans.Initial(s_config, InferenceSubject.Window, [.. Enumerable.Range(0, InferenceSubject.Window.ChannelCount).Select(i => $"c{i}")]), null, null);
        var made = await TrainingChild.RunAsync(first.Path, s_config.Training, (_, _) => { }, TimeProvider.System, cancel);
        if (made.Ended is not null) throw new InvalidOperationException($"{made.Ended} {made.Talk}");
        var examples = Examples(windows);
        var round = rounds.Create(RoundPlans.FineTune(s_config, 1, InferenceSubject.Manifest), new ReplayDraw(examples[..256], examples[256..], 200), first.CheckpointFile);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var begun = new TaskCompletionSource<int>();
        var child = TrainingChild.RunAsync(round.Path, s_config.Training, (id, progress) => { if (progress is not null) begun.TrySetResult(id); }, TimeProvider.System, ending.Token);
        if (await Task.WhenAny(begun.Task, child) == child) throw new InvalidOperationException($"the round ended: {(await child).Talk}");
        int childId = await begun.Task;

        await using var idle = await Pipeline.StartAsync(model, windows);
        await using var busy = await Pipeline.StartAsync(model, windows);
        for (int second = 0; second < secondCount; second += TurnSeconds)
        {
            _ = Signal(childId, Stop);
            await idle.RunAsync(TimeSpan.FromSeconds(TurnSeconds));
            _ = Signal(childId, Continue);
            await busy.RunAsync(TimeSpan.FromSeconds(TurnSeconds));
        }

        await ending.CancelAsync();
        await child.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return
        [
            new(Text($"default, through the stages: managed bytes of the whole process in a second of windows"), Text($"{bytes}"), "", "", "0"),
            Row(50, ""), Row(99, "<= 2"), Row(99.9, ""),
            new("windows lost beside training", Text($"{busy.LostCount} of {busy.WindowCount}"), Text($"{idle.LostCount} of {idle.WindowCount}"), "", "0"),
        ];

        ReplayRow Row(double percentile, string bar) => new(
            Text($"default, through the stages: latency from the last sample to the prediction p{percentile}, us, beside a training round against none"), Text($"{1e3 * busy.LatencyMs(percentile):0}"), Text($"{1e3 * idle.LatencyMs(percentile):0}"),
            Text($"{busy.LatencyMs(percentile) / idle.LatencyMs(percentile):0.00}"), bar);
    }

    private static async Task<long> BytesAsync(string model, float[] windows)
    {
        await using var pipeline = await Pipeline.StartAsync(model, windows);
        long least = long.MaxValue;
        for (int second = 0; second < 2 * TurnSeconds; second++) least = Math.Min(least, await pipeline.RunAsync(TimeSpan.FromSeconds(1)));
        return least;
    }

    private static Example[] Examples(float[] windows)
    {
        int size = InferenceSubject.Window.ValueCount;
        return [.. Enumerable.Range(0, windows.Length / size).Select(i => new Example
        {
            Id = (ulong)i + 1, WindowId = (ulong)i + 1, Class = InferenceSubject.Manifest.Classes[i % 6], StartSeconds = i, LabelledAt = DateTimeOffset.UnixEpoch, Samples = windows.AsSpan(i * size, size).ToArray(),
        })];
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Signal(int processId, int signal);
}
