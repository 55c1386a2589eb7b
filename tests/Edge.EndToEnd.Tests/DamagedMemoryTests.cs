using Edge.EndToEnd.Tests.World;

namespace Edge.EndToEnd.Tests;

/// <summary>A replay buffer that is damaged while the service is away.</summary>
public sealed class DamagedMemoryTests
{
    [Fact]
    public async Task A_restore_is_told_to_the_fleet_with_what_came_back_and_what_is_lost()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var fleet = await Fleet.ListenAsync(broker.Port);
        await using var device = await DeviceFolder.Create(broker.Port).With("labels.sourceShare", 0.5).With("training.roundExamples", 5000).WithFirstSnapshotAsync();
        var run = device.Run();
        await Eventually.Holds(() => fleet.On("label/result").Count(l => (bool)l["accepted"]!) >= 20, "labels are taken", () => run.Said);
        run.CtrlC();
        Assert.Equal(0, await run.EndAsync());
        Assert.Empty(fleet.On("replay"));

        string file = Path.Combine(device.Data, "replay.db");
        using (var data = new FileStream(file, FileMode.Open, FileAccess.Write)) data.Write(new byte[8192]);
        var again = device.Run();
        var told = await fleet.HearsAsync("replay", r => (string?)r["event"] == "restored", "the restore is told");
        Assert.True((int)told["salvagedCount"]! >= 20, told.ToJsonString());
        Assert.Equal((0L, 0L), ((long)told["leastLostCount"]!, (long)told["lostCount"]!));
        Assert.True(File.Exists(Path.Combine(device.Data, (string)told["putAside"]!)), told.ToJsonString());
        again.CtrlC();
        Assert.Equal(0, await again.EndAsync());
    }
}
