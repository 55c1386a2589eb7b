using System.Diagnostics;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Runtime.Tests.Inference;
using Edge.Storage;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Tests.Learning;

/// <summary>Whatever happens to a training child, the service hears of it and goes on.</summary>
[Collection(nameof(FirstRound))]
public sealed class TrainingChildTests(FirstRound first) : IDisposable
{
    private const int Endless = 100_000;
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task A_child_that_does_its_work_leaves_a_candidate_that_runs()
    {
        var folder = first.FineTune(data, round: 1, epochs: 2);
        var progress = new List<RoundProgress>();
        var outcome = await RunAsync(folder, new TrainingSection(), (_, line) =>
        {
            if (line is not null) progress.Add(line);
        });
        Assert.Null(outcome.Ended);
        Assert.False(outcome.WasKilled);
        Assert.Equal((1, true), (folder.ReadReport().Round, folder.ReadReport().HasCandidate));
        Assert.NotEmpty(progress);
        Assert.Equal((progress[^1].StepCount, folder.ReadReport().StepCount), (progress[^1].Step, progress[^1].StepCount));
        AssertRuns(folder);

        var (about, report) = (Edge.Runtime.Snapshots.ModelDescription.Read(folder.ModelFile).Metadata, folder.ReadReport());
        Assert.Equal(["channels", "classes", "frozenBank", "parent", "round", "sampleRateHz", "training", "windowChannels", "windowLength"], about.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("1", TestSnapshot.Manifest.Id, "[]"), (about["round"], about["parent"], about["channels"]));
        Assert.Equal(
            string.Create(System.Globalization.CultureInfo.InvariantCulture, $$"""{"backbone":"TscilCnn","method":"edge","stepCount":{{report.StepCount}},"firstEpochLoss":{{Math.Round(report.FirstEpochLoss, 6)}},"lastEpochLoss":{{Math.Round(report.LastEpochLoss, 6)}},"freshCount":60,"replayCount":30}"""),
            about["training"]);
        Assert.Equal("""{"backbone":"TscilCnn","stepCount":0,"freshCount":0,"replayCount":0}""", Edge.Runtime.Snapshots.ModelDescription.Read(first.Folder.ModelFile).Metadata["training"]);
    }

    [Theory]
    [InlineData("resnet", "ResNet1d")]
    [InlineData("transformer", "TimeSeriesTransformer")]
    [InlineData("mlp", "MlpBackbone")]
    public async Task Another_backbone_begins_from_new_weights_and_its_graph_runs(string backbone, string name)
    {
        var folder = first.FineTune(data, round: 1, epochs: 2, backbone: backbone);
        Assert.Null((await RunAsync(folder, new TrainingSection(), (_, _) => { })).Ended);
        var report = folder.ReadReport();
        Assert.Equal($"training.backbone is {backbone} ({name}), the parent {TestSnapshot.Manifest.Id} is a TscilCnn", report.BeganAnewBecause);
        Assert.Equal((true, 90, 0), (report.HasCandidate, report.FreshCount, report.ReplayCount));
        AssertRuns(folder);
    }

    [Fact]
    public async Task All_threads_of_a_child_that_trains_have_the_lowest_priority()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "priorities are read from /proc");
        string[] nice = [];
        await RunAsync(first.FineTune(data, 1, Endless), new TrainingSection(), (id, progress) =>
        {
            if (progress is null) return;
            nice = [.. Directory.EnumerateDirectories($"/proc/{id}/task").Select(task => File.ReadAllText(Path.Combine(task, "stat")).Split(") ")[^1].Split(' ')[16])];
            Kill(id);
        });
        Assert.True(nice.Length > 2);
        Assert.All(nice, value => Assert.Equal("19", value));
    }

    [Fact]
    public async Task A_child_that_is_killed_is_told_from_one_that_failed()
    {
        var folder = first.FineTune(data, 1, Endless);
        var outcome = await RunAsync(folder, new TrainingSection(), (id, _) => Kill(id));
        Assert.Equal(("signal 9 ended the training child", true), (outcome.Ended, outcome.WasKilled));
        Assert.False(Directory.Exists(folder.CandidateDirectory));
    }

    [Fact]
    public async Task A_round_that_was_killed_can_be_run_again()
    {
        var folder = first.FineTune(data, 1, epochs: 2);
        Assert.True((await RunAsync(folder, new TrainingSection(), (id, progress) =>
        {
            if (progress is not null) Kill(id); // In the middle of its steps.
        })).WasKilled);
        Assert.Null((await RunAsync(folder, new TrainingSection(), (_, _) => { })).Ended);
        Assert.True(folder.ReadReport().StepCount > 0);
    }

    [Fact]
    public async Task A_round_that_takes_too_long_is_ended()
    {
        var outcome = await RunAsync(first.FineTune(data, 1, Endless), new TrainingSection { TimeBudgetSeconds = 0 }, (_, _) => { });
        Assert.Equal(("the round took longer than training.timeBudgetSeconds (0 s)", true, RoundBudget.Time), (outcome.Ended, outcome.WasKilled, outcome.Outgrew));
    }

    [Fact]
    public async Task A_child_that_outgrows_its_memory_is_ended()
    {
        var outcome = await RunAsync(first.FineTune(data, 1, Endless), new TrainingSection { MemoryBudgetMiB = 1 }, (_, _) => { });
        Assert.Matches("^the training child used [1-9][0-9]* MiB; training.memoryBudgetMiB is 1$", outcome.Ended);
        Assert.Equal((true, RoundBudget.Memory), (outcome.WasKilled, outcome.Outgrew));
    }

    [Fact]
    public async Task A_round_with_halved_rows_takes_half_of_them_at_a_time()
    {
        var folder = first.FineTune(data, 1, epochs: 1);
        RoundPlans.HalveRows(folder);
        RoundPlans.HalveRows(folder);
        Assert.Null((await RunAsync(folder, new TrainingSection(), (_, _) => { })).Ended);
        Assert.Equal((32 + 64) * 2 / 4, folder.ReadReport().MicroBatchSize);
    }

    [Fact]
    public async Task A_round_that_is_over_is_run_again_on_demand_and_compared_with_what_is_kept()
    {
        var folder = first.FineTune(data, 1, epochs: 1);
        Assert.Equal(0, (await EdgeProgram.RunAsync(data.Path, "train", "--round", folder.Path)).ExitCode);
        byte[] kept = File.ReadAllBytes(folder.ReportFile);
        var told = await EdgeProgram.RunAsync(data.Path, "train", "--round", folder.Path);
        Assert.Contains("this round was over before; what follows is of then", told.Errors, StringComparison.Ordinal);
        var again = await EdgeProgram.RunAsync(data.Path, "train", "--round", folder.Path, "--again");
        Assert.Equal(0, again.ExitCode);
        Assert.Matches("step [0-9]+/", again.Errors); // It did run.
        Assert.EndsWith("the same bytes as the candidate that is kept\n", again.Output);
        Assert.Equal(kept, File.ReadAllBytes(folder.ReportFile));

        byte[] parity = File.ReadAllBytes(folder.ParityFile);
        parity[^9] ^= 1;
        File.WriteAllBytes(folder.ParityFile, parity);
        var other = await EdgeProgram.RunAsync(data.Path, "train", "--round", folder.Path, "--again", "--json");
        Assert.Equal(1, other.ExitCode);
        Assert.EndsWith("{\"round\":1,\"same\":false,\"differing\":[\"parity.bin\"]}\n", other.Output);

        File.Delete(folder.SamplesFile);
        var gone = await EdgeProgram.RunAsync(data.Path, "train", "--round", folder.Path, "--again");
        Assert.Equal(70, gone.ExitCode);
        Assert.Contains("'edge replay forget' deletes the samples", gone.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_round_that_is_not_over_cannot_be_compared()
    {
        var ended = await EdgeProgram.RunAsync(data.Path, "train", "--round", first.FineTune(data, 1, epochs: 1).Path, "--again");
        Assert.Equal(70, ended.ExitCode);
        Assert.Contains("the round is not over, and there is nothing to compare with", ended.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_the_service_stops_the_child_is_ended()
    {
        using var stopping = new CancellationTokenSource();
        int child = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TrainingChild.RunAsync(
            first.FineTune(data, 1, Endless).Path,
            new TrainingSection(),
            (id, _) =>
            {
                child = id;
                stopping.Cancel();
            },
            TimeProvider.System,
            stopping.Token));
        while (Directory.Exists($"/proc/{child}")) await Task.Delay(20, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_child_whose_service_is_gone_ends_by_itself()
    {
        using var child = EdgeProgram.Start(data.Path, "train", "--round", first.FineTune(data, 1, Endless).Path, "--of-service");
        child.StandardInput.Close(); // The kernel does this when a service dies.
        Assert.Equal(70, (await EdgeProgram.EndAsync(child)).ExitCode);
    }

    [Theory]
    [InlineData(null, "plan.json")]
    [InlineData("{ \"round\": ", "plan.json is not a RoundPlan")]
    public async Task A_folder_that_is_no_round_is_told_in_the_childs_words(string? plan, string words)
    {
        var folder = new RoundFolder(data.Path);
        if (plan is not null) File.WriteAllText(folder.PlanFile, plan);
        var outcome = await RunAsync(folder, new TrainingSection(), (_, _) => { });
        Assert.Equal(("the training child exited with 70", false), (outcome.Ended, outcome.WasKilled));
        Assert.Contains(words, outcome.Talk);
    }

    [Fact]
    public async Task Samples_that_were_torn_are_told_in_the_childs_words()
    {
        var folder = first.FineTune(data, 1, 1);
        byte[] samples = File.ReadAllBytes(folder.SamplesFile);
        samples[samples.Length / 2] ^= 1;
        File.WriteAllBytes(folder.SamplesFile, samples);
        var outcome = await RunAsync(folder, new TrainingSection(), (_, _) => { });
        Assert.Equal("the training child exited with 70", outcome.Ended);
        Assert.Contains("samples.bin fails its checksum", outcome.Talk);
    }

    [Fact]
    public async Task The_first_snapshot_is_made_once_and_is_there_after_a_restart()
    {
        var snapshots = new SnapshotStore(data["snapshots"], 3);
        var made = await EnsureAsync(snapshots, FirstRound.Config);
        Assert.Equal((0, 128, TestSnapshot.Window), (made.Round, made.EmbeddingLength, made.Window));
        Assert.Equal(made.Id, (await EnsureAsync(new SnapshotStore(data["snapshots"], 3), FirstRound.Config)).Id);
        Assert.Single(Directory.GetDirectories(data["snapshots"]));
    }

    [Fact]
    public async Task On_trial_the_first_snapshot_for_other_windows_runs_for_this_process_only_until_it_is_kept()
    {
        var before = new SnapshotStore(data["snapshots"], 1).Promote(Candidate(), TestSnapshot.Manifest with { Window = TestSnapshot.Window with { Length = 64 } });
        var trying = new SnapshotStore(data["snapshots"], 1);
        var made = await EnsureAsync(trying, FirstRound.Config, isOnTrial: true);
        Assert.Equal((TestSnapshot.Window, made.Id), (made.Window, trying.Current!.Id));
        var rolledBack = new SnapshotStore(data["snapshots"], 1);
        Assert.Equal(before.Id, rolledBack.Current!.Id); // Neither replaced nor pruned, though one is all that is kept.

        var again = new SnapshotStore(data["snapshots"], 1);
        Assert.Equal(made.Id, (await EnsureAsync(again, FirstRound.Config, isOnTrial: true)).Id); // The next attempt makes no other.
        Assert.Equal(before.Id, new SnapshotStore(data["snapshots"], 1).Current!.Id);
        again.Keep();
        Assert.Equal(made.Id, new SnapshotStore(data["snapshots"], 1).Current!.Id);
    }

    [Fact]
    public async Task A_first_snapshot_that_cannot_be_made_says_why_and_where_to_look()
    {
        var config = FirstRound.Config with { Training = new TrainingSection { MemoryBudgetMiB = 1 } };
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => EnsureAsync(new SnapshotStore(data["snapshots"], 3), config));
        Assert.StartsWith("the first snapshot could not be made: the training child used ", e.Message);
        Assert.EndsWith("Run 'edge doctor' to see what training needs on this machine.", e.Message);
    }

    [Fact]
    public void The_memory_of_a_process_that_is_gone_is_none()
    {
        Assert.Equal(0, TrainingChild.ResidentMiB(int.MaxValue));
        Assert.InRange(TrainingChild.ResidentMiB(Environment.ProcessId), 10, 100_000);
        Assert.True(TrainingChild.ResidentMiB(Environment.ProcessId, "VmHWM") >= TrainingChild.ResidentMiB(Environment.ProcessId) - 64);
    }

    private string Candidate()
    {
        string folder = Directory.CreateDirectory(data["candidate"]).FullName;
        File.WriteAllText(Path.Combine(folder, SnapshotStore.ModelFileName), "a graph");
        File.WriteAllText(Path.Combine(folder, SnapshotStore.CheckpointFileName), "weights");
        return folder;
    }

    private Task<SnapshotManifest> EnsureAsync(SnapshotStore snapshots, DeviceConfig config, bool isOnTrial = false) =>
        FirstSnapshot.EnsureAsync(snapshots, new RoundFolders(data["rounds"], 3), config, TestSnapshot.Window, ["x", "y", "z"], TimeProvider.System, isOnTrial, TestContext.Current.CancellationToken);

    private static Task<ChildOutcome> RunAsync(RoundFolder folder, TrainingSection budget, Action<int, RoundProgress?> report) =>
        TrainingChild.RunAsync(folder.Path, budget, report, TimeProvider.System, TestContext.Current.CancellationToken);

    private static void Kill(int id)
    {
        using var child = Process.GetProcessById(id);
        child.Kill();
    }

    /// <summary>The service would open the candidate, and its graph computes what the trainer computed.</summary>
    private static void AssertRuns(RoundFolder folder)
    {
        var candidate = TestSnapshot.Manifest with { Id = "candidate", EmbeddingLength = folder.ReadReport().EmbeddingLength };
        var cases = ParityCases.FromBytes(File.ReadAllBytes(folder.ParityFile));
        using var classifier = Classifier.Open(folder.ModelFile, candidate, new InferenceSection { Providers = ["cpu"] }, cases.Count);
        classifier.ScoreBatch(cases.Windows);
        float[] actual = [.. Enumerable.Range(0, cases.Count).SelectMany(i => classifier.EmbeddingOf(i).ToArray())];
        double error = PromotionGate.ParityError(cases.Embeddings, actual);
        TestContext.Current.TestOutputHelper?.WriteLine($"parity error {error:0.0e+0}");
        Assert.InRange(error, 0, new PromotionSection().MaxParityError);
    }
}
