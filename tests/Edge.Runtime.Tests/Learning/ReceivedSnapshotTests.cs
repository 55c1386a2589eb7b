using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Offers;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Edge.Trainer.Rounds;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Runtime.Tests.Learning;

/// <summary>A snapshot that came over the air whole, and is not one for this device: what its own gate says of the real files. The device runs a graph with a frozen branch.</summary>
public sealed class ReceivedSnapshotTests : IDisposable
{
    private static readonly DeviceConfig s_config = new()
    {
        Sensor = new SensorSection { SampleRateHz = TestSnapshot.Window.SampleRateHz },
        Window = new WindowSection { Length = TestSnapshot.Window.Length },
        Inference = new InferenceSection { Providers = ["cpu"] },
        Labels = new LabelsSection { Classes = TestSnapshot.Classes },
    };

    private readonly DataFolder data = new();
    private readonly List<OutboundMessage> told = [];
    private bool mayBegin = true;
    private int begun;

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task One_of_other_frozen_features_is_refused_since_what_was_counted_by_the_old_ones_would_be_lost()
    {
        string other = TestSnapshot.WriteFrozen(data, seed: 2);
        var refused = await JudgedAsync(s_config, other);
        Assert.Equal("otherFeatures", Assert.Single(refused.Codes!));
        Assert.Contains("it computes other frozen features", Assert.Single(refused.Reasons));
        Assert.Contains("set updates.acceptNewSnapshot to true", refused.Reasons[0]);
    }

    [Fact]
    public async Task One_without_frozen_features_is_refused_for_the_same_reason() =>
        Assert.Equal("otherFeatures", Assert.Single((await JudgedAsync(s_config, TestSnapshot.Write(data))).Codes!));

    [Fact]
    public async Task Where_a_new_one_is_meant_its_features_are_no_reason_and_the_rest_is_judged()
    {
        var config = s_config with { Updates = s_config.Updates with { AcceptNewSnapshot = true } };
        Assert.Equal("unfit", Assert.Single((await JudgedAsync(config, TestSnapshot.WriteFrozen(data, seed: 2), parity: "no cases")).Codes!)); // Its cases come after its features.
    }

    [Fact]
    public async Task A_graph_for_other_windows_than_its_offer_says_is_unfit()
    {
        var refused = await JudgedAsync(s_config with { Window = new WindowSection { Length = 64 } }, TestSnapshot.WriteFrozen(data), runs: TestSnapshot.Window with { Length = 64 });
        Assert.Equal("unfit", Assert.Single(refused.Codes!));
        Assert.Contains("it takes windows", Assert.Single(refused.Reasons));
        Assert.Contains("window.length", refused.Reasons[0]);
    }

    [Fact]
    public async Task A_file_that_is_no_graph_is_unfit()
    {
        File.WriteAllText(data["text.onnx"], "no graph");
        var refused = await JudgedAsync(s_config, data["text.onnx"]);
        Assert.Equal("unfit", Assert.Single(refused.Codes!));
        Assert.StartsWith("contract: ", Assert.Single(refused.Reasons));
    }

    [Fact]
    public async Task A_graph_of_the_same_features_whose_parity_cases_are_none_is_unfit() =>
        Assert.Equal("unfit", Assert.Single((await JudgedAsync(s_config, TestSnapshot.WriteFrozen(data), parity: "no cases")).Codes!));

    [Fact]
    public async Task Nothing_of_it_is_looked_at_unless_that_it_begins_is_on_disk()
    {
        mayBegin = false;
        await TakeAsync(s_config, TestSnapshot.WriteFrozen(data), "no cases", null);
        Assert.Empty(told);
    }

    [Fact]
    public async Task What_only_a_configuration_on_trial_would_let_pass_is_refused_by_the_last_good_one()
    {
        string graph = TestSnapshot.WriteFrozen(data);
        float[] window = TestSnapshot.WindowOf("slow", 1), turned = new float[128];
        turned[0] = 1; // Not what the graph computes.
        var tried = s_config with { Promotion = s_config.Promotion with { MaxParityError = 1000 } };
        var refused = await JudgedAsync(tried, graph, lastGood: s_config, parityBytes: new ParityCases(window, turned, 1).ToBytes());
        Assert.All(refused.Codes!, code => Assert.Equal("gateRefused", code)); // Without an anchor there is another reason.
        Assert.Contains(refused.Reasons, reason => reason.Contains("promotion.maxParityError is 1.0e-5", StringComparison.Ordinal));
    }

    /// <summary>Lets the device judge a graph that was offered; it goes on with its own, and says why.</summary>
    private async Task<SnapshotMessage> JudgedAsync(DeviceConfig config, string modelFile, string parity = "-", WindowShape? runs = null, DeviceConfig? lastGood = null, byte[]? parityBytes = null)
    {
        string own = await TakeAsync(config, modelFile, parity, runs, lastGood, parityBytes);
        var message = JsonSerializer.Deserialize<JsonElement>(Assert.Single(told).Payload.Span);
        Assert.Equal(("refused", "s000009-0badcafe", own), (message.GetProperty("event").GetString(), message.GetProperty("candidateId").GetString(), message.GetProperty("snapshotId").GetString()));
        return new SnapshotMessage { Event = SnapshotEvent.Refused, SnapshotId = own, Round = 0, Reasons = Texts("reasons"), Codes = Texts("codes") };

        string[] Texts(string name) => [.. message.GetProperty(name).EnumerateArray().Select(text => text.GetString()!)];
    }

    /// <summary>Offers a graph, fetches it piece by piece, and lets the device judge it.</summary>
    /// <returns>The snapshot that runs, before and after.</returns>
    private async Task<string> TakeAsync(DeviceConfig config, string modelFile, string parity, WindowShape? runs, DeviceConfig? lastGood = null, byte[]? parityBytes = null)
    {
        File.WriteAllText(data["checkpoint"], "weights");
        if (parityBytes is not null) File.WriteAllBytes(data["parity"], parityBytes);
        else File.WriteAllText(data["parity"], parity);
        var offered = OfferedSnapshot.Of(TestSnapshot.Manifest with { Id = "s000009-0badcafe" }, [modelFile, data["checkpoint"], data["parity"]], new UpdateTarget(), 64 * 1024, DateTimeOffset.UnixEpoch);
        var incoming = IncomingSnapshot.Open(data["incoming"], offered.Offer);
        for (int i = 0; i < offered.Offer.Chunks.Count; i++) Assert.True(incoming.Keep(i, offered.Chunk(i).Data));
        var received = new ReceivedSnapshot(offered.Offer, incoming.Assemble()!, new TaskCompletionSource())
        {
            Begin = () =>
            {
                begun++;
                return mayBegin;
            },
        };

        var time = TimeProvider.System;
        using var buffer = ReplayBuffer.Open(data["replay.db"], new ReplayBufferOptions { Capacity = 40, AnchorCapacity = 10, AnchorShare = 0, AnchorBlockSeconds = 10, FreshCapacity = 40, Seed = 1 }, time);
        var snapshots = new SnapshotStore(data["snapshots"], 2);
        var own = snapshots.Promote(TestSnapshot.WriteFrozen(data), data["checkpoint"], TestSnapshot.Manifest with { Window = runs ?? TestSnapshot.Window });
        var providers = new ProviderChain(config.Inference, new EngineCache(data["engines"]));
        var shapes = ShapeHistory.Load(data["shapes"]);
        var (state, live) = (new ServiceState(time), new LiveConfig(config, () => lastGood));
        using var slot = new ReadOutSlot();
        using var readOut = new ReadOut(slot, config.Inference, config.ReadOut, new ReadOutFiles(data["statistics.bin"], data["readout.json"]), snapshots.ModelFile(own), own with { Window = TestSnapshot.Window }, providers, shapes);
        await readOut.RestoreAsync(buffer);
        var reporter = new Reporter(new Topics("edge", "device"), "boot", time, told.Add);
        var watch = new AnchorWatch(buffer, snapshots, new FirstGraph(data["first"], snapshots), slot, providers, shapes, new MemoryRecord(data["memory.json"]), live, reporter, state, NullLogger<AnchorWatch>.Instance);
        var flows = new Flows(false, state, new SampleBlockPool(1, 1), new WindowPool(TestSnapshot.Window));
        var round = new TrainingRound(flows, buffer, snapshots, new RoundFolders(data["rounds"], 2), slot, providers, shapes, watch, live, reporter, state, time, NullLogger<TrainingRound>.Instance);
        using var inTime = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        inTime.CancelAfter(TimeSpan.FromMinutes(2)); // One that passed would wait for a stage that takes it over.
        Assert.False(await round.TakeAsync(received, inTime.Token));
        Assert.Equal((own.Id, 1), (snapshots.Current!.Id, begun));
        return own.Id;
    }
}
