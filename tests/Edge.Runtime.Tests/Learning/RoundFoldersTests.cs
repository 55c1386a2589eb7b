using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Storage;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Tests.Learning;

/// <summary>What the service writes for a round is what the child reads, and the disk does not fill with old rounds.</summary>
public sealed class RoundFoldersTests : IDisposable
{
    private static readonly WindowShape s_window = new(2, 3, 50);
    private static readonly SnapshotManifest s_parent = new()
    {
        Id = "s000001-01234567",
        CreatedAt = DateTimeOffset.UnixEpoch,
        Classes = ["walking"],
        Window = s_window,
        EmbeddingLength = 128,
        Round = 0,
    };

    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void A_class_that_is_called_otherwise_now_is_trained_by_its_first_name_which_the_checkpoint_knows()
    {
        var config = new DeviceConfig { Labels = new LabelsSection { Classes = ["jogging", "laying"], Renamed = new Dictionary<string, string> { ["walking"] = "jogging" } } };
        var plan = RoundPlans.FineTune(config, 7, s_parent);
        var folder = new RoundFolders(data["rounds"], 3, names: ClassNames.Of(config.Labels.Renamed)).Create(plan, new ReplayDraw([Of("laying", 1), Of("jogging", 2)], [Of("jogging", 3)], 3), null);
        Assert.Equal(["walking", "laying"], new RoundFolder(folder.Path).ReadPlan().Classes);
        Assert.Equal([1, 0, 0], RoundSamples.FromBytes(File.ReadAllBytes(folder.SamplesFile), 50).Classes);
        Assert.Equal(["walking", "laying"], RoundPlans.Initial(config, s_window, []).Classes);
    }

    [Fact]
    public void The_child_reads_the_plan_the_samples_and_the_parent_that_the_service_wrote()
    {
        File.WriteAllText(data["checkpoint"], "weights");
        var config = new DeviceConfig { Labels = new LabelsSection { Classes = ["walking", "laying"] } };
        var plan = RoundPlans.FineTune(config, 7, s_parent);
        var draw = new ReplayDraw([Of("laying", 1), Of("walking", 2)], [Of("walking", 3)], 3);

        var folder = new RoundFolder(new RoundFolders(data["rounds"], 3).Create(plan, draw, data["checkpoint"]).Path);
        var read = folder.ReadPlan();
        Assert.Equal((7, RoundKind.FineTune, s_parent.Id, s_window), (read.Round, read.Kind, read.ParentId, read.Window));
        Assert.Equal((config.ReadOut.FrozenFeatures, config.ReadOut.FrozenSeed), (read.FrozenFeatures, read.FrozenSeed));
        Assert.Equal(JsonSerializer.Serialize(config.Training), JsonSerializer.Serialize(read.Training)); // A record with a list in it is not equal to its copy.
        Assert.Equal(["walking", "laying"], read.Classes);
        Assert.Equal("weights", File.ReadAllText(folder.ParentCheckpointFile));

        var samples = RoundSamples.FromBytes(File.ReadAllBytes(folder.SamplesFile), 50);
        Assert.Equal(s_window, samples.Window);
        Assert.Equal([1, 0, 0], samples.Classes);
        Assert.Equal([true, true, false], samples.IsFresh);
        Assert.Equal([1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3], samples.Values);
        Assert.False(File.Exists(folder.AnchorsFile));
    }

    [Fact]
    public void The_child_gets_the_anchors_that_fit_its_classes_and_windows()
    {
        var plan = RoundPlans.FineTune(new DeviceConfig { Labels = new LabelsSection { Classes = ["walking"] } }, 1, s_parent);
        var folder = new RoundFolders(data.Path, 3).Create(plan, new ReplayDraw([Of("walking", 1)], [], 1), null, [Of("walking", 2), Of("jumping", 3), Of("walking", 4) with { Samples = new float[5] }]);
        var anchors = RoundSamples.FromBytes(File.ReadAllBytes(folder.AnchorsFile), 50);
        Assert.Equal([2, 2, 2, 2, 2, 2], anchors.Values);
        Assert.Equal([false], anchors.IsFresh);
    }

    [Fact]
    public void A_class_that_left_the_configuration_and_a_window_of_another_shape_are_not_trained()
    {
        var plan = RoundPlans.FineTune(new DeviceConfig { Labels = new LabelsSection { Classes = ["walking"] } }, 1, s_parent);
        var draw = new ReplayDraw([Of("laying", 1), Of("walking", 2)], [Of("walking", 3) with { Samples = new float[5] }, Of("jumping", 4), Of("walking", 5)], 5);
        var folder = new RoundFolders(data.Path, 3).Create(plan, draw, null);
        var samples = RoundSamples.FromBytes(File.ReadAllBytes(folder.SamplesFile), 50);
        Assert.Equal([0, 0], samples.Classes);
        Assert.Equal([true, false], samples.IsFresh);
        Assert.Equal([2, 2, 2, 2, 2, 2, 5, 5, 5, 5, 5, 5], samples.Values);
    }

    [Fact]
    public void A_first_snapshot_needs_neither_samples_nor_a_parent()
    {
        var folder = new RoundFolders(data.Path, 3).Create(RoundPlans.Initial(new DeviceConfig(), s_window, ["x", "y"]), null, null);
        var plan = folder.ReadPlan();
        Assert.Equal((0, RoundKind.Initial, null), (plan.Round, plan.Kind, plan.ParentId));
        Assert.Equal(["x", "y"], plan.Channels);
        Assert.Equal(["plan.json"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void What_an_earlier_attempt_at_the_round_left_is_cleared_away()
    {
        var folders = new RoundFolders(data.Path, 3);
        var folder = folders.Create(RoundPlans.Initial(new DeviceConfig(), s_window, []), null, null);
        Directory.CreateDirectory(folder.CandidateDirectory);
        File.WriteAllText(folder.ReportFile, "stale");
        Assert.False(Directory.Exists(folders.Create(RoundPlans.Initial(new DeviceConfig(), s_window, []), null, null).CandidateDirectory));
    }

    [Fact]
    public void The_oldest_folders_are_pruned_and_what_is_no_round_is_left_alone()
    {
        Directory.CreateDirectory(data["notes"]);
        var folders = new RoundFolders(data.Path, 2);
        for (int round = 8; round <= 12; round++) folders.Create(RoundPlans.FineTune(new DeviceConfig(), round, s_parent), null, null);
        folders.Prune();
        Assert.Equal(["000011", "000012", "notes"], Directory.GetDirectories(data.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        new RoundFolders(data.Path, 0).Prune();
        Assert.Equal(["notes"], Directory.GetDirectories(data.Path).Select(Path.GetFileName));
    }

    [Fact]
    public void Old_rounds_go_by_bytes_as_well_and_the_newest_stays()
    {
        var folders = new RoundFolders(data["rounds"], 10, 2_500);
        for (int round = 1; round <= 4; round++)
        {
            var folder = folders.Create(RoundPlans.FineTune(new DeviceConfig(), round, s_parent), null, null);
            File.Delete(folder.PlanFile);
            File.WriteAllBytes(folder.SamplesFile, new byte[1000]);
        }

        folders.Prune();
        Assert.Equal(["000003", "000004"], Directory.GetDirectories(data["rounds"]).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        new RoundFolders(data["rounds"], 10, 1).Prune();
        Assert.Equal("000004", Path.GetFileName(Assert.Single(Directory.GetDirectories(data["rounds"]))));
    }

    [Fact]
    public void What_a_crash_left_unfinished_is_removed_and_a_failed_creation_leaves_nothing()
    {
        var folders = new RoundFolders(data["rounds"], 10);
        Directory.CreateDirectory(data["rounds/000001.tmp"]);
        File.WriteAllText(data["rounds/000001.tmp/samples.bin"], "torn");
        Assert.Equal(1, folders.NextRound([]));
        Assert.ThrowsAny<IOException>(() => folders.Create(RoundPlans.FineTune(new DeviceConfig(), 2, s_parent), null, data["no such checkpoint"]));
        Assert.Empty(Directory.GetDirectories(data["rounds"]));
    }

    [Fact]
    public void Forgetting_takes_the_samples_out_of_every_round_and_leaves_the_rest()
    {
        var folders = new RoundFolders(data["rounds"], 10);
        var plan = RoundPlans.FineTune(new DeviceConfig(), 1, s_parent);
        var folder = folders.Create(plan, new ReplayDraw([Of(plan.Classes[0], 1)], [], 1), null, [Of(plan.Classes[0], 2)]);
        Assert.True(File.Exists(folder.SamplesFile));
        Directory.CreateDirectory(folder.CandidateDirectory + ".tmp"); // Of a child that was killed.
        File.WriteAllBytes(Path.Combine(folder.CandidateDirectory + ".tmp", "parity.bin"), [1]);
        File.WriteAllBytes(folder.ProgressFile + ".tmp", [1]);
        Assert.Equal(1, folders.ForgetSamples());
        Assert.Equal([folder.PlanFile], Directory.GetFileSystemEntries(folder.Path));
        Assert.Equal(0, folders.ForgetSamples());
    }

    [Fact]
    public void The_next_round_is_one_more_than_any_that_left_a_trace()
    {
        var folders = new RoundFolders(data["rounds"], 3);
        Assert.Equal(1, folders.NextRound([])); // No folder yet.
        Assert.Equal(1, folders.NextRound([s_parent]));
        Assert.Equal(10, folders.NextRound([s_parent, s_parent with { Round = 9 }])); // Its folder was pruned.
        folders.Create(RoundPlans.FineTune(new DeviceConfig(), 12, s_parent), null, null);
        Assert.Equal(13, folders.NextRound([s_parent with { Round = 9 }])); // It was refused.
    }

    private static Example Of(string name, ulong id) => new()
    {
        Id = id,
        WindowId = id,
        Class = name,
        StartSeconds = id,
        LabelledAt = DateTimeOffset.UnixEpoch,
        Samples = [.. Enumerable.Repeat((float)id, s_window.ValueCount)],
    };
}
