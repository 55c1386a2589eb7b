using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Runtime.Updates;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Edge.Trainer.Rounds;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Runtime.Tests.Learning;

/// <summary>Rounds of the service that bring nothing: there was nothing to train, or the child outgrew its memory. The examples are let go all the same, and the running snapshot goes on.</summary>
[Collection(nameof(FirstRound))]
public sealed class RoundWithoutCandidateTests(FirstRound first) : IDisposable
{
    private readonly DataFolder data = new();
    private readonly List<JsonElement> told = [];
    private ClassStatistics? counted;
    private double before;

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task A_method_that_trains_nothing_starts_no_child_and_writes_no_snapshot()
    {
        Assert.Equal((0, 1), await RunAsync(Config(new TrainingSection { Method = "frozenRidge" })));
        Assert.Empty(told);
        Assert.False(Directory.Exists(data["rounds"]));
    }

    [Fact]
    public async Task Other_frozen_features_need_a_child_that_writes_their_graph()
    {
        var config = Config(new TrainingSection { Method = "frozenRidge", MemoryBudgetMiB = 1, MaxAttempts = 1 });
        await RunAsync(config with { ReadOut = config.ReadOut with { FrozenSeed = config.ReadOut.FrozenSeed + 1 } });
        Assert.Equal("started", told[0].GetProperty("event").GetString());
    }

    [Fact]
    public async Task After_a_child_that_outgrew_its_memory_the_next_takes_half_as_many_rows_at_a_time()
    {
        Assert.Equal((0, 1), await RunAsync(Config(new TrainingSection { MemoryBudgetMiB = 1, MaxAttempts = 3 })));
        Assert.Equal(2, new RoundFolder(Directory.GetDirectories(data["rounds"]).Single()).ReadPlan().MemoryHalvings); // None after the last attempt.
        string[] reasons = [.. told.Where(message => message.GetProperty("event").GetString() == "retried").Select(message => message.GetProperty("reason").GetString()!)];
        Assert.Equal(2, reasons.Length);
        Assert.All(reasons, reason => Assert.Matches("^the training child used [0-9]+ MiB; training.memoryBudgetMiB is 1; the next attempt takes half as many rows at a time$", reason));
    }

    [Theory]
    [InlineData(0.5, true, 0.5)]
    [InlineData(0.5, false, 1)]
    [InlineData(1, true, 1)]
    public async Task What_was_counted_weighs_less_once_a_drift_has_started_a_round(double discount, bool afterDrift, double weighs)
    {
        var config = Config(new TrainingSection { Method = "frozenRidge" });
        await RunAsync(config with { ReadOut = config.ReadOut with { DriftDiscount = discount } }, afterDrift);
        Assert.True(before > 0);
        Assert.Equal(before * weighs, Mass(counted!), 9);
        Assert.Equal(before * weighs, Mass(new StatisticsFile(data["statistics.bin"]).Load(counted!.FeatureBankId, counted.FeatureLength)!), 9); // What a restart finds.
    }

    [Fact]
    public async Task A_round_that_the_disk_refuses_has_not_begun_and_takes_nothing_from_what_was_counted()
    {
        File.WriteAllText(data["rounds"], "a file where its folder would be");
        var config = Config(new TrainingSection());
        await RunAsync(config with { ReadOut = config.ReadOut with { DriftDiscount = 0.5 } }, afterDrift: true, begins: false);
        Assert.Equal(before, Mass(counted!), 9);
    }

    private static DeviceConfig Config(TrainingSection training) => FirstRound.Config with
    {
        Sensor = new SensorSection { SampleRateHz = TestSnapshot.Window.SampleRateHz },
        Window = new WindowSection { Length = TestSnapshot.Window.Length },
        Inference = new InferenceSection { Providers = ["cpu"] },
        Training = training,
    };

    private static double Mass(ClassStatistics statistics) => statistics.Classes.Sum(name => statistics.Of(name)!.Mass);

    /// <summary>Runs one round over thirty examples on the first snapshot; what waits for a round afterwards, and the snapshots that there are.</summary>
    private async Task<(int Fresh, int Snapshots)> RunAsync(DeviceConfig config, bool afterDrift = false, bool begins = true)
    {
        var cancel = TestContext.Current.CancellationToken;
        var time = TimeProvider.System;
        using var buffer = ReplayBuffer.Open(data["replay.db"], new ReplayBufferOptions { Capacity = 40, AnchorCapacity = 10, AnchorShare = 0.1, AnchorBlockSeconds = 1, FreshCapacity = 40, Seed = 1 }, time);
        var snapshots = new SnapshotStore(data["snapshots"], 2);
        var own = snapshots.Promote(first.Folder.ModelFile, first.Folder.CheckpointFile, TestSnapshot.Manifest);
        var providers = new ProviderChain(config.Inference, new EngineCache(data["engines"]));
        var shapes = ShapeHistory.Load(data["shapes"]);
        var (state, live) = (new ServiceState(time), new LiveConfig(config));
        using var slot = new ReadOutSlot();
        using var readOut = new ReadOut(slot, config.Inference, config.ReadOut, new ReadOutFiles(data["statistics.bin"], data["readout.json"]), snapshots.ModelFile(own), own, providers, shapes);
        await buffer.OfferAsync([.. TestSnapshot.Classes.SelectMany((name, c) => Enumerable.Range(0, 10).Select(i => new Example
        {
            WindowId = (ulong)(c * 10 + i + 1), Class = name, StartSeconds = c * 10 + i, LabelledAt = DateTimeOffset.UnixEpoch, Samples = TestSnapshot.WindowOf(name, c * 10 + i),
        }))], new PrototypeBank(own.Id, own.EmbeddingLength));
        await readOut.RestoreAsync(buffer);
        counted = readOut.FrozenCounted;
        before = Mass(counted!);
        Assert.True(buffer.Counts.FreshCount > 0);

        var reporter = new Reporter(new Topics("edge", "device"), "boot", time, message => told.Add(JsonSerializer.Deserialize<JsonElement>(message.Payload.Span)));
        var watch = new AnchorWatch(buffer, snapshots, new FirstGraph(data["first"], snapshots), slot, providers, shapes, new MemoryRecord(data["memory.json"]), live, reporter, state, NullLogger<AnchorWatch>.Instance);
        var flows = new Flows(false, state, new SampleBlockPool(1, 1), new WindowPool(TestSnapshot.Window));
        var round = new TrainingRound(flows, buffer, snapshots, new RoundFolders(data["rounds"], 2), slot, providers, shapes, watch, live, reporter, state, time, NullLogger<TrainingRound>.Instance);
        var running = round.RunAsync(afterDrift, cancel);
        if (!begins)
        {
            await running;
            Assert.Equal((false, true), (round.HasBegun, round.WasRefusedByDisk));
            return default;
        }

        if (afterDrift && config.ReadOut.DriftDiscount < 1)
        {
            var discounting = Assert.IsType<Discounting>(await flows.Handovers.Reader.ReadAsync(cancel));
            readOut.Discount(discounting.Share);
            discounting.Done.SetResult();
        }

        var settlement = Assert.IsType<Settlement>(await flows.Handovers.Reader.ReadAsync(cancel));
        await readOut.SettleAsync(settlement, buffer);
        settlement.Done.SetResult();
        await running;
        Assert.True(round.HasBegun);
        Assert.Equal(own.Id, snapshots.Current!.Id);
        return (buffer.Counts.FreshCount, snapshots.List().Count);
    }
}
