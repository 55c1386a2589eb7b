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
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Stages;

/// <summary>When labelled windows are made durable, and how many at once.</summary>
public sealed class ExampleBatchTests : IDisposable
{
    private static readonly DateTimeOffset s_start = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private readonly DataFolder data = new();
    private readonly FakeTimeProvider time = new(s_start);
    private readonly ServiceState state = new(TimeProvider.System);
    private readonly LabelledWindowSet labelled = new(1024);
    private readonly FaultRecord faults = new();
    private readonly ReadOutSlot slot = new();
    private ReplayBuffer? buffer;
    private ReadOut? readOut;
    private Flows flows = null!;
    private ExampleStage? stage;

    public void Dispose()
    {
        stage?.StopAsync(CancellationToken.None).GetAwaiter().GetResult(); // Where the test has failed it is still at work.
        stage?.Dispose();
        slot.Dispose();
        readOut?.Dispose();
        buffer?.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task A_batch_waits_for_more_until_its_first_example_has_waited_long_enough()
    {
        await OpenAsync(data["replay.db"], new ReplaySection { CommitBatchSize = 64, CommitDelayMs = 250 });
        Label(1, 3);
        await stage!.StartAsync(TestContext.Current.CancellationToken);
        while (flows.Examples.Reader.Count > 0) await Task.Delay(1, TestContext.Current.CancellationToken); // They are in the batch.
        Label(4, 5);
        while (state.ExamplesStored < 5)
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        await EndAsync();
        Assert.True(Assert.Single(await BatchesAsync()) is { Count: 5 } batch && batch[0].LabelledAt >= s_start.AddMilliseconds(250));
    }

    [Fact]
    public async Task A_batch_that_is_full_waits_for_nothing()
    {
        await OpenAsync(data["replay.db"], new ReplaySection { CommitBatchSize = 4, CommitDelayMs = 60_000 });
        time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(1); // So that no two batches have the same time.
        Label(1, 8);
        await stage!.StartAsync(TestContext.Current.CancellationToken);
        while (state.ExamplesStored < 8) await Task.Delay(1, TestContext.Current.CancellationToken);
        await EndAsync();
        Assert.Equal([4, 4], (await BatchesAsync()).Select(batch => batch.Count));
        Assert.All(await buffer!.TrainableAsync(), example => Assert.True(example.LabelledAt < s_start.AddSeconds(60), $"{example.LabelledAt}"));
    }

    private async Task OpenAsync(string store, ReplaySection replay)
    {
        var config = new DeviceConfig
        {
            Inference = new InferenceSection { Providers = ["cpu"] },
            Labels = new LabelsSection { Classes = TestSnapshot.Classes },
            Replay = replay with { FreshCapacity = 400, Capacity = 400 },
            Training = new TrainingSection { RoundExamples = 400 },
        };
        buffer = ReplayBuffer.Open(store, new ReplayBufferOptions { Capacity = 400, AnchorCapacity = 10, AnchorShare = 0, AnchorBlockSeconds = 10, FreshCapacity = 400, Seed = 1 }, TimeProvider.System);
        readOut = new ReadOut(slot, config.Inference, config.ReadOut, new ReadOutFiles(data["statistics.bin"], data["readout.json"]), TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest);
        await readOut.RestoreAsync(buffer);
        flows = new Flows(false, state, new SampleBlockPool(1, 1), new WindowPool(TestSnapshot.Window));
        var live = new LiveConfig(config);
        var reporter = new Reporter(new Topics("edge", "device"), "boot", TimeProvider.System, _ => { });
        stage = new ExampleStage(
            flows, buffer, readOut, labelled, new RoundSchedule(live, buffer, new SnapshotStore(data["snapshots"], 2)), new RoundGate(flows), live, reporter, state, time, NullLogger<ExampleStage>.Instance, faults, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance));
    }

    private void Label(ulong from, ulong through)
    {
        for (ulong id = from; id <= through; id++)
        {
            string name = TestSnapshot.Classes[(int)(id % 3)];
            Assert.True(flows.Examples.Writer.TryWrite(new PendingExample(new LabelRequest(id, name, "mqtt"), new KeptWindow(id, id, TestSnapshot.WindowOf(name, (int)id), null, []))));
        }
    }

    private async Task EndAsync()
    {
        await stage!.StopAsync(TestContext.Current.CancellationToken);
        Assert.Null(faults.First);
    }

    /// <summary>What was made durable together: a batch has one time.</summary>
    private async Task<List<List<Example>>> BatchesAsync() => [.. (await buffer!.TrainableAsync()).GroupBy(e => e.LabelledAt).Select(batch => batch.ToList())];
}
