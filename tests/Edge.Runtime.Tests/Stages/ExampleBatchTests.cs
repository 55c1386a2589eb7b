using System.Text.Json.Nodes;
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
using Edge.Storage.Tests;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Stages;

/// <summary>When labelled windows are made durable, how many at once, and what becomes of them when the disk is full.</summary>
public sealed class ExampleBatchTests : IDisposable
{
    private static readonly DateTimeOffset s_start = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
    private readonly DataFolder data = new();
    private readonly FakeTimeProvider time = new(s_start);
    private readonly ServiceState state = new(TimeProvider.System);
    private readonly LabelledWindowSet labelled = new(1024);
    private readonly FaultRecord faults = new();
    private readonly ReadOutSlot slot = new();
    private readonly EventIds events = new();
    private readonly List<JsonObject> answers = [];
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

    [Fact]
    public async Task On_a_full_disk_labels_are_answered_with_the_reason_what_was_learnt_stands_and_storing_goes_on_by_itself()
    {
        using var disk = SmallDisk.Mount(3);
        await OpenAsync(disk["replay.db"], new ReplaySection { CommitBatchSize = 64, CommitDelayMs = 20 });
        await stage!.StartAsync(TestContext.Current.CancellationToken);
        Label(1, 24);
        await AnsweredAsync(24, 0);
        var learnt = readOut!.Bank.Counts.OrderBy(c => c.Key, StringComparer.Ordinal).ToList();

        disk.LeaveFree(0);
        Label(101, 200); // Batches that are larger than the one before: for as large a one the store has its room already.
        await AnsweredAsync(24, 100);
        Label(201, 240);
        await AnsweredAsync(24, 140);
        Assert.Equal(learnt, readOut.Bank.Counts.OrderBy(c => c.Key, StringComparer.Ordinal));
        Assert.Equal(24ul, buffer!.Counts.AcknowledgedCount);
        Assert.NotNull(slot.LatestFor(TestSnapshot.Manifest.Id)); // Windows are classified with it as before.
        Assert.Null(labelled.Find(101));
        lock (answers)
        {
            var refused = answers.Where(answer => !(bool)answer["accepted"]!).ToList();
            Assert.Equal(Enumerable.Range(101, 140), refused.Select(answer => (int)answer["windowId"]!));
            Assert.All(refused, answer => Assert.Contains("Free disk space or check the disk; the examples of this batch were not kept.", (string)answer["reason"]!));
        }

        disk.Clear();
        Label(301, 310);
        await AnsweredAsync(34, 140);
        await EndAsync();
        Assert.Equal((34ul, 34L), (buffer.Counts.AcknowledgedCount, readOut.FrozenCounted!.Count));
        Assert.Equal([2203, 2204], events.Ids.Where(id => id is 2203 or 2204)); // Once at the beginning, once at the end.
        Assert.Contains(events.Texts, text => text.Contains("140 were refused meanwhile", StringComparison.Ordinal));

        async Task AnsweredAsync(long stored, long refused)
        {
            while (state.ExamplesStored + state.StoreFailures < stored + refused)
            {
                Assert.Null(faults.First);
                time.Advance(TimeSpan.FromMilliseconds(1));
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            Assert.Equal((stored, refused), (state.ExamplesStored, state.StoreFailures));
        }
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
        var reporter = new Reporter(new Topics("edge", "device"), "boot", TimeProvider.System, message =>
        {
            lock (answers) answers.Add(JsonNode.Parse(message.Payload.Span)!.AsObject());
        });
        stage = new ExampleStage(
            flows, buffer, readOut, labelled, new RoundSchedule(live, buffer, new SnapshotStore(data["snapshots"], 2)), new RoundGate(flows), live, reporter, state, time, events, faults, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance));
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

    private sealed class EventIds : ILogger<ExampleStage>
    {
        public List<int> Ids { get; } = [];

        public List<string> Texts { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Ids.Add(eventId.Id);
            Texts.Add(formatter(state, exception));
        }
    }
}
