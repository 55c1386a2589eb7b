using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Runtime.Tests.Inference;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Tests.Learning;

/// <summary>A killed child costs seconds, not the round; a batch that is too large costs time, not the child.</summary>
[Collection(nameof(FirstRound))]
public sealed class InterruptedChildTests(FirstRound first) : IDisposable
{
    private const int Epochs = 60; // Some seconds: the first second of steps is kept before it is over.
    private readonly DataFolder data = new(), other = new();

    public void Dispose()
    {
        data.Dispose();
        other.Dispose();
    }

    [Fact]
    public async Task A_child_after_one_that_was_killed_goes_on_and_ends_with_the_bytes_of_one_that_was_left_alone()
    {
        var folder = first.FineTune(data, 1, Epochs, checkpointSeconds: 1);
        var killed = await RunAsync(folder, (id, _) =>
        {
            if (File.Exists(folder.ProgressFile)) LetDie(id);
        });
        Assert.Equal(("signal 9 ended the training child", true), (killed.Ended, killed.WasKilled));
        Assert.Null((await RunAsync(folder, (_, _) => { })).Ended);
        Assert.InRange(folder.ReadReport().ResumedAtStep ?? 0, 1, 2 * Epochs - 1);
        Assert.False(File.Exists(folder.ProgressFile));

        var whole = first.FineTune(other, 1, Epochs, checkpointSeconds: 1);
        Assert.Null((await RunAsync(whole, (_, _) => { })).Ended);
        Assert.Equal(File.ReadAllBytes(whole.CheckpointFile), File.ReadAllBytes(folder.CheckpointFile));
        Assert.Equal(File.ReadAllBytes(whole.ModelFile), File.ReadAllBytes(folder.ModelFile));
    }

    [Fact]
    public async Task Rows_in_parts_take_less_memory_than_the_whole_batch()
    {
        var whole = await LongWindowsAsync(data, microBatchSize: 0);
        var parts = await LongWindowsAsync(other, microBatchSize: 4);
        Assert.True(whole.MicroBatchSize >= 120);
        Assert.Equal(4, parts.MicroBatchSize);
        Assert.Equal(whole.LastEpochLoss, parts.LastEpochLoss, 0.001);
        Assert.True(parts.PeakRssMiB < whole.PeakRssMiB - 100, $"{parts.PeakRssMiB:0} MiB in parts, {whole.PeakRssMiB:0} MiB whole; 120 rows take some 220 MiB of activations");
    }

    private static Task<ChildOutcome> RunAsync(RoundFolder folder, Action<int, RoundProgress?> report) =>
        TrainingChild.RunAsync(folder.Path, new TrainingSection(), report, TimeProvider.System, TestContext.Current.CancellationToken);

    private static void LetDie(int id)
    {
        try
        {
            using var child = System.Diagnostics.Process.GetProcessById(id);
            child.Kill();
        }
        catch (ArgumentException)
        {
            // Its last lines were read after its end.
        }
    }

    /// <summary>A round of one step over 60 windows of 512 samples and a view of each.</summary>
    private async Task<RoundReport> LongWindowsAsync(DataFolder at, int microBatchSize)
    {
        var config = FirstRound.Config with { Training = FirstRound.Config.Training with { Epochs = 1, BatchSize = 64, MicroBatchSize = microBatchSize } };
        var window = TestSnapshot.Window with { Length = 512 };
        var random = new Random(1);
        var folder = new RoundFolders(at["rounds"], 3).Create(RoundPlans.FineTune(config, 1, TestSnapshot.Manifest with { Window = window }), null, first.Folder.CheckpointFile);
        File.WriteAllBytes(folder.SamplesFile, new RoundSamples
        {
            Window = window,
            Classes = [.. Enumerable.Range(0, 60).Select(i => i % 3)],
            IsFresh = [.. Enumerable.Repeat(true, 60)],
            Values = [.. Enumerable.Range(0, 60 * window.ValueCount).Select(_ => random.NextSingle())],
        }.ToBytes());
        Assert.Null((await RunAsync(folder, (_, _) => { })).Ended);
        return folder.ReadReport();
    }
}
