using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Runtime.Updates;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Drift.Watching;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Runtime.Tests.Stages;

/// <summary>What the drift watch sees through the model, with real sessions, while snapshots are promoted more often than a reference is long.</summary>
public sealed class DriftAcrossPromotionsTests : IDisposable
{
    private const int Reference = 360;
    private readonly DataFolder data = new();
    private readonly List<DriftEvent> told = [];
    private readonly WindowRing ring = new(512, TestSnapshot.Window);
    private readonly ReferenceWindows reference = new(Reference, TestSnapshot.Window.ValueCount);
    private readonly Random random = new(4);
    private readonly Classifier[] sessions;
    private readonly DriftAlarms alarms;
    private ulong windowCount;
    private int running;
    private bool windowsWait;

    public DriftAcrossPromotionsTests()
    {
        sessions = [Open(TestSnapshot.Write(data), 1), Open(TestSnapshot.WriteOther(data, "other.onnx"), 2)];
        var live = new LiveConfig(new DeviceConfig { Labels = new LabelsSection { Classes = TestSnapshot.Classes } });
        var watch = new DriftWatch(new DriftWatchOptions { Channels = ["x", "y", "z"], Classes = TestSnapshot.Classes, Detectors = ["embedding", "prototypes"], ReferenceCount = Reference, BlockCount = 4, RefractorySeconds = 1 });
        var reporter = new Reporter(new Topics("edge", "device"), "boot", TimeProvider.System, _ => { });
        alarms = new DriftAlarms(watch, reference, ring, live, TestSnapshot.Window, Act, reporter, new ServiceState(TimeProvider.System), NullLogger<DriftAlarms>.Instance);
        Promote();

        DriftAction Act(DriftEvent drift)
        {
            told.Add(drift);
            return DriftAction.RoundRequested;
        }
    }

    public void Dispose()
    {
        foreach (var session in sessions) session.Dispose();
        data.Dispose();
    }

    [Theory]
    [InlineData(60, false)]
    [InlineData(150, false)]
    [InlineData(300, false)]
    [InlineData(300, true)] // The reference is encoded anew as slowly as it may be.
    public void A_shift_is_found_and_a_promotion_is_none(int promotedEvery, bool othersWait)
    {
        windowsWait = othersWait;
        Run(1500, promotedEvery, gain: 1);
        Assert.Empty(told);
        ulong shift = windowCount + 1;
        Run(400, promotedEvery, gain: 0.4);
        Assert.NotEmpty(told);
        Assert.InRange(told[0].WindowId, shift, shift + (othersWait ? 250ul : 200ul)); // A promotion comes with the shift: after 244 windows at most it is over.
        Assert.InRange(told[0].SinceWindowId, shift - 20, told[0].WindowId);
    }

    [Fact]
    public void After_an_alarm_the_world_as_it_is_becomes_the_reference_once_and_for_all_promotions()
    {
        Run(700, 150, gain: 1);
        Run(1500, 150, gain: 0.4);
        Assert.InRange(told.Count, 1, 2); // One by each detector at most: the refractory time is shorter than a window here.
        told.Clear();
        Run(400, 150, gain: 1); // Back again is a change like any other.
        Assert.NotEmpty(told);
    }

    [Fact]
    public void The_reference_survives_a_restart_and_a_damaged_one_is_refused()
    {
        Run(400, 1000, gain: 1);
        Assert.True(reference.IsComplete);
        byte[] saved = reference.Save();
        var restored = new ReferenceWindows(Reference, TestSnapshot.Window.ValueCount);
        Assert.True(restored.TryRestore(saved, out string refusal), refusal);
        Assert.Equal(saved, restored.Save());
        Assert.False(new ReferenceWindows(Reference, 7).TryRestore(saved, out refusal));
        Assert.Equal("windows of 96 numbers, now of 7", refusal);
        saved[100] ^= 1;
        Assert.False(restored.TryRestore(saved, out refusal));
        Assert.Equal("checksum does not match: the reference is damaged", refusal);
    }

    private void Run(int count, int promotedEvery, double gain)
    {
        for (int i = 0; i < count; i++)
        {
            if (windowCount > 0 && windowCount % (ulong)promotedEvery == 0) Promote();
            string name = TestSnapshot.Classes[(int)(windowCount / 5 % 3)];
            var window = new Window(TestSnapshot.Window) { Id = ++windowCount, EndSeconds = windowCount * 1.28 };
            float[] samples = TestSnapshot.WindowOf(name, random.Next());
            for (int k = 0; k < samples.Length; k++) window.Samples[k] = (float)(gain * samples[k]) + (gain < 1 ? 0.5f * random.NextSingle() : 0);
            var session = sessions[running];
            var score = session.Score(window.Samples);
            ring.Keep(window, session.EmbeddingOf(0), session.Snapshot.Id);
            alarms.Watch(window, session, 0, score.ClassIndex);
            alarms.EncodeEarlier(session, () => windowsWait);
        }
    }

    private void Promote()
    {
        running = 1 - running;
        alarms.Follow(sessions[running].Snapshot with { Id = $"s{windowCount:000000}-0" });
    }

    private static Classifier Open(string model, int seed)
    {
        var session = Classifier.Open(model, TestSnapshot.Manifest with { Id = $"s{seed:000000}-01234567" }, new InferenceSection { Providers = ["cpu"], UnknownBelowSimilarity = -1 });
        var bank = new PrototypeBank(session.Snapshot.Id, 128);
        foreach (string name in TestSnapshot.Classes)
        {
            session.Score(TestSnapshot.WindowOf(name, 1));
            bank.Add(name, session.EmbeddingOf(0));
        }

        session.Use(ReadOutWeights.OfPrototypes(bank.ToMatrix(TestSnapshot.Classes), session.FrozenLength));
        return session;
    }
}
