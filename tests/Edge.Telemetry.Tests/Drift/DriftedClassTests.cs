using Edge.Telemetry.Drift;
using Edge.Telemetry.Drift.Watching;

namespace Edge.Telemetry.Tests.Drift;

/// <summary>Which class an event names, and the detector that judges each class for itself.</summary>
public class DriftedClassTests
{
    private const int Drifted = 2;
    private static readonly DriftWatchOptions s_options = new()
    {
        Channels = ["x"],
        Classes = ["still", "walking", "running"],
        Detectors = ["perClassKs"],
        ExpectedRunTime = 5_000,
        ReferenceCount = 240,
        WindowCount = 32,
        BlockCount = 8,
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // A restart while the class has drifted and nothing has rung yet.
    public void A_test_that_rings_late_names_the_class_that_drifted(bool restarts)
    {
        DriftWatchOptions options = s_options with { Detectors = ["distance"], DistanceTest = "kswin", BlockCount = 16 };
        Stream stream = new(options);
        int alarm = stream.FirstAlarm(900, 2000, restarts ? 1000 : 0, out DriftEvent? drift);

        Assert.Equal(("kswin", "running"), (drift!.Detector, drift.Class));
        Assert.True(alarm > 900 + (3 * 50), $"rang at {alarm}: no later than the test of the class itself, so this test shows nothing");
    }

    [Fact]
    public void The_distance_of_a_class_that_drifted_stays_where_references_stay_and_is_restored()
    {
        PerClassKsOptions options = new() { RelearnsAfterAlarm = false };
        PerClassKs stays = new(2, options), relearns = new(2), restored = new(2, options);
        Random random = new(3);
        for (int i = 0; i < 600; i++)
        {
            double value = Gaussian(random) + (i >= 400 && i % 2 == 1 ? 5 : 0);
            stays.Update(value, i % 2);
            relearns.Update(value, i % 2);
        }

        Assert.Equal(1, stays.Farthest);
        Assert.InRange(stays.Distance(1), 0.9, 1);
        Assert.Equal(0, relearns.Distance(1));
        Assert.True(restored.TryRestore(stays.Save(), out string refusal), refusal);
        Assert.Equal(DriftState.Drift, restored.Update(5, 1));
        Assert.Equal(DriftState.Drift, restored.Update(5, 1)); // Still.
        restored.Reset();
        Assert.Equal(-1, restored.Farthest);
    }

    [Fact]
    public void A_class_that_drifted_rings_by_name_with_the_first_window_that_was_compared()
    {
        int alarm = new Stream(s_options).FirstAlarm(1500, 2500, 0, out DriftEvent? drift);

        Assert.Equal(("perClassKs", "novelty", "running"), (drift!.Detector, drift.What, drift.Class));
        Assert.InRange(alarm, 1500 + (3 * 8 * 4), 1500 + (3 * 8 * 10)); // Eight blocks of eight windows are compared.
        Assert.InRange(drift.SinceWindowId, (ulong)(alarm - (3 * 8 * 10)), (ulong)(alarm - (3 * 8 * 6)));
        Assert.True(drift.Statistic >= drift.Threshold && drift.Threshold is > 0.5 and <= 1, $"{drift.Statistic} of {drift.Threshold}");
        Assert.Equal(["perClassKs"], drift.Scores.Keys);
    }

    [Fact]
    public void A_stream_that_stays_as_it_is_rings_no_oftener_than_was_asked_for()
    {
        int alarms = 0;
        for (int seed = 0; seed < 10; seed++)
        {
            DriftWatchOptions options = s_options with { ExpectedRunTime = 2_000, RefractorySeconds = 0 };
            Stream stream = new(options, seed);
            alarms += Enumerable.Range(0, 10_000).Count(_ => stream.Step(0) is not null);
        }

        Assert.InRange(alarms, 1, 50); // 100,000 windows.
    }

    [Theory]
    [InlineData(100, 1e9)]
    [InlineData(360, 1e9)]
    [InlineData(360, 1_000)]
    public void It_can_ring_whatever_run_time_and_reference_are_configured(int referenceCount, double runTime) =>
        Assert.InRange(new PerClassTest(new ShiftOptions { ReferenceCount = referenceCount, ExpectedRunTime = runTime, GroupCount = 6 }).Threshold, 0.3, 1);

    [Theory]
    [InlineData(500)]
    [InlineData(1604)]
    public void A_restored_watch_goes_on_to_the_bit(int cut)
    {
        Stream straight = new(s_options), restarted = new(s_options);
        int alarm = straight.FirstAlarm(1500, 2500, 0, out _);

        Assert.Equal(alarm, restarted.FirstAlarm(1500, 2500, cut, out _));
        Assert.Equal(straight.Watch.Save(), restarted.Watch.Save());
    }

    [Fact]
    public void Without_it_the_state_is_that_of_every_version_and_with_it_another()
    {
        DriftWatch with = new(s_options), without = new(s_options with { Detectors = ["distance"] });

        Assert.Equal("driftWatch"u8, without.Save().AsSpan(6, 10));
        Assert.False(with.TryRestore(without.Save(), 4, out string refusal));
        Assert.Equal("state of 'driftWatch'; expected 'driftWatch+perClassKs'", refusal);
        Assert.False(without.TryRestore(with.Save(), 4, out refusal));
        Assert.Equal("state of 'driftWatch+perClassKs'; expected 'driftWatch'", refusal);
    }

    private static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>Three classes in turn at random, each with distances of its own.</summary>
    private sealed class Stream
    {
        private readonly DriftWatchOptions _options;
        private readonly Random _random;
        private int _count;

        public Stream(DriftWatchOptions options, int seed = 7)
        {
            (_options, _random, Watch) = (options, new Random(seed), new DriftWatch(options));
            Watch.SnapshotChanged("s1", 4);
        }

        public DriftWatch Watch { get; private set; }

        /// <summary>Index of the first alarm; a class drifts strongly from one window on, and the service is restarted before another where asked.</summary>
        public int FirstAlarm(int driftFrom, int count, int restartAt, out DriftEvent? drift)
        {
            drift = null;
            while (drift is null && _count < count)
            {
                if (restartAt > 0 && _count == restartAt)
                {
                    byte[] state = Watch.Save();
                    Watch = new DriftWatch(_options);
                    Assert.True(Watch.TryRestore(state, 4, out string refusal), refusal);
                    Watch.SnapshotChanged("s1", 4);
                }

                drift = Step(_count >= driftFrom ? 1 : 0);
            }

            return _count - 1;
        }

        public DriftEvent? Step(double shift)
        {
            int answer = _random.Next(3);
            double novelty = 1 + (0.2 * answer) + (0.1 * Gaussian(_random)) + (answer == Drifted ? shift : 0);
            return Watch.Observe(new WatchedWindow
            {
                WindowId = (ulong)_count, EndSeconds = _count++, KnowsClasses = true, Channels = [0, 0], Embedding = [1, 0, 0, 0], Novelty = novelty, Margin = 0.5, ClassIndex = answer,
            });
        }
    }
}
