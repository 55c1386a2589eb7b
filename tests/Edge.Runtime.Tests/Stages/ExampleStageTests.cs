using System.Collections.Concurrent;
using System.Text;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Learning;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Runtime.Windowing;
using Edge.Runtime.Updates;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Runtime.Tests.Stages;

/// <summary>From a labelled window to the disk, with the real buffer and the real read-out.</summary>
public sealed class ExampleStageTests : IDisposable
{
    private static readonly DeviceConfig s_config = new()
    {
        Inference = new InferenceSection { Providers = ["cpu"] },
        Labels = new LabelsSection { Classes = TestSnapshot.Classes },
        Replay = new ReplaySection { CommitBatchSize = 64, FreshCapacity = 400, Capacity = 400 },
        Training = new TrainingSection { RoundExamples = 400 },
    };

    private readonly DataFolder data = new();
    private readonly ServiceState state = new(TimeProvider.System);
    private readonly LabelledWindowSet labelled = new(1024);
    private readonly ConcurrentQueue<OutboundMessage> sent = new();
    private readonly FaultRecord faults = new();
    private readonly ReadOutSlot slot = new();
    private readonly ReplayBuffer buffer;
    private readonly ReadOut readOut;
    private readonly Flows flows;
    private readonly ExampleStage stage;

    public ExampleStageTests()
    {
        buffer = ReplayBuffer.Open(data["replay.db"], new ReplayBufferOptions { Capacity = 400, AnchorCapacity = 10, AnchorShare = 0, AnchorBlockSeconds = 10, FreshCapacity = 400, Seed = 1 }, TimeProvider.System);
        readOut = new ReadOut(slot, s_config.Inference, s_config.ReadOut, new ReadOutFiles(data["statistics.bin"], data["readout.json"]), TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest);
        readOut.RestoreAsync(buffer).GetAwaiter().GetResult();
        flows = new Flows(false, state, new SampleBlockPool(1, 1), new WindowPool(TestSnapshot.Window));
        var schedule = new RoundSchedule(new LiveConfig(s_config), buffer, new SnapshotStore(data["snapshots"], 2));
        var reporter = new Reporter(new Topics("edge", "device"), "boot", TimeProvider.System, sent.Enqueue);
        stage = new ExampleStage(flows, buffer, readOut, labelled, schedule, new RoundGate(flows), new LiveConfig(s_config), reporter, state, TimeProvider.System, NullLogger<ExampleStage>.Instance, faults, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance));
    }

    public void Dispose()
    {
        stage.Dispose();
        slot.Dispose();
        readOut.Dispose();
        buffer.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task All_labels_that_have_come_are_durable_when_the_service_has_stopped()
    {
        for (ulong id = 1; id <= 200; id++) Assert.True(flows.Examples.Writer.TryWrite(Pending(id))); // More than three batches.
        await stage.StartAsync(TestContext.Current.CancellationToken);
        while (state.ExamplesStored == 0) await Task.Delay(1, TestContext.Current.CancellationToken); // It is at work; now in the middle of it:
        await stage.StopAsync(TestContext.Current.CancellationToken);
        await stage.ExecuteTask!;
        Assert.Null(faults.First);
        Assert.Equal(200ul, buffer.Counts.AcknowledgedCount);
        Assert.Equal(200, state.ExamplesStored);
        Assert.Equal(200, readOut.Bank.Counts.Values.Sum());
        Assert.NotNull(labelled.Find(200)!.Example);
        using var stored = File.OpenRead(data["statistics.bin"]);
        Assert.Equal(200, ClassStatistics.ReadFrom(stored, readOut.FrozenCounted!.FeatureBankId, 139, out _)!.Count);
    }

    [Fact]
    public async Task Who_waits_for_the_answer_to_another_label_of_the_window_gets_it_under_its_own_request()
    {
        var pending = Pending(1);
        labelled.Set(new LabelOutcome(pending.Request, null, null)); // As the labelling stage notes it.
        Assert.Null(labelled.Join(pending.Request with { RequestId = "second" }));
        Assert.True(flows.Examples.Writer.TryWrite(pending));
        await stage.StartAsync(TestContext.Current.CancellationToken);
        while (state.ExamplesStored == 0) await Task.Delay(1, TestContext.Current.CancellationToken);
        await stage.StopAsync(TestContext.Current.CancellationToken);
        string[] answers = [.. sent.Where(m => m.Topic.EndsWith("/label/result", StringComparison.Ordinal)).Select(m => Encoding.UTF8.GetString(m.Payload.Span))];
        Assert.Equal(2, answers.Length);
        Assert.Contains("\"requestId\":\"second\"", answers[1], StringComparison.Ordinal);
        Assert.All(answers, answer => Assert.Contains("\"accepted\":true", answer, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_accepted_snapshot_is_adopted_while_no_label_comes()
    {
        var next = TestSnapshot.Manifest with { Id = "s000002-89abcdef" };
        var adoption = new Adoption(
            next, Classifier.Open(TestSnapshot.Write(data), next, s_config.Inference), Classifier.Open(TestSnapshot.Write(data), next, s_config.Inference),
            new PrototypeBank(next.Id, 128), new ClassStatistics(next.Id, 128), null, ReadOutBlend.OfPrototypes, new TaskCompletionSource());
        await stage.StartAsync(TestContext.Current.CancellationToken);
        await flows.Handovers.Writer.WriteAsync(adoption, TestContext.Current.CancellationToken);
        await adoption.Done.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(next.Id, state.Snapshot!.Id);
        await stage.StopAsync(TestContext.Current.CancellationToken);
        Assert.Null(faults.First);
    }

    [Fact]
    public async Task The_end_of_a_round_lets_go_what_waited_for_it_once_the_statistics_count_it()
    {
        for (ulong id = 1; id <= 100; id++) Assert.True(flows.Examples.Writer.TryWrite(Pending(id)));
        await stage.StartAsync(TestContext.Current.CancellationToken);
        while (state.ExamplesStored < 100) await Task.Delay(1, TestContext.Current.CancellationToken);
        Assert.False(File.Exists(data["statistics.bin"]));
        var settlement = new Settlement(100, TestSnapshot.Manifest.Id, null, new TaskCompletionSource());
        await flows.Handovers.Writer.WriteAsync(settlement, TestContext.Current.CancellationToken);
        await settlement.Done.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, buffer.Counts.FreshCount);
        Assert.True(File.Exists(data["statistics.bin"]));
        await stage.StopAsync(TestContext.Current.CancellationToken);
        Assert.Null(faults.First);
    }

    [Fact]
    public async Task Smaller_capacities_let_go_in_the_running_service_what_the_statistics_count()
    {
        for (ulong id = 1; id <= 100; id++) Assert.True(flows.Examples.Writer.TryWrite(Pending(id)));
        await stage.StartAsync(TestContext.Current.CancellationToken);
        while (state.ExamplesStored < 100) await Task.Delay(1, TestContext.Current.CancellationToken);
        var resize = new Resize(new ReplayBufferOptions { Capacity = 12, AnchorCapacity = 10, AnchorShare = 0, AnchorBlockSeconds = 10, FreshCapacity = 20, Seed = 1 }, new TaskCompletionSource());
        await flows.Handovers.Writer.WriteAsync(resize, TestContext.Current.CancellationToken);
        await resize.Done.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((12, 20), (buffer.Counts.ReplayCount, buffer.Counts.FreshCount));
        Assert.Equal(100, new StatisticsFile(data["statistics.bin"]).Head!.Count);
        await stage.StopAsync(TestContext.Current.CancellationToken);
        Assert.Null(faults.First);
    }

    [Fact]
    public async Task Statistics_that_cannot_be_written_are_counted_keep_nobody_waiting_and_are_written_when_they_can_be()
    {
        Directory.CreateDirectory(data["statistics.bin.tmp"]); // A new file needs this name first.
        await stage.StartAsync(TestContext.Current.CancellationToken);
        await OfferAsync(1, 300);
        Assert.Equal(0, state.StatisticsFailures); // Nothing may leave yet.
        var settlement = new Settlement(300, TestSnapshot.Manifest.Id, null, new TaskCompletionSource());
        await flows.Handovers.Writer.WriteAsync(settlement, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<IOException>(() => settlement.Done.Task.WaitAsync(TestContext.Current.CancellationToken));
        while (state.StatisticsFailures == 0) await Task.Delay(1, TestContext.Current.CancellationToken);
        Assert.Equal(300, buffer.Counts.FreshCount); // The round is over, and they wait all the same.
        Assert.Equal((0, 300), (state.StoreFailures, readOut.FrozenCounted!.Count));
        Assert.Contains("statistics.bin", readOut.StatisticsFailure, StringComparison.Ordinal);
        Assert.NotNull(labelled.Find(300)!.Example);
        Assert.Contains("frozen ridge", slot.LatestName, StringComparison.Ordinal);

        Directory.Delete(data["statistics.bin.tmp"]);
        long failed = state.StatisticsFailures;
        await OfferAsync(301, 310); // With each batch it is tried again.
        Assert.Equal((failed, ""), (state.StatisticsFailures, readOut.StatisticsFailure));
        using (var stored = File.OpenRead(data["statistics.bin"])) Assert.InRange(ClassStatistics.ReadFrom(stored, readOut.FrozenCounted!.FeatureBankId, 139, out _)!.Count, 301, 310);
        await stage.StopAsync(TestContext.Current.CancellationToken);
        Assert.Null(faults.First);

        async Task OfferAsync(ulong from, ulong through)
        {
            for (ulong id = from; id <= through; id++) await flows.Examples.Writer.WriteAsync(Pending(id), TestContext.Current.CancellationToken);
            while (state.ExamplesStored < (long)through) await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    private static PendingExample Pending(ulong id)
    {
        string name = TestSnapshot.Classes[(int)(id % 3)];
        return new(new LabelRequest(id, name, "mqtt"), new KeptWindow(id, id, TestSnapshot.WindowOf(name, (int)id), null, []));
    }
}
