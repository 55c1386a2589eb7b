using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Storage;

namespace Edge.Runtime.Tests.Learning;

/// <summary>The snapshot that a configuration names.</summary>
public sealed class PinnedSnapshotTests : IDisposable
{
    private static readonly WindowShape s_window = new(9, 128, 50);
    private readonly DataFolder data = new();
    private readonly string first, second;

    public PinnedSnapshotTests()
    {
        var store = Store();
        (first, second) = (Promote(store, s_window, 1), Promote(store, s_window, 2));
    }

    public void Dispose() => data.Dispose();

    [Fact]
    public void On_trial_it_runs_for_this_process_alone_and_when_it_stays_for_good()
    {
        var trying = Store();
        Assert.Equal("", PinnedSnapshot.Run(Pin(first), s_window, trying, isOnTrial: true));
        Assert.Equal(first, trying.Current!.Id);
        Assert.Equal(second, Store().Current!.Id); // What a start after a roll back finds.
        trying.Keep();
        Assert.Equal(first, Store().Current!.Id);
        Assert.Equal("", PinnedSnapshot.Run(Pin(""), s_window, Store(), isOnTrial: false)); // Taken out again: it goes on from there.
        Assert.Equal(first, Store().Current!.Id);
    }

    [Fact]
    public void One_that_is_not_there_is_damaged_or_takes_other_windows_is_refused_with_what_there_is()
    {
        Assert.Null(PinnedSnapshot.WhyNot(Pin(first), data["snapshots"]));
        Assert.Null(PinnedSnapshot.WhyNot(Pin(""), data["snapshots"]));
        Assert.Contains($"it holds {first}, {second}", PinnedSnapshot.WhyNot(Pin("s000009-00000000"), data["snapshots"]));
        Assert.Contains("takes windows [9, 128] at 50 Hz", PinnedSnapshot.WhyNot(Pin(first) with { Window = new WindowSection { Length = 64 } }, data["snapshots"]));
        File.WriteAllText(Path.Combine(data["snapshots"], first, "model.onnx"), "flipped");
        Assert.Contains("damaged", PinnedSnapshot.WhyNot(Pin(first), data["snapshots"]));
    }

    [Fact]
    public void One_that_is_lost_later_stops_a_trial_and_not_a_device()
    {
        File.WriteAllText(Path.Combine(data["snapshots"], first, "model.onnx"), "flipped");
        Assert.Throws<InvalidDataException>(() => PinnedSnapshot.Run(Pin(first), s_window, Store(), isOnTrial: true));
        var store = Store();
        Assert.Contains(first, PinnedSnapshot.Run(Pin(first), s_window, store, isOnTrial: false));
        Assert.Equal(second, store.Current!.Id);
    }

    private static DeviceConfig Pin(string id) => new() { Promotion = new PromotionSection { PinnedSnapshot = id } };

    private SnapshotStore Store() => new(data["snapshots"], 5);

    private string Promote(SnapshotStore store, WindowShape window, int round)
    {
        File.WriteAllText(data["model"], $"graph {round}");
        File.WriteAllText(data["checkpoint"], $"weights {round}");
        return store.Promote(data["model"], data["checkpoint"], new SnapshotManifest { Id = "candidate", CreatedAt = DateTimeOffset.UnixEpoch, Classes = ["walking"], Window = window, EmbeddingLength = 8, Round = round }).Id;
    }
}
