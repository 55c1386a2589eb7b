using System.Text.Json;
using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Rounds;

/// <summary>A round that is started again after a kill ends with the bytes of one that was left alone.</summary>
public sealed class InterruptedRoundTests : IDisposable
{
    private const int StepCount = 6; // 3 passes over 32 new windows, 16 at a time.
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("edge-interrupted-");
    private byte[]? parent;

    [Theory]
    [InlineData("edge", 1)]
    [InlineData("edge", 4)]
    [InlineData("edge", 5)]
    [InlineData("derpp", 3)]
    [InlineData("ewc", 4)]
    public void A_cancelled_round_goes_on_from_its_last_step(string method, int step)
    {
        var whole = Run(Folder(method), null);
        var folder = Folder(method);
        using (var cancel = new CancellationTokenSource())
        {
            Assert.Throws<OperationCanceledException>(() => RoundRunner.Run(
                folder,
                Export,
                progress =>
                {
                    if (progress.Step == step) cancel.Cancel();
                },
                cancel.Token,
                new TickingClock()));
        }

        Assert.True(File.Exists(folder.ProgressFile));
        AssertSame(whole, Run(folder, step));
        Assert.False(File.Exists(folder.ProgressFile));
    }

    [Fact]
    public void A_killed_round_goes_on_from_what_it_kept_last()
    {
        var whole = Run(Folder("edge"), null);
        var folder = Folder("edge");
        Kill(folder, atStep: 5);
        AssertSame(whole, Run(folder, 4)); // The kill came before step 5 was kept.
    }

    [Fact]
    public void What_is_torn_or_of_another_round_counts_as_nothing()
    {
        var whole = Run(Folder("edge"), null);
        var folder = Folder("edge");
        Kill(folder, atStep: 5);
        byte[] kept = File.ReadAllBytes(folder.ProgressFile);
        byte[] flipped = [.. kept];
        flipped[^1000] ^= 1;
        byte[] later = [.. kept];
        later[4] = 9;
        foreach (byte[] useless in (byte[][])[kept[..3], kept[..(kept.Length / 2)], flipped, later, []])
        {
            File.WriteAllBytes(folder.ProgressFile, useless);
            AssertSame(whole, Run(folder, null));
            Directory.Delete(folder.CandidateDirectory, recursive: true);
        }

        var other = Folder("edge", epochs: 4);
        File.WriteAllBytes(other.ProgressFile, kept);
        Assert.Null(RoundRunner.Run(other, Export, _ => { }, TestContext.Current.CancellationToken).ResumedAtStep);
    }

    [Fact]
    public void A_round_that_is_to_keep_nothing_starts_over()
    {
        var folder = Folder("edge", checkpointSeconds: 0);
        Kill(folder, atStep: 5);
        Assert.False(File.Exists(folder.ProgressFile));
        Run(folder, null);
    }

    [Fact]
    public void Little_is_written_by_a_clock_that_hardly_moves()
    {
        var folder = Folder("edge");
        Assert.Throws<InvalidOperationException>(() => RoundRunner.Run(folder, Export, progress => throw new InvalidOperationException($"killed at {progress.Step}"), TestContext.Current.CancellationToken));
        Assert.False(File.Exists(folder.ProgressFile));
    }

    public void Dispose() => root.Delete(recursive: true);

    private static byte[] Export(LearnerNet net, RoundPlan plan, TrainingSummary training) => System.Text.Encoding.UTF8.GetBytes(training.ToJson());

    /// <summary>Ends the round as a kill would: nothing more is written.</summary>
    private static void Kill(RoundFolder folder, int atStep) => Assert.Throws<InvalidOperationException>(() => RoundRunner.Run(
        folder,
        Export,
        progress =>
        {
            if (progress.Step == atStep) throw new InvalidOperationException("killed");
        },
        TestContext.Current.CancellationToken,
        new TickingClock()));

    private static RoundFolder Run(RoundFolder folder, int? resumedAt)
    {
        var report = RoundRunner.Run(folder, Export, _ => { }, TestContext.Current.CancellationToken);
        Assert.Equal((true, StepCount, resumedAt), (report.HasCandidate, report.StepCount, report.ResumedAtStep));
        return folder;
    }

    private static void AssertSame(RoundFolder whole, RoundFolder resumed)
    {
        Assert.Equal(File.ReadAllBytes(whole.CheckpointFile), File.ReadAllBytes(resumed.CheckpointFile));
        Assert.Equal(File.ReadAllBytes(whole.ParityFile), File.ReadAllBytes(resumed.ParityFile));
        Assert.Equal(whole.ReadReport() with { Seconds = 0, PeakRssMiB = 0, ResumedAtStep = 0 }, resumed.ReadReport() with { Seconds = 0, PeakRssMiB = 0, ResumedAtStep = 0 });
    }

    private RoundFolder Folder(string method, int epochs = 3, int checkpointSeconds = 1)
    {
        var folder = new RoundFolder(root.CreateSubdirectory(Guid.NewGuid().ToString("N")).FullName);
        var plan = new RoundPlan
        {
            Round = 2,
            Kind = RoundKind.FineTune,
            ParentId = "s000001-00000000",
            Classes = SyntheticWaves.Classes,
            Window = SyntheticWaves.Window,
            Training = new TrainingSection { Method = method, Epochs = epochs, BatchSize = 16, ReplayBatchSize = 16, ThreadCount = 1, CheckpointSeconds = checkpointSeconds, PatienceEpochs = 5, TimeBudgetSeconds = 10_000 },
            ReadoutTemperature = 0.1,
        };
        File.WriteAllBytes(folder.PlanFile, JsonSerializer.SerializeToUtf8Bytes(plan, RoundFolder.Json));
        File.WriteAllBytes(folder.SamplesFile, SyntheticWaves.Together(SyntheticWaves.Draw([2, 3], 16, isFresh: true, seed: 1), SyntheticWaves.Draw([0, 1], 8, isFresh: false, seed: 2)).ToBytes());
        File.WriteAllBytes(folder.AnchorsFile, SyntheticWaves.Draw([0, 1, 2, 3], 3, isFresh: false, seed: 3).ToBytes());
        File.WriteAllBytes(folder.ParentCheckpointFile, parent ??= Parent());
        return folder;
    }

    /// <summary>Counts as trained, so that methods have a parent to hold on to.</summary>
    private static byte[] Parent()
    {
        manual_seed(1);
        using var net = new LearnerNet(new TscilCnn(SyntheticWaves.Window.ChannelCount), SyntheticWaves.Classes) { TrainedStepCount = 1 };
        return LearnerCheckpoint.ToBytes(net);
    }

    private sealed class TickingClock : TimeProvider
    {
        private long ticks;

        public override long GetTimestamp() => ticks += TimestampFrequency;
    }
}
