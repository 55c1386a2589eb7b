using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Runtime.Tests.Inference;
using Edge.Telemetry.Drift.Watching;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Stages;

/// <summary>What the drift watch has learnt outlives the service, however it ends.</summary>
public sealed class DriftRecordTests : IDisposable
{
    private const int Reference = 100, EmbeddingLength = 128;
    private static readonly IReadOnlyList<string> s_channels = ["x", "y", "z"];
    private static readonly DeviceConfig s_config = new()
    {
        Labels = new LabelsSection { Classes = TestSnapshot.Classes },
        Drift = new DriftSection { Detectors = ["inputs", "embedding"], ReferenceWindows = Reference },
    };

    private readonly DataFolder data = new();
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly FaultRecord faults = new();
    private readonly ReferenceWindows windows = new(Reference, TestSnapshot.Window.ValueCount);
    private readonly Random random = new(7);
    private ulong lastId;

    public void Dispose() => data.Dispose();

    private DataDirectory Directory => DataDirectory.At(data.Path);

    [Fact]
    public async Task A_reference_is_on_disk_a_minute_after_it_is_complete_and_an_alarm_comes_after_a_restart_as_without_one()
    {
        var watch = Open(s_config, out string problem);
        Assert.Equal("", problem);
        using var record = Record(watch);
        await record.StartAsync(TestContext.Current.CancellationToken);
        Feed(watch, 300, shift: 0);
        Assert.Equal((true, true), (watch.Milestones.KnowsInputs, watch.Milestones.KnowsModel));
        await WrittenAsync(TimeSpan.FromMinutes(1)); // And now it is killed.

        var next = Open(s_config, out problem);
        Assert.Equal("", problem);
        Assert.Equal(watch.Save(), next.Save());
        Assert.Equal("inputs", Feed(next, Reference / 2, shift: 3)?.What);
        Assert.Null(Feed(new DriftWatch(Options()), Reference / 2, shift: 3)); // One that has seen nothing has nothing to compare with.
        await record.StopAsync(CancellationToken.None);
        Assert.Null(faults.First);
    }

    [Fact]
    public async Task Without_a_milestone_it_is_kept_every_ten_minutes_and_at_a_clean_stop()
    {
        var watch = Open(s_config, out _);
        Feed(watch, 300, shift: 0);
        using var record = Record(watch);
        await record.StartAsync(TestContext.Current.CancellationToken);
        Feed(watch, 1, shift: 0);
        await WrittenAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(watch.Save(), File.ReadAllBytes(Directory.Drift));
        Feed(watch, 1, shift: 0);
        Assert.NotEqual(watch.Save(), File.ReadAllBytes(Directory.Drift));
        await record.StopAsync(CancellationToken.None);
        Assert.Equal(watch.Save(), File.ReadAllBytes(Directory.Drift));
    }

    [Fact]
    public void A_record_of_other_settings_is_refused_with_the_reason_and_the_watch_begins_anew()
    {
        var watch = Open(s_config, out _);
        Feed(watch, 300, shift: 0);
        File.WriteAllBytes(Directory.Drift, watch.Save());
        var other = Open(s_config with { Drift = s_config.Drift with { Detectors = ["inputs"] } }, out string problem);
        Assert.Equal("saved with embedding 1, now it is 0", problem);
        Assert.False(other.Milestones.KnowsInputs);

        byte[] damaged = watch.Save();
        damaged[^20] ^= 1;
        File.WriteAllBytes(Directory.Drift, damaged);
        Assert.False(Open(s_config, out problem).Milestones.KnowsInputs);
        Assert.NotEmpty(problem);
    }

    [Fact]
    public void A_class_that_is_called_otherwise_now_begins_nothing_anew_unless_nobody_says_so()
    {
        var watch = Open(s_config, out _);
        Feed(watch, 300, shift: 0);
        File.WriteAllBytes(Directory.Drift, watch.Save());
        var labels = new LabelsSection { Classes = [.. TestSnapshot.Classes.Select(name => name == "slow" ? "ambling" : name)] };
        var renamed = Open(s_config with { Labels = labels with { Renamed = new Dictionary<string, string> { ["slow"] = "ambling" } } }, out string problem);
        Assert.Equal("", problem);
        Assert.Equal(watch.Save(), renamed.Save());
        Assert.False(Open(s_config with { Labels = labels }, out problem).Milestones.KnowsInputs);
        Assert.Contains("names of channels and classes", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void With_another_snapshot_the_inputs_go_on_and_what_the_model_sees_begins_anew()
    {
        var watch = Open(s_config, out _);
        Feed(watch, 300, shift: 0);
        File.WriteAllBytes(Directory.Drift, watch.Save());
        var next = Open(s_config, out string problem, snapshotId: "s000002-89abcdef");
        Assert.Equal("", problem);
        Assert.Equal((true, false), (next.Milestones.KnowsInputs, next.Milestones.KnowsModel));
    }

    [Fact]
    public void The_windows_of_the_reference_are_taken_up_and_those_of_another_shape_are_not()
    {
        for (int i = 0; i < Reference; i++) windows.Keep(TestSnapshot.WindowOf(TestSnapshot.Classes[i % 3], i));
        File.WriteAllBytes(Directory.DriftReference, windows.Save());
        Assert.True(DriftRecord.OpenReference(Directory.DriftReference, s_config, TestSnapshot.Window.ValueCount, out string problem).IsComplete);
        Assert.Equal("", problem);
        Assert.Equal(0, DriftRecord.OpenReference(Directory.DriftReference, s_config, 7, out problem).Count);
        Assert.Equal($"windows of {TestSnapshot.Window.ValueCount} numbers, now of 7", problem);
    }

    private static DriftWatchOptions Options() => new() { Channels = s_channels, Classes = TestSnapshot.Classes, Detectors = s_config.Drift.Detectors, ReferenceCount = Reference };

    private DriftWatch Open(DeviceConfig config, out string problem, string snapshotId = "s000001-01234567") =>
        DriftRecord.Open(Directory.Drift, config, s_channels, TestSnapshot.Manifest with { Id = snapshotId, EmbeddingLength = EmbeddingLength }, out problem);

    private DriftRecord Record(DriftWatch watch) => new(watch, windows, Directory, time, faults, new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance));

    /// <summary>Lets time pass until the record has been written by it.</summary>
    private async Task WrittenAsync(TimeSpan passes)
    {
        for (int waits = 0; !File.Exists(Directory.Drift); waits++)
        {
            Assert.True(waits < 60_000, "it was never written");
            if (waits % 1000 == 0) time.Advance(passes); // The stage may not have begun to wait the first time.
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Windows of independent noise around 0, or around that; the first event.</summary>
    private DriftEvent? Feed(DriftWatch watch, int count, float shift)
    {
        DriftEvent? first = null;
        float[] channels = new float[6], embedding = new float[EmbeddingLength];
        for (int i = 0; i < count; i++)
        {
            for (int c = 0; c < channels.Length; c++) channels[c] = Noise() + (c == 1 ? shift : 0);
            for (int k = 0; k < embedding.Length; k++) embedding[k] = 0.1f * Noise();
            lastId++;
            first ??= watch.Observe(new WatchedWindow { WindowId = lastId, EndSeconds = lastId * 1.28, Channels = channels, KnowsClasses = true, Embedding = embedding, Novelty = 0.1, Margin = 0.5, ClassIndex = i % 3 });
        }

        return first;

        float Noise() => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
    }
}
