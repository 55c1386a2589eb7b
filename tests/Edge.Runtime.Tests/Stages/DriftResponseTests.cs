using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Learning;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Drift.Watching;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Stages;

/// <summary>A drift starts a round where one can start, else the device asks for labels at once, else it says why it does nothing.</summary>
public sealed class DriftResponseTests : IDisposable
{
    private static readonly WindowShape s_shape = new(1, 8, 50);
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly DataFolder data = new();
    private readonly WindowRing ring = new(1024, s_shape);
    private readonly LabelledWindowSet labelled = new(1024);
    private readonly List<(string Topic, string Payload)> sent = [];
    private readonly ServiceState state;
    private readonly ReplayBuffer buffer;
    private readonly Flows flows;
    private LabelAsking asking = null!;
    private RoundSchedule schedule = null!;

    public DriftResponseTests()
    {
        state = new ServiceState(time);
        buffer = ReplayBuffer.Open(data["replay.db"], new ReplayBufferOptions { Capacity = 40, AnchorCapacity = 4, AnchorShare = 0, AnchorBlockSeconds = 10, FreshCapacity = 40, Seed = 1 }, time);
        flows = new Flows(false, state, new SampleBlockPool(1, 1), new WindowPool(s_shape));
    }

    public void Dispose()
    {
        buffer.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task With_enough_labelled_windows_a_round_is_requested_and_nothing_is_asked()
    {
        var response = Response(new DeviceConfig { Training = new TrainingSection { RoundExamples = 16 }, Promotion = new PromotionSection { MinAnchors = 0 } });
        await buffer.OfferAsync([.. Enumerable.Range(1, 4).Select(i => new Example { WindowId = (ulong)i, Class = "walking", StartSeconds = i, LabelledAt = time.GetUtcNow(), Samples = new float[8] })], new PrototypeBank("s", 4));
        See(300);

        Assert.Equal(DriftAction.RoundRequested, response.To(Drift(200)));
        Assert.Equal(DriftAction.RoundUnderWay, response.To(Drift(200)));
        Assert.Empty(sent);
    }

    [Fact]
    public void Without_labels_the_most_doubtful_windows_since_the_change_are_asked_for_at_once()
    {
        var response = Response(new DeviceConfig { Labels = new LabelsSection { RequestsPerHour = 12 } });
        time.Advance(TimeSpan.FromHours(1)); // The burst of a quarter of an hour: three.
        See(300, id => id switch { 100 => 0.99f, 250 => 0.9f, 251 => 0.95f, 270 => 0.8f, 290 => 0.7f, 295 => 0.6f, _ => 0.1f });

        var action = response.To(Drift(200));
        Assert.Equal(("labelsRequested", 3), (action.Word, action.LabelsRequested));
        Assert.StartsWith("0 of the ", action.Reason, StringComparison.Ordinal);
        Assert.All(sent, message => Assert.Contains("\"reason\":\"drift\"", message.Payload, StringComparison.Ordinal));
        Assert.Equal([251ul, 270, 290], sent.Select(message => IdIn(message.Payload))); // 250 shares its second with 251, and 100 was before the change.
        Assert.Equal((3, 3), (state.RequestsMade, asking.OpenCount));
    }

    [Fact]
    public void A_spent_budget_is_nothing_with_the_reason()
    {
        var response = Response(new DeviceConfig { Training = new TrainingSection { Enabled = false }, Labels = new LabelsSection { RequestsPerHour = 12 } });
        See(300);
        Assert.Equal(1, response.To(Drift(200)).LabelsRequested); // A budget begins with one.

        var action = response.To(Drift(200));
        Assert.Equal("none", action.Word);
        Assert.Null(action.LabelsRequested);
        Assert.Contains("training.enabled is false", action.Reason, StringComparison.Ordinal);
        Assert.EndsWith("the budget of labels.requestsPerHour is spent", action.Reason, StringComparison.Ordinal);
        Assert.EndsWith("labels.requestsPerHour is 0", Response(new DeviceConfig { Labels = new LabelsSection { RequestsPerHour = 0 } }).To(Drift(1)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Windows_that_have_a_label_have_been_asked_for_or_have_left_the_ring_are_not_asked_for()
    {
        var response = Response(new DeviceConfig { Labels = new LabelsSection { RequestsPerHour = 3600 } });
        time.Advance(TimeSpan.FromHours(1));
        See(40);
        for (ulong id = 1; id <= 20; id++) labelled.Set(new LabelOutcome(new LabelRequest(id, "walking", "mqtt"), null, null));
        Assert.Equal(5, response.To(Drift(1)).LabelsRequested); // Of 21 to 40, four windows apart.
        Assert.All(sent, message => Assert.InRange(IdIn(message.Payload), 21ul, 40ul));
        sent.Clear();
        response.To(Drift(1));
        Assert.Equal(10, asking.OpenCount); // Others than before.
        for (ulong id = 41; id <= 1100; id++) Keep(id);
        Assert.EndsWith("no window since then can be asked for", response.To(Drift(1)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_drift_that_found_no_round_makes_the_next_one_eager_until_it_starts()
    {
        File.WriteAllText(data["model"], "model");
        File.WriteAllText(data["checkpoint"], "checkpoint");
        new SnapshotStore(data["snapshots"], 2).Promote(data["model"], data["checkpoint"], new SnapshotManifest { Id = "candidate", CreatedAt = DateTimeOffset.UnixEpoch, Classes = ["walking"], Window = s_shape, EmbeddingLength = 8, Round = 1 });
        var response = Response(new DeviceConfig { Training = new TrainingSection { RoundExamples = 400 } });
        Assert.Equal(400, schedule.NeededFor(RoundSchedule.Examples));
        response.To(Drift(1));
        Assert.Equal(100, schedule.NeededFor(RoundSchedule.Examples));
        Assert.True(schedule.NoteStart()); // A drift had waited for it,
        Assert.False(schedule.NoteStart()); // and waits no more.
        Assert.Equal(400, schedule.NeededFor(RoundSchedule.Examples));
    }

    [Fact]
    public void Another_mix_of_the_classes_asks_for_nothing()
    {
        var response = Response(new DeviceConfig());
        See(50);
        Assert.Equal("none", response.To(Drift(1) with { What = "classMix" }).Word);
        Assert.Empty(sent);
    }

    private DriftResponse Response(DeviceConfig config)
    {
        asking = new LabelAsking(config.Labels with { RequestBelowMargin = 0 }, new HourlyBudget(config.Labels.RequestsPerHour, time), ring, labelled, 1.28, time);
        schedule = new RoundSchedule(new LiveConfig(config), buffer, new SnapshotStore(data["snapshots"], 2));
        var reporter = new Reporter(new Topics("edge", "device"), "boot", time, message => sent.Add((message.Topic, System.Text.Encoding.UTF8.GetString(message.Payload.Span))));
        return new DriftResponse(schedule, new RoundGate(flows), asking, config.Labels, reporter, state);
    }

    private static DriftEvent Drift(ulong since) => new() { Detector = "inputs", What = "inputs", Statistic = 2, Threshold = 1, WindowId = since + 20, SinceWindowId = since, SinceSeconds = 25.6, Scores = new Dictionary<string, double>() };

    /// <summary>Windows 1 to <paramref name="count"/>, all sure of a class but as doubtful as <paramref name="doubt"/> says.</summary>
    private void See(int count, Func<ulong, float>? doubt = null)
    {
        for (ulong id = 1; id <= (ulong)count; id++)
        {
            Keep(id);
            float margin = 1 - (doubt?.Invoke(id) ?? 0.1f);
            Assert.Null(asking.Note(new Prediction(id, id * 1.28, "walking", 0.5f, 0.1f, null, 0, new Contenders("walking", 0.5f + margin / 2, "sitting", 0.5f - margin / 2, null, 0))));
        }
    }

    private void Keep(ulong id) => ring.Keep(new Window(s_shape) { Id = id }, [], null);

    private static ulong IdIn(string payload) => (ulong)System.Text.Json.Nodes.JsonNode.Parse(payload)!["windowId"]!;
}
