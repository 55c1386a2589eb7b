using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Runtime.Updates;
using Edge.Storage;

namespace Edge.Runtime.Tests.Updates;

/// <summary>What a running service takes without a restart, and what it does not.</summary>
public sealed class LiveConfigTests
{
    [Fact]
    public void Live_fields_are_exchanged_as_a_whole_and_no_other_ever_is()
    {
        var start = new DeviceConfig();
        var live = new LiveConfig(start);
        DeviceConfig? heard = null;
        live.Swapped += next => heard = next;
        var next = start with { Drift = start.Drift with { Threshold = 9 }, Training = start.Training with { LearningRate = 0.01 } };
        live.Swap(next);
        Assert.Same(next, live.Current);
        Assert.Same(next, heard);
        Assert.Throws<ArgumentException>(() => live.Swap(next with { Window = next.Window with { Stride = 32 } }));
        Assert.Same(next, live.Current);
    }

    [Fact]
    public void The_schedule_of_rounds_follows_it()
    {
        using var data = new DataFolder();
        var start = new DeviceConfig();
        var live = new LiveConfig(start);
        using var buffer = ReplayBuffer.Open(data["replay.db"], new ReplayBufferOptions { Capacity = 4, AnchorCapacity = 4, AnchorShare = 0.1, AnchorBlockSeconds = 10, FreshCapacity = 4, Seed = 1 }, TimeProvider.System);
        var schedule = new RoundSchedule(live, buffer, new SnapshotStore(data["snapshots"], 2));
        int before = schedule.NeededFor(RoundSchedule.Drift);
        live.Swap(start with { Training = start.Training with { RoundExamples = start.Training.RoundExamples * 2 } });
        Assert.Equal(2 * before, schedule.NeededFor(RoundSchedule.Drift));
    }
}
