using System.Text;
using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Runtime.Tests.Updates;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trust;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Forgetting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Stages;

/// <summary>What the service has measured reaches the verdict on a trial: each sign of trouble alone leads back, with its reason.</summary>
public sealed class TrialStageTests : IDisposable
{
    private const string File = """
        { "sensor": { "speed": 1 }, "updates": { "trialSeconds": 10, "graceSeconds": 5, "maxLatencyP99Ms": 100, "maxErrorPercent": 5, "maxAccuracyDropPoints": 2 }, "telemetry": { "broker": "none" }, "training": { "roundExamples": 40 } }
        """;

    private readonly DataFolder data = new();
    private readonly FakeTimeProvider time = new();
    private readonly ServiceState state;
    private readonly ConfigMachine machine;
    private readonly LiveConfig live;
    private readonly DesiredConfig desired;
    private readonly ReplayBuffer buffer;
    private readonly SnapshotStore snapshots;
    private readonly Flows flows;
    private readonly FaultRecord faults = new();
    private readonly ApplicationLifetime lifetime = new(NullLogger<ApplicationLifetime>.Instance);
    private readonly RunRequest request = new();
    private readonly DataDirectory folder;
    private readonly TrialStage stage;

    public TrialStageTests()
    {
        System.IO.File.WriteAllText(data["device.json"], File);
        (state, folder) = (new ServiceState(time), DataDirectory.At(data.Path));
        var clock = new TestClock();
        machine = ConfigMachine.Open(folder.Config, clock);
        var running = RunningConfig.Read(data["device.json"]);
        live = new LiveConfig(running.Verdict.Config!);
        var updates = new UpdateState(machine, KeyRingStore.Open("", folder.Config), clock);
        desired = new DesiredConfig(updates, running, live, request, new UpdateSurroundings { DeviceId = "d1", BrokerIsLoopback = true, AccuracyPercent = () => state.AnchorAccuracyPercent, Tell = _ => { } });
        buffer = ReplayBuffer.Open(data["replay.db"], new ReplayBufferOptions { Capacity = 100, AnchorCapacity = 20, AnchorShare = 0.5, AnchorBlockSeconds = 1, FreshCapacity = 100, Seed = 1 }, TimeProvider.System);
        snapshots = new SnapshotStore(folder.Snapshots, 2);
        flows = new Flows(false, state, new SampleBlockPool(1, 1), new WindowPool(TestSnapshot.Window));
        stage = new TrialStage(
            desired, updates, live, folder, request, state, snapshots, flows, new RoundSchedule(live, buffer, snapshots), new RoundGate(flows), new ServiceCollection().BuildServiceProvider(), time, NullLogger<TrialStage>.Instance, faults, lifetime);
        Measured(90);
    }

    public void Dispose()
    {
        stage.Dispose();
        buffer.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task What_is_well_stays()
    {
        state.CountStoreFailure(1);
        state.NoteStatisticsFailures(3); // From before the trial: nothing that it has done.
        await RunAsync("""{ "drift": { "threshold": 7 } }""", () =>
        {
            Window();
            if (flows.ExamDue.Reader.TryRead(out _)) Measured(89); // As the learning stage answers.
        });
        Assert.Equal((AttemptResult.Applied, 7.0), (machine.State.LastAttempt!.Result, live.Current.Drift.Threshold));
        Assert.Empty(machine.State.LastAttempt.Notes);
    }

    [Fact]
    public async Task Slow_windows_lead_back() => Assert.Equal(ReasonCode.LatencyTooHigh, await ReasonAsync(() => Window(milliseconds: 101)));

    [Fact]
    public async Task Broken_windows_lead_back() => Assert.Equal(ReasonCode.TooManyErrors, await ReasonAsync(() =>
    {
        Window();
        state.CountBroken(1);
    }));

    [Fact]
    public async Task Lost_windows_lead_back() => Assert.Equal(ReasonCode.TooManyErrors, await ReasonAsync(() =>
    {
        Window();
        state.CountDroppedWindows(1);
    }));

    [Fact]
    public async Task A_sensor_that_is_silent_leads_back() => Assert.Equal(ReasonCode.SensorSilent, await ReasonAsync(() => { }));

    [Fact]
    public async Task A_store_that_refuses_leads_back() => Assert.Equal(ReasonCode.StoreNotWritable, await ReasonAsync(() =>
    {
        Window();
        state.CountStoreFailure(1);
    }));

    [Fact]
    public async Task Statistics_that_are_refused_lead_back()
    {
        long refused = 0;
        Assert.Equal(ReasonCode.StoreNotWritable, await ReasonAsync(() =>
        {
            Window();
            state.NoteStatisticsFailures(++refused);
        }));
    }

    [Fact]
    public async Task A_data_directory_that_takes_no_writes_leads_back()
    {
        await BeginAsync("""{ "drift": { "threshold": 7 } }""");
        Directory.CreateDirectory(Path.Combine(folder.Config, "probe.tmp")); // The probe needs this name first.
        Assert.Equal(ReasonCode.StoreNotWritable, await EndAsync(() => Window()));
    }

    [Fact]
    public async Task An_accuracy_that_fell_leads_back() => Assert.Equal(ReasonCode.AccuracyWorse, await ReasonAsync(() =>
    {
        Window();
        if (flows.ExamDue.Reader.TryRead(out _)) Measured(80);
    }));

    [Fact]
    public async Task An_accuracy_of_before_the_change_says_nothing_of_it_and_that_none_came_is_said()
    {
        await RunAsync("""{ "drift": { "threshold": 7 } }""", () => Window());
        Assert.Equal(AttemptResult.Applied, machine.State.LastAttempt!.Result);
        Assert.Contains("not measured during the trial", Assert.Single(machine.State.LastAttempt.Notes));
        Assert.True(Elapsed >= TimeSpan.FromSeconds(15), "it was waited for"); // Of the trial's own clock: hold and grace.
    }

    [Fact]
    public async Task A_change_of_training_asks_for_a_round_and_the_candidate_decides()
    {
        await FillAsync();
        Assert.Equal(ReasonCode.AccuracyWorse, await ReasonAsync(() =>
        {
            Window();
            if (flows.RoundDue.Reader.TryRead(out string? reason))
            {
                Assert.Equal(RoundSchedule.Trial, reason);
                state.NoteCandidate(50, live.Current);
            }
        }, """{ "training": { "learningRate": 1 }, "updates": { "trialSeconds": 3600 } }"""));
        Assert.True(Elapsed < TimeSpan.FromSeconds(3600), "before the trial's time is over");
    }

    [Fact]
    public async Task A_change_of_training_that_no_round_has_shown_says_why()
    {
        await RunAsync("""{ "training": { "learningRate": 0.01 } }""", () =>
        {
            Window();
            if (flows.ExamDue.Reader.TryRead(out _)) Measured(90);
        });
        Assert.Equal(AttemptResult.Applied, machine.State.LastAttempt!.Result);
        Assert.StartsWith("no round was trained by it: 0 of the ", Assert.Single(machine.State.LastAttempt.Notes));
    }

    [Fact]
    public async Task A_snapshot_that_was_tried_is_kept_with_its_configuration()
    {
        foreach (string name in new[] { "model.onnx", "model.checkpoint" }) System.IO.File.WriteAllText(data[name], name);
        var (first, second) = (snapshots.Promote(data.Path, TestSnapshot.Manifest), snapshots.Promote(data.Path, TestSnapshot.Manifest));
        snapshots.Try(first.Id);
        await RunAsync("""{ "drift": { "threshold": 7 } }""", () => Window());
        Assert.Equal(first.Id, new SnapshotStore(folder.Snapshots, 2).Current!.Id);
        Assert.NotEqual(first.Id, second.Id);
    }

    private TimeSpan Elapsed { get; set; }

    private async Task<ReasonCode> ReasonAsync(Action perLook, string config = """{ "drift": { "threshold": 7 } }""")
    {
        await BeginAsync(config);
        return await EndAsync(perLook);
    }

    private async Task<ReasonCode> EndAsync(Action perLook)
    {
        await WatchAsync(perLook);
        Assert.Equal((AttemptResult.RolledBack, new DeviceConfig().Drift.Threshold), (machine.State.LastAttempt!.Result, live.Current.Drift.Threshold));
        return Assert.Single(machine.State.LastAttempt.Reasons).Code;
    }

    private async Task RunAsync(string config, Action perLook)
    {
        await BeginAsync(config);
        await WatchAsync(perLook);
    }

    private async Task BeginAsync(string config)
    {
        Assert.False(desired.Judge(Encoding.UTF8.GetBytes($$"""{ "version": 1, "config": {{config}} }""")));
        Assert.True(desired.IsOnTrial);
        await stage.StartAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Lets the trial's clock run, half a second at a time, until it is over.</summary>
    private async Task WatchAsync(Action perLook)
    {
        while (desired.IsOnTrial)
        {
            perLook();
            time.Advance(TimeSpan.FromSeconds(0.5));
            Elapsed += TimeSpan.FromSeconds(0.5);
            await Task.Delay(1, TestContext.Current.CancellationToken); // The stage looks on another thread.
            Assert.Null(faults.First);
            Assert.True(Elapsed < TimeSpan.FromHours(1), "the trial has no end");
        }

        await stage.StopAsync(TestContext.Current.CancellationToken);
        Assert.Null(faults.First);
    }

    private void Window(double milliseconds = 1) => state.Count(new Prediction(1, 0, "still", 1, 0, null), TimeSpan.FromMilliseconds(milliseconds));

    private void Measured(double percent)
    {
        state.Memory = [new ClassForgetting("still", percent, percent, 0, 10)];
        state.NoteExam(state.AnchorAccuracyPercent, live.Current);
    }

    private async Task FillAsync()
    {
        var examples = Enumerable.Range(0, 100).Select(i => new Example { WindowId = (ulong)i, Class = "still", StartSeconds = i, LabelledAt = DateTimeOffset.UnixEpoch, Samples = TestSnapshot.WindowOf("still", i) }).ToList();
        await buffer.OfferAsync(examples, null);
    }
}
