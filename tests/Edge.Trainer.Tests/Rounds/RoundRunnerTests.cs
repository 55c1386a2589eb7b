using System.Text.Json;
using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Rounds;

public sealed class RoundRunnerTests : IDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("edge-round-");

    [Fact]
    public void The_first_round_makes_an_untrained_learner_from_its_seed_alone()
    {
        var folder = Initial();
        var report = Run(folder);
        Assert.True(report.HasCandidate);
        Assert.Equal((0, 0, 0, 128), (report.StepCount, report.FreshCount, report.ReplayCount, report.EmbeddingLength));
        Assert.InRange(report.PeakRssMiB, 50, 100_000);
        Assert.Equal(report, folder.ReadReport());
        Assert.Equal("""onnx of 4 classes, {"backbone":"TscilCnn","stepCount":0,"freshCount":0,"replayCount":0}""", File.ReadAllText(folder.ModelFile));
        using var net = LearnerCheckpoint.Read(folder.CheckpointFile, SyntheticWaves.Classes);
        Assert.Equal(0, net.TrainedStepCount);
        AssertParity(folder, net);
        Assert.Equal(File.ReadAllBytes(folder.CheckpointFile), File.ReadAllBytes(Ran(Initial()).CheckpointFile));
        Assert.NotEqual(File.ReadAllBytes(folder.CheckpointFile), File.ReadAllBytes(Ran(Initial(seed: 2)).CheckpointFile));
    }

    [Fact]
    public void The_same_folder_twice_gives_the_same_candidate_byte_for_byte()
    {
        var parent = Ran(Initial());
        var second = Ran(FineTune(parent, round: 1)); // Its own parent is untrained; the next one distils.
        var (a, b) = (Ran(FineTune(second, round: 2)), Ran(FineTune(second, round: 2)));
        Assert.Equal(File.ReadAllBytes(a.CheckpointFile), File.ReadAllBytes(b.CheckpointFile));
        Assert.Equal(File.ReadAllBytes(a.ParityFile), File.ReadAllBytes(b.ParityFile));
        Assert.NotEqual(File.ReadAllBytes(a.CheckpointFile), File.ReadAllBytes(Ran(FineTune(second, round: 3)).CheckpointFile));
    }

    [Fact]
    public void A_fine_tuned_candidate_reports_what_it_learned_from_and_carries_its_own_parity_cases()
    {
        var folder = FineTune(Ran(Initial()), round: 1);
        var progress = new List<RoundProgress>();
        var report = RoundRunner.Run(folder, Export, progress.Add, TestContext.Current.CancellationToken);
        Assert.Equal((32, 16, 4), (report.FreshCount, report.ReplayCount, report.StepCount));
        Assert.True(report.LastEpochLoss > 0);
        Assert.Equal(new RoundProgress(1, 4, 4, progress[^1].Loss, Epoch: 2), progress[^1]);
        Assert.Equal(("cpu", "float32"), (report.Device, report.Precision));
        Assert.Null(report.EndedEarly);
        using var net = LearnerCheckpoint.Read(folder.CheckpointFile, SyntheticWaves.Classes);
        Assert.Equal(4, net.TrainedStepCount);
        AssertParity(folder, net);
        Assert.Equal(["model.checkpoint", "model.onnx", "parity.bin", "report.json"], Files(folder.CandidateDirectory));
    }

    [Fact]
    public void Progress_comes_at_most_five_times_a_second_and_after_the_last_step()
    {
        var progress = new List<RoundProgress>();
        var stopped = new StoppedClock();
        RoundRunner.Run(FineTune(Ran(Initial()), round: 1), Export, progress.Add, TestContext.Current.CancellationToken, stopped);
        Assert.Equal([1, 4], progress.Select(p => p.Step));
    }

    [Fact]
    public void A_round_that_gives_up_leaves_a_report_and_no_candidate()
    {
        var folder = FineTune(Ran(Initial()), round: 1, samples => samples.Values[3] = float.NaN);
        var report = Run(folder);
        Assert.False(report.HasCandidate);
        Assert.StartsWith("Sample 0 (class 2) holds NaN in channel 0", report.AbandonedBecause, StringComparison.Ordinal);
        Assert.Equal(["report.json"], Files(folder.CandidateDirectory));
        Assert.Equal(report, folder.ReadReport());
    }

    [Fact]
    public void A_loss_that_is_not_a_number_is_reported_in_valid_json()
    {
        var folder = FineTune(Ran(Initial()), round: 1, samples => samples.Values.AsSpan(0, 128).Fill(1e38f));
        Run(folder);
        Assert.Contains("The loss is NaN at step", folder.ReadReport().AbandonedBecause, StringComparison.Ordinal);
    }

    [Fact]
    public void An_export_that_fails_leaves_no_candidate_and_the_round_can_start_over()
    {
        var folder = FineTune(Ran(Initial()), round: 1);
        int exportCount = 0;
        Assert.Throws<IOException>(() => RoundRunner.Run(folder, (_, _, _) => exportCount++ == 0 ? [] : throw new IOException("disk full"), _ => { }, TestContext.Current.CancellationToken)); // The first one is the rehearsal.
        Assert.False(Directory.Exists(folder.CandidateDirectory));
        Assert.True(Directory.Exists(folder.CandidateDirectory + ".tmp"));
        Assert.True(Run(folder).HasCandidate);
        Assert.False(Directory.Exists(folder.CandidateDirectory + ".tmp"));
    }

    [Fact]
    public void A_network_that_cannot_be_exported_fails_the_round_before_it_trains()
    {
        var folder = FineTune(Ran(Initial()), round: 1);
        var steps = new List<RoundProgress>();
        Assert.Throws<InvalidOperationException>(() => RoundRunner.Run(folder, (_, _, _) => throw new InvalidOperationException("no translator"), steps.Add, TestContext.Current.CancellationToken));
        Assert.Empty(steps);
    }

    [Fact]
    public void What_a_killed_run_left_behind_is_removed_first()
    {
        var folder = Initial();
        Directory.CreateDirectory(folder.CandidateDirectory + ".tmp");
        File.WriteAllText(Path.Combine(folder.CandidateDirectory + ".tmp", "model.checkpoint"), "half");
        File.WriteAllText(Path.Combine(folder.CandidateDirectory + ".tmp", "stray"), "half");
        Run(folder);
        Assert.Equal(["model.checkpoint", "model.onnx", "parity.bin", "report.json"], Files(folder.CandidateDirectory));
    }

    [Fact]
    public void A_complete_candidate_is_not_made_again()
    {
        var folder = Ran(Initial());
        var before = folder.ReadReport();
        Assert.Equal(before, RoundRunner.Run(folder, (_, _, _) => throw new InvalidOperationException("exported again"), _ => { }, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_cancelled_round_leaves_nothing()
    {
        var folder = FineTune(Ran(Initial()), round: 1);
        using var cancel = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => RoundRunner.Run(folder, Export, _ => cancel.Cancel(), cancel.Token));
        Assert.False(Directory.Exists(folder.CandidateDirectory));
    }

    [Fact]
    public void A_class_more_keeps_what_the_parent_knows()
    {
        var folder = FineTune(Ran(Initial()), round: 1, classes: ["extra", .. SyntheticWaves.Classes]);
        Assert.True(Run(folder).HasCandidate);
        using var net = LearnerCheckpoint.Read(folder.CheckpointFile, ["extra", .. SyntheticWaves.Classes]);
        Assert.Equal(5, net.Head.Weight.shape[0]);
    }

    [Fact]
    public void Another_method_takes_over_the_backbone_and_begins_its_own_kind_of_head()
    {
        var folder = Ran(FineTune(Ran(Initial()), round: 1, method: "er"));
        using var net = LearnerCheckpoint.Read(folder.CheckpointFile, SyntheticWaves.Classes);
        Assert.Equal((HeadKind.Linear, 4), (net.Head.Kind, net.TrainedStepCount));
    }

    [Fact]
    public void A_method_finds_what_it_remembered_in_its_parents_checkpoint()
    {
        var first = Ran(FineTune(Ran(Initial()), round: 1, method: "ewc"));
        var second = Ran(FineTune(first, round: 2, method: "ewc"));
        using var remembered = LearnerCheckpoint.ReadMethodState(second.CheckpointFile);
        Assert.True(remembered!.Fits("ewc", SyntheticWaves.Classes));

        // Without the springs the second round would have ended elsewhere.
        using var net = LearnerCheckpoint.Read(first.CheckpointFile, SyntheticWaves.Classes);
        var forgotten = FineTune(first, round: 2, method: "ewc");
        File.WriteAllBytes(forgotten.ParentCheckpointFile, LearnerCheckpoint.ToBytes(net));
        Assert.NotEqual(File.ReadAllBytes(second.CheckpointFile), File.ReadAllBytes(Ran(forgotten).CheckpointFile));
    }

    [Fact]
    public void A_method_that_does_not_train_gives_the_parents_weights_back()
    {
        var parent = Ran(Initial());
        var folder = FineTune(parent, round: 1, method: "frozenRidge");
        Assert.Equal(0, Run(folder).StepCount);
        using var before = LearnerCheckpoint.Read(parent.CheckpointFile, SyntheticWaves.Classes);
        using var after = LearnerCheckpoint.Read(folder.CheckpointFile, SyntheticWaves.Classes);
        Assert.Equal(HeadKind.Cosine, after.Head.Kind);
        Assert.All(before.parameters().Zip(after.parameters()), pair => Assert.True(pair.First.Equals(pair.Second)));
    }

    [Fact]
    public void A_torn_parent_is_named()
    {
        var folder = FineTune(Ran(Initial()), round: 1);
        File.WriteAllBytes(folder.ParentCheckpointFile, File.ReadAllBytes(folder.ParentCheckpointFile)[..1000]);
        Assert.StartsWith($"{folder.ParentCheckpointFile} fails its checksum", Assert.Throws<InvalidDataException>(() => Run(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sample_of_a_class_that_the_plan_does_not_name_is_refused()
    {
        var folder = FineTune(Ran(Initial()), round: 1, samples => samples.Classes[2] = 4);
        Assert.Contains("sample 2 is of class 4", Assert.Throws<InvalidDataException>(() => Run(folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "MlpBackbone")]
    [InlineData(15, "MlpBackbone")]
    [InlineData(16, "TscilCnn")]
    public void The_shape_of_the_windows_chooses_the_first_backbone(int length, string name)
    {
        using var net = LearnerCheckpoint.Read(Ran(Initial(length: length)).CheckpointFile, SyntheticWaves.Classes);
        Assert.Equal(name, net.Backbone.GetName());
    }

    [Theory]
    [InlineData("cnn", "TscilCnn")]
    [InlineData("resnet", "ResNet1d")]
    [InlineData("transformer", "TimeSeriesTransformer")]
    [InlineData("mlp", "MlpBackbone")]
    public void Every_backbone_can_be_chosen_and_goes_on_from_its_own_kind(string wanted, string name)
    {
        var first = Ran(Initial(backbone: wanted));
        var second = Ran(FineTune(first, round: 1, training: t => t with { Backbone = wanted }));
        Assert.Equal((null, 32, 16), (second.ReadReport().BeganAnewBecause, second.ReadReport().FreshCount, second.ReadReport().ReplayCount));
        Assert.All(new[] { first, second }, folder =>
        {
            using var net = LearnerCheckpoint.Read(folder.CheckpointFile, SyntheticWaves.Classes);
            Assert.Equal(name, net.Backbone.GetName());
        });
    }

    [Fact]
    public void A_round_for_another_backbone_than_the_parents_begins_from_new_weights_with_everything_that_is_remembered()
    {
        var parent = Ran(FineTune(Ran(Initial()), round: 1, method: "ewc"));
        var folder = FineTune(parent, round: 2, training: t => t with { Method = "ewc", Backbone = "mlp" });
        var report = Run(folder);
        Assert.Equal("training.backbone is mlp (MlpBackbone), the parent s000000-00000000 is a TscilCnn", report.BeganAnewBecause);
        Assert.Equal((48, 0, 6), (report.FreshCount, report.ReplayCount, report.StepCount));
        using var net = LearnerCheckpoint.Read(folder.CheckpointFile, SyntheticWaves.Classes);
        Assert.Equal(("MlpBackbone", 6L), (net.Backbone.GetName(), net.TrainedStepCount));
        AssertParity(folder, net);
        // The parent's springs would hold weights that are not there.
        using var remembered = LearnerCheckpoint.ReadMethodState(folder.CheckpointFile);
        Assert.Equal(net.named_parameters().Count() * 2, remembered!.Tensors.Count);
        // The next one goes on.
        Assert.Null(Run(FineTune(folder, round: 3, training: t => t with { Backbone = "mlp" })).BeganAnewBecause);
    }

    [Fact]
    public void A_method_that_does_not_train_keeps_the_parents_backbone() =>
        Assert.Null(Run(FineTune(Ran(Initial()), round: 1, method: "frozenRidge", training: t => t with { Backbone = "mlp" })).BeganAnewBecause);

    [Fact]
    public void A_backbone_that_cannot_take_the_windows_is_refused_with_a_remedy() => Assert.Equal(
        "training.backbone 'transformer' takes windows of 16 samples or more; these have 15. Choose auto or mlp, or longer windows.",
        Assert.Throws<InvalidDataException>(() => Run(Initial(length: 15, backbone: "transformer"))).Message);

    [Theory]
    [InlineData(128, 15, "takes 16 or more. Set window.length")]
    [InlineData(15, 14, "takes 3 channels of 15 samples, ")]
    public void A_window_that_the_parent_cannot_take_is_refused(int ofParent, int ofRound, string what)
    {
        var folder = Folder(Plan(1) with { Window = SyntheticWaves.Window with { Length = ofRound } });
        File.WriteAllBytes(folder.SamplesFile, new RoundSamples { Window = SyntheticWaves.Window with { Length = ofRound }, Classes = [0], IsFresh = [true], Values = new float[3 * ofRound] }.ToBytes());
        File.Copy(Ran(Initial(length: ofParent)).CheckpointFile, folder.ParentCheckpointFile);
        Assert.Contains(what, Assert.Throws<InvalidDataException>(() => Run(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Feature_vectors_train_from_the_first_snapshot_on()
    {
        var window = new Edge.Storage.WindowShape(24, 1, 1);
        var random = new Random(1);
        var samples = new RoundSamples
        {
            Window = window,
            Classes = [.. Enumerable.Range(0, 40).Select(i => i % 4)],
            IsFresh = [.. Enumerable.Repeat(true, 40)],
            Values = [.. Enumerable.Range(0, 40).SelectMany(i => Enumerable.Range(0, 24).Select(f => (f % 4 == i % 4 ? 1000f : 0) + random.NextSingle()))],
        };
        var folder = Folder(Plan(1) with { Window = window });
        File.WriteAllBytes(folder.SamplesFile, samples.ToBytes());
        File.Copy(Ran(Folder(Plan(0) with { Kind = RoundKind.Initial, Window = window })).CheckpointFile, folder.ParentCheckpointFile);
        var report = Run(folder);
        Assert.True(report.HasCandidate);
        Assert.True(report.LastEpochLoss < report.FirstEpochLoss);
    }

    [Fact]
    public void Asking_for_a_device_that_is_not_there_is_refused_with_a_remedy()
    {
        Assert.SkipWhen(cuda.is_available(), "there is a CUDA device");
        var plan = Plan(0) with { Kind = RoundKind.Initial };
        Assert.Equal(
            "training.device is cuda, but this machine and its libtorch offer no CUDA device. Set it to auto or cpu, or install the CUDA build of libtorch and the driver.",
            Assert.Throws<InvalidDataException>(() => Run(Folder(plan with { Training = plan.Training with { Device = "cuda" } }))).Message);
    }

    [Fact]
    public void A_round_whose_time_runs_out_ends_with_what_it_has()
    {
        var folder = FineTune(Ran(Initial()), round: 1, training: t => t with { Epochs = 50, TimeBudgetSeconds = 60 });
        var report = RoundRunner.Run(folder, Export, _ => { }, TestContext.Current.CancellationToken, new TickingClock());
        Assert.Equal((true, "time budget"), (report.HasCandidate, report.EndedEarly));
        Assert.InRange(report.StepCount, 2, 60); // The clock goes on by a second per look, of 100 steps.
        using var net = LearnerCheckpoint.Read(folder.CheckpointFile, SyntheticWaves.Classes);
        Assert.Equal(report.StepCount, net.TrainedStepCount);
    }

    public void Dispose() => root.Delete(recursive: true);

    private static byte[] Export(LearnerNet net, RoundPlan plan, TrainingSummary training)
    {
        Assert.False(net.training);
        return System.Text.Encoding.UTF8.GetBytes($"onnx of {plan.Classes.Count} classes, {training.ToJson()}");
    }

    private static RoundReport Run(RoundFolder folder) => RoundRunner.Run(folder, Export, _ => { }, TestContext.Current.CancellationToken);

    private static RoundFolder Ran(RoundFolder folder)
    {
        Assert.True(Run(folder).HasCandidate);
        return folder;
    }

    private static string[] Files(string directory) => [.. Directory.GetFiles(directory).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    private static void AssertParity(RoundFolder folder, LearnerNet net)
    {
        var parity = ParityCases.FromBytes(File.ReadAllBytes(folder.ParityFile));
        Assert.Equal(8, parity.Count);
        using var scope = NewDisposeScope();
        var embeddings = nn.functional.normalize(net.Backbone.forward(tensor(parity.Windows, [8, 3, 128])), 2, 1);
        Assert.All(embeddings.data<float>().ToArray().Zip(parity.Embeddings), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    private RoundFolder Initial(int seed = 1, int length = 128, string backbone = "auto") =>
        Folder(new RoundPlan
        {
            Round = 0,
            Kind = RoundKind.Initial,
            Classes = SyntheticWaves.Classes,
            Window = SyntheticWaves.Window with { Length = length },
            Training = new TrainingSection { Seed = seed, ThreadCount = 1, Backbone = backbone },
            ReadoutTemperature = 0.1,
        });

    private static RoundPlan Plan(int round) => new()
    {
        Round = round,
        Kind = RoundKind.FineTune,
        ParentId = "s000000-00000000",
        Classes = SyntheticWaves.Classes,
        Window = SyntheticWaves.Window,
        Training = new TrainingSection { Epochs = 2, BatchSize = 16, ReplayBatchSize = 16, ThreadCount = 1 },
        ReadoutTemperature = 0.1,
    };

    private RoundFolder FineTune(
        RoundFolder parent, int round, Action<RoundSamples>? spoil = null, IReadOnlyList<string>? classes = null, string method = "edge", Func<TrainingSection, TrainingSection>? training = null)
    {
        var section = Plan(round).Training with { Method = method };
        var folder = Folder(Plan(round) with { Classes = classes ?? SyntheticWaves.Classes, Training = training is null ? section : training(section) });
        var samples = SyntheticWaves.Together(SyntheticWaves.Draw([2, 3], 16, isFresh: true, seed: 1), SyntheticWaves.Draw([0, 1], 8, isFresh: false, seed: 2));
        spoil?.Invoke(samples);
        File.WriteAllBytes(folder.SamplesFile, samples.ToBytes());
        File.Copy(parent.CheckpointFile, folder.ParentCheckpointFile);
        return folder;
    }

    private RoundFolder Folder(RoundPlan plan)
    {
        var folder = new RoundFolder(root.CreateSubdirectory(Guid.NewGuid().ToString("N")).FullName);
        File.WriteAllBytes(folder.PlanFile, JsonSerializer.SerializeToUtf8Bytes(plan, RoundFolder.Json));
        return folder;
    }

    private sealed class TickingClock : TimeProvider
    {
        private long ticks;

        public override long GetTimestamp() => ticks += TimestampFrequency;
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
