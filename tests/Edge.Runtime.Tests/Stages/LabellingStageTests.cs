using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Drift.Watching;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Stages;

/// <summary>From a label to its window, through the real stage: what counts as an error of the device, and what does not.</summary>
public sealed class LabellingStageTests : IDisposable
{
    private const int RightCount = 120, WrongCount = 40, Walking = 0;
    private static readonly WindowShape s_shape = new(1, 8, 50);
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly DeviceConfig config = new() { Labels = new LabelsSection { RequestsPerHour = 3600 } };
    private readonly List<DriftEvent> told = [];
    private readonly FaultRecord faults = new();
    private readonly DriftWatch watch;
    private readonly WindowRing ring = new(1024, s_shape);
    private readonly LabelAsking asking;
    private readonly ServiceState state;
    private readonly Flows flows;
    private readonly LabellingStage stage;
    private ulong lastId;

    public LabellingStageTests()
    {
        state = new ServiceState(time);
        flows = new Flows(false, state, new SampleBlockPool(1, 1), new WindowPool(s_shape));
        watch = new DriftWatch(new DriftWatchOptions { Channels = ["x"], Classes = config.Labels.Classes, Detectors = ["labelError"] });
        var labelled = new LabelledWindowSet(1024);
        asking = new LabelAsking(config.Labels, new HourlyBudget(config.Labels.RequestsPerHour, time), ring, labelled, 1, time);
        var reporter = new Reporter(new Topics("edge", "device"), "boot", time, _ => { });
        var drift = new DriftAlarms(
            watch, new ReferenceWindows(100, s_shape.ValueCount), ring, new LiveConfig(config), s_shape,
            what =>
            {
                told.Add(what);
                return DriftAction.RoundRequested;
            },
            reporter, state, NullLogger<DriftAlarms>.Instance);
        stage = new LabellingStage(
            flows, ring, new SourceLabels(0, 0, 1), labelled, asking, config.Labels.Classes, ClassNames.Of(new Dictionary<string, string> { ["gait"] = config.Labels.Classes[Walking] }), drift, reporter, state, faults, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance));
    }

    public void Dispose() => stage.Dispose();

    [Theory]
    [InlineData(false, "mqtt", true)]
    [InlineData(true, "mqtt", false)] // An answer: it is about a window that was chosen because it is doubtful.
    [InlineData(true, SourceLabels.Origin, true)] // A recorded label comes for its window whether it was asked for or not.
    public async Task Errors_are_counted_where_the_window_was_not_chosen_for_being_doubtful(bool isAskedFor, string origin, bool isCounted)
    {
        await stage.StartAsync(TestContext.Current.CancellationToken);
        for (int i = 0; i < RightCount; i++) await LabelAsync(See(Walking), "mqtt");
        for (int i = 0; i < WrongCount; i++)
        {
            ulong id = See(-1);
            if (isAskedFor) Assert.Equal(id, Asked(id));
            await LabelAsync(id, origin);
        }

        while (flows.Examples.Reader.Count < RightCount + WrongCount) await Task.Delay(1, TestContext.Current.CancellationToken);
        Assert.Null(faults.First);
        Assert.Equal(isAskedFor ? WrongCount : 0, state.RequestsAnswered);
        Assert.Equal(isCounted ? ["labelError"] : Array.Empty<string>(), told.Select(drift => drift.What));
    }

    [Fact]
    public async Task A_label_under_the_name_of_before_is_one_of_the_class_as_it_is_called_now()
    {
        await stage.StartAsync(TestContext.Current.CancellationToken);
        flows.InFlight.Enter();
        await flows.Labels.Writer.WriteAsync(new LabelRequest(See(Walking), "gait", "mqtt", "r1"), TestContext.Current.CancellationToken);
        var taken = await flows.Examples.Reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(("walking", "r1"), (taken.Request.Class, taken.Request.RequestId));
        Assert.Equal(0, state.LabelsRefused);
    }

    /// <summary>A window that was answered so, -1: unknown; its id.</summary>
    private ulong See(int answer)
    {
        var window = new Window(s_shape) { Id = ++lastId, EndSeconds = lastId };
        ring.Keep(window, [], null);
        watch.Observe(new WatchedWindow { WindowId = lastId, EndSeconds = lastId, Channels = new float[2], KnowsClasses = true, Embedding = default, Novelty = 0, Margin = 0, ClassIndex = answer });
        return lastId;
    }

    /// <summary>The window that is asked for once the device has been unsure of this one; null: none.</summary>
    private ulong? Asked(ulong id)
    {
        time.Advance(TimeSpan.FromSeconds(1));
        var unsure = new Prediction(id, id, Prediction.Unknown, 0, 1, null);
        return (asking.Note(unsure) ?? Later())?.WindowId;

        LabelRequestMessage? Later()
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return asking.Note(unsure with { Class = "walking", Contenders = new Contenders("walking", 1, null, 0, null, 0) });
        }
    }

    private async Task LabelAsync(ulong id, string origin)
    {
        flows.InFlight.Enter();
        await flows.Labels.Writer.WriteAsync(new LabelRequest(id, config.Labels.Classes[Walking], origin), TestContext.Current.CancellationToken);
    }
}
