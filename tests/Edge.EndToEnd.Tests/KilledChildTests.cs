using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>The training child dies; the service does not.</summary>
public sealed class KilledChildTests
{
    [Fact]
    public async Task Inference_goes_on_the_event_is_reported_and_the_round_is_retried()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.epochs", 4).With("training.patienceEpochs", 0).WithFirstSnapshotAsync();
        var run = device.Run();
        var started = await fleet.HearsAsync("training", t => (string?)t["event"] == "started", "a round starts");
        int round = (int)started["round"]!;
        int child = 0;
        await Eventually.Holds(() => (child = run.TrainingChild() ?? 0) != 0, "the round has a child", () => run.Said);
        Assert.True(LinuxProcess.Signal(child, LinuxProcess.Kill));

        var killed = await fleet.HearsAsync("training", t => (string?)t["event"] == "childKilled", "the kill is reported");
        Assert.Equal((round, 1), ((int)killed["round"]!, (int)killed["attempt"]!));
        Assert.Contains("signal 9", (string?)killed["reason"]);
        long seen = fleet.WindowsSeen;
        var retried = await fleet.HearsAsync("training", t => (string?)t["event"] == "retried", "the round is tried again");
        Assert.Equal((round, 2), ((int)retried["round"]!, (int)retried["attempt"]!));
        await fleet.HearsAsync("prediction", p => (long)p["windowsSeen"]! > seen, "inference goes on");
        var finished = await fleet.HearsAsync("training", t => (string?)t["event"] == "finished" && (int)t["round"]! == round, "the round is finished");
        Assert.Equal(2, (int)finished["attempt"]!);
        await fleet.HearsAsync("snapshot", s => (int)s["round"]! == round, "its candidate is judged");

        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        Assert.Equal(0, (long)run.Summary()["windowsDropped"]!);
    }

    [Fact]
    public async Task A_round_whose_child_always_dies_is_abandoned_after_the_configured_attempts()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("training.epochs", 200).With("training.patienceEpochs", 0).With("training.maxAttempts", 2).WithFirstSnapshotAsync();
        var run = device.Run();
        for (int attempt = 1; attempt <= 2; attempt++)
        {
            await fleet.HearsAsync("training", t => (int?)t["attempt"] == attempt && (string?)t["event"] is "started" or "retried", $"attempt {attempt} starts");
            int child = 0;
            await Eventually.Holds(() => (child = run.TrainingChild() ?? 0) != 0, "it has a child", () => run.Said);
            LinuxProcess.Signal(child, LinuxProcess.Kill);
            await Eventually.Holds(() => fleet.On("training").Count(t => (string?)t["event"] == "childKilled") == attempt, "the kill is reported");
        }

        var abandoned = await fleet.HearsAsync("training", t => (string?)t["event"] == "abandoned", "the round is given up");
        Assert.Contains("training.maxAttempts = 2", (string?)abandoned["reason"]);
        Assert.True(run.IsAlive);
    }
}
