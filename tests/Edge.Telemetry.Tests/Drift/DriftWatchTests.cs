using Edge.Telemetry.Drift.Watching;

namespace Edge.Telemetry.Tests.Drift;

public class DriftWatchTests
{
    private const int Length = WatchedWorld.Length;
    private static readonly DriftWatchOptions s_options = new()
    {
        Channels = ["x", "y", "z"],
        Classes = ["still", "moving"],
        Detectors = ["inputs", "embedding", "prototypes", "distance", "margin", "labelError", "classMix"],
        ExpectedRunTime = 5_000,
        ReferenceCount = 300,
        WindowCount = 32,
        BlockCount = 4,
    };

    [Fact]
    public void A_channel_that_moved_is_named_with_how_far_and_since_when()
    {
        WatchedWorld world = new(s_options);
        DriftEvent drift = world.FirstEvent(1000, i => i >= 500 ? new Change(YOffset: 3) : default)!;

        Assert.Equal(("inputs", "inputs", "y"), (drift.Detector, drift.What, drift.Channel));
        Assert.InRange(drift.WindowId, WatchedWorld.IdOf(501), WatchedWorld.IdOf(525));
        Assert.InRange(drift.SinceWindowId, WatchedWorld.IdOf(495), WatchedWorld.IdOf(505));
        Assert.Equal((drift.WindowId - drift.SinceWindowId) / 10.0 * WatchedWorld.Seconds, drift.SinceSeconds, 6);
        Assert.Equal("y", drift.Channels![0].Channel);
        Assert.InRange(drift.Channels[0].MeanMovedBy, 0.1, 3.2);
        Assert.True(drift.Scores["inputs"] >= 1 && drift.Scores["embedding"] < 1, string.Join(", ", drift.Scores));
    }

    [Fact]
    public void A_change_of_gain_is_told_as_a_factor()
    {
        DriftEvent drift = new WatchedWorld(s_options).FirstEvent(1000, i => i >= 500 ? new Change(Gain: 0.25) : default)!;

        Assert.Equal("inputs", drift.What);
        Assert.InRange(drift.Channels!.Min(c => c.DeviationFactor), 0.2, 0.95);
    }

    [Fact]
    public void What_a_model_sees_is_told_as_what_it_is()
    {
        Assert.Equal("embedding", new WatchedWorld(s_options with { Detectors = ["inputs", "embedding"] }).FirstEvent(1000, i => i >= 500 ? new Change(Turn: 0.8) : default)!.What);
        Assert.Equal("novelty", new WatchedWorld(s_options with { Detectors = ["prototypes"] }).FirstEvent(1000, i => i >= 500 ? new Change(Novelty: 0.3) : default)!.What);
        Assert.Equal("margin", new WatchedWorld(s_options with { Detectors = ["prototypes"] }).FirstEvent(1000, i => i >= 500 ? new Change(Margin: -0.3) : default)!.What);
        DriftEvent mix = new WatchedWorld(s_options).FirstEvent(1000, i => i >= 500 ? new Change(OnlyMoving: true) : default)!;
        Assert.Equal("classMix", mix.What);
    }

    [Fact]
    public void Better_is_no_alarm() => Assert.Null(new WatchedWorld(s_options with { Detectors = ["prototypes"] }).FirstEvent(1000, i => i >= 500 ? new Change(Novelty: -0.3, Margin: 0.3) : default));

    [Fact]
    public void One_change_is_one_event()
    {
        WatchedWorld world = new(s_options with { Detectors = ["inputs", "embedding", "prototypes"], RefractorySeconds = 1000 });
        int told = Enumerable.Range(0, 900).Count(i => world.Step(i, i >= 500 ? new Change(YOffset: 3, Turn: 1, Novelty: 0.4) : default) is not null);

        Assert.Equal((1, 1L), (told, world.Watch.AlarmCount));
        Assert.Equal(2, world.Watch.SuppressedCount);
    }

    [Fact]
    public void Labels_that_come_late_neither_get_round_the_quiet_after_an_event_nor_shorten_it()
    {
        WatchedWorld world = new(s_options with { Detectors = ["inputs", "embedding", "labelError"], RefractorySeconds = 300 });
        int alarm = world.AlarmOfAShiftedChannel(from: 500);
        for (int i = 0; i < 250; i++)
        {
            Assert.Null(world.Watch.Label(WatchedWorld.IdOf(i), 1 - world.AnswerOf(i))); // Up to twice the quiet before the alarm, and all of it wrong.
        }

        Assert.True(world.Watch.SuppressedCount > 0, "the labels rang nothing, so this test shows nothing");
        int quiet = (int)(300 / WatchedWorld.Seconds);
        for (int i = world.Count; i < alarm + quiet; i++)
        {
            Assert.Null(world.Step(i, new Change(YOffset: 3, Turn: 2)));
        }

        Assert.Equal(1, world.Watch.AlarmCount);
        Assert.True(world.Watch.SuppressedCount > 1, "the embedding rang nothing, so this test shows nothing");
        Assert.Contains(Enumerable.Range(alarm + quiet, 900), i => world.Step(i, i > alarm + 700 ? new Change(YOffset: 9) : new Change(YOffset: 3, Turn: 2)) is not null);
    }

    [Fact]
    public void Windows_that_waited_do_not_get_round_the_quiet_after_an_event()
    {
        WatchedWorld world = new(s_options with { Detectors = ["inputs", "embedding"], RefractorySeconds = 100 });
        int alarm = world.AlarmOfAShiftedChannel(from: 500);
        world.Watch.SnapshotChanged("s2", Length);
        for (int i = world.Count; world.Watch.WantsReference; i++)
        {
            world.Refer(i, default);
        }

        for (int age = 244; age > 0; age--)
        {
            Assert.Null(world.CatchUp(age, new Change(Turn: 2))); // The oldest of them are 300 s old: older than the quiet before the alarm.
        }

        Assert.True(world.Watch.SuppressedCount > 0, "the embedding rang nothing, so this test shows nothing");
        Assert.Equal(1, world.Watch.AlarmCount);
        Assert.InRange(alarm, 500, 530);
    }

    [Fact]
    public void A_new_snapshot_is_no_drift_of_the_world_and_does_not_hide_one()
    {
        WatchedWorld world = new(s_options with { Detectors = ["inputs", "embedding", "prototypes", "pageHinkley"] });
        for (int i = 0; i < 1200; i++)
        {
            if (i == 500)
            {
                world.Watch.SnapshotChanged("s2", Length);
            }

            Assert.Null(world.Step(i, i >= 500 ? new Change(Turn: 1, Novelty: 0.4) : default));
        }

        // Inputs have kept their reference over the swap: the very next windows are judged by it.
        world.Watch.SnapshotChanged("s3", Length);
        DriftEvent drift = Enumerable.Range(1200, 40).Select(i => world.Step(i, new Change(YOffset: 3, Turn: 2))).First(e => e is not null)!;
        Assert.Equal("inputs", drift.What);
        Assert.Equal(3, world.Watch.RebaseCount);
    }

    [Fact]
    public void Windows_encoded_anew_are_the_reference_after_a_swap()
    {
        WatchedWorld world = new(s_options with { Detectors = ["embedding"] });
        for (int i = 0; i < 400; i++)
        {
            Assert.Null(world.Step(i, default));
        }

        world.Watch.SnapshotChanged("s2", Length);
        Assert.True(world.Watch.WantsReference);
        for (int i = 400; world.Watch.WantsReference; i++)
        {
            world.Refer(i, new Change(Turn: 1)); // The new snapshot turns everything: that is how the world looks to it.
        }

        Assert.Equal(700, world.Count);
        Assert.DoesNotContain(Enumerable.Range(700, 200), i => world.Step(i, new Change(Turn: 1)) is not null);
        Assert.Contains(Enumerable.Range(900, 60), i => world.Step(i, new Change(Turn: 2)) is { What: "embedding" });
    }

    [Fact]
    public void Labels_that_say_wrong_are_told()
    {
        WatchedWorld world = new(s_options with { Detectors = ["labelError"] });
        DriftEvent? told = null;
        for (int i = 0; i < 900 && told is null; i++)
        {
            world.Step(i, default);
            bool wrong = i >= 600 || i % 20 == 0;
            told = i < 10 ? null : world.Watch.Label(WatchedWorld.IdOf(i - 10), wrong ? 1 - world.AnswerOf(i - 10) : world.AnswerOf(i - 10));
        }

        Assert.Equal("labelError", told!.What);
        Assert.InRange(told.WindowId, WatchedWorld.IdOf(591), WatchedWorld.IdOf(630));
        Assert.InRange(told.SinceWindowId, WatchedWorld.IdOf(575), WatchedWorld.IdOf(600));
        Assert.Null(world.Watch.Label(7, 0)); // A window that nobody remembers.
    }

    [Theory]
    [InlineData("adwin")]
    [InlineData("kswin")]
    public void Distance_and_margin_are_watched_by_the_test_that_was_chosen(string test)
    {
        var distance = s_options with { Detectors = ["distance"], DistanceTest = test };
        var margin = s_options with { Detectors = ["margin"], MarginTest = test };
        DriftEvent far = new WatchedWorld(distance).FirstEvent(1500, i => i >= 800 ? new Change(Novelty: 0.3) : default)!, narrow = new WatchedWorld(margin).FirstEvent(1500, i => i >= 800 ? new Change(Margin: -0.3) : default)!;

        Assert.Equal((test, "novelty"), (far.Detector, far.What));
        Assert.Equal((test, "margin"), (narrow.Detector, narrow.What));
        Assert.InRange(far.WindowId, WatchedWorld.IdOf(801), WatchedWorld.IdOf(880));
        Assert.InRange(far.SinceWindowId, WatchedWorld.IdOf(740), WatchedWorld.IdOf(830));
        Assert.Equal(["distance"], far.Scores.Keys);
        Assert.Null(new WatchedWorld(distance).FirstEvent(1500, i => i >= 800 ? new Change(Novelty: -0.3) : default)); // Better is no alarm.
        Assert.Null(new WatchedWorld(margin).FirstEvent(1500, i => i >= 800 ? new Change(Margin: 0.3) : default));
        Assert.Null(new WatchedWorld(distance).FirstEvent(1500, i => i >= 800 ? new Change(OnlyMoving: true) : default)); // Within classes.
    }

    [Theory]
    [InlineData("hddmA")]
    [InlineData("hddmW")]
    [InlineData("ddm")]
    [InlineData("adwin")]
    public void Wrong_labels_are_told_by_the_test_that_was_chosen_also_while_it_watches(string test)
    {
        foreach (bool live in new[] { false, true })
        {
            WatchedWorld world = new(s_options with { Detectors = ["labelError"], LabelErrorTest = live ? (test == "ddm" ? "hddmA" : "ddm") : test });
            if (live)
            {
                world.Watch.Retune(new SequentialTests(s_options.PageHinkley, "kswin", "kswin", test));
            }

            DriftEvent? told = null;
            for (int i = 0; i < 900 && told is null; i++)
            {
                world.Step(i, default);
                bool wrong = i >= 600 || i % 20 == 10;
                told = world.Watch.Label(WatchedWorld.IdOf(i), wrong ? 1 - world.AnswerOf(i) : world.AnswerOf(i));
            }

            Assert.Equal((test, "labelError"), (told!.Detector, told.What));
            Assert.InRange(told.WindowId, WatchedWorld.IdOf(601), WatchedWorld.IdOf(680));
        }
    }

    [Fact]
    public void A_test_exchanged_while_it_watches_rings_and_one_that_stays_goes_on()
    {
        WatchedWorld world = new(s_options with { Detectors = ["distance", "margin"] });
        Assert.Null(world.FirstEvent(700, _ => default));
        world.Watch.Retune(new SequentialTests(s_options.PageHinkley, "kswin", "adwin", "hddmA"));
        DriftEvent told = Enumerable.Range(700, 1500).Select(i => world.Step(i, i >= 1900 ? new Change(Novelty: 0.3) : default)).First(e => e is not null)!;

        Assert.Equal("kswin", told.Detector);
        Assert.Contains("'cusum'", Assert.Throws<ArgumentException>(() => world.Watch.Retune(new SequentialTests(s_options.PageHinkley, "cusum", "adwin", "hddmA"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(150)]
    [InlineData(298)]
    [InlineData(315)] // While the thresholds of all four are simulated.
    [InlineData(480)]
    [InlineData(520)]
    public void A_restored_watch_goes_on_to_the_bit(int cut)
    {
        WatchedWorld straight = new(s_options), first = new(s_options), second = new(s_options, start: false);
        for (int i = 0; i < cut; i++)
        {
            Assert.Equal(straight.Step(i, Of(i)) is null, first.Step(i, Of(i)) is null);
            straight.Watch.Label(WatchedWorld.IdOf(i), i % 2);
            first.Watch.Label(WatchedWorld.IdOf(i), i % 2);
        }

        Assert.True(second.Watch.TryRestore(first.Watch.Save(), Length, out string refusal), refusal);
        second.Watch.SnapshotChanged("s1", Length);
        second.GoOnLike(first);
        for (int i = cut; i < cut + 300; i++)
        {
            Assert.Equal(straight.Step(i, Of(i))?.WindowId, second.Step(i, Of(i))?.WindowId);
        }

        Assert.Equal(straight.Watch.Save(), second.Watch.Save());

        static Change Of(int i) => i >= 500 ? new Change(YOffset: 3) : default;
    }

    [Fact]
    public void A_record_of_other_channels_is_refused()
    {
        DriftWatch other = new(s_options with { Channels = ["x", "y", "w"] });

        Assert.False(other.TryRestore(new WatchedWorld(s_options).Watch.Save(), Length, out string refusal));
        Assert.StartsWith("saved with names of channels and classes", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_window_allocates_nothing()
    {
        float[] samples = [.. Enumerable.Range(0, 96).Select(i => (float)Math.Sin(i))], channels = new float[6], embedding = new float[Length];
        embedding[0] = 1;
        WatchedWorld world = null!;
        Assert.Equal(0, Enumerable.Range(0, 5).Min(_ => BytesOfALife())); // What the watch allocates it allocates in every life; what the runtime makes once, in the first, or when it compiles anew.

        long BytesOfALife()
        {
            world = new(s_options with { Detectors = DriftWatch.DetectorNames });
            Feed(0);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 1; i < 1000; i++) Feed(i);
            long bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(0, world.Watch.AlarmCount);
            return bytes;
        }

        void Feed(int i)
        {
            samples[i % 3 * 32] = 0.01f * (i % 7);
            ChannelStatistics.Measure(samples, channels);
            world.Watch.Observe(new WatchedWindow
            {
                WindowId = WatchedWorld.IdOf(i), EndSeconds = i, KnowsClasses = true, Channels = channels, Embedding = embedding, Novelty = 0.1 + (0.001 * (i % 7)), Margin = 0.5, ClassIndex = i % 2,
            });
            world.Watch.Label(WatchedWorld.IdOf(i), i % 2);
        }
    }

    [Fact]
    public void The_statistics_of_a_window_are_those_of_its_channels()
    {
        float[] statistics = new float[6];
        ChannelStatistics.Measure([1, 3, 1, 3, 1000, 1000, 1000, 1000, -1, -2, -3, -4], statistics);

        Assert.Equal([2f, 1000f, -2.5f, 0f, (float)Math.Log(1e-6), (float)Math.Log(Math.Sqrt(1.25))], statistics.Select(v => MathF.Round(v, 5)), (e, a) => Math.Abs(e - a) < 1e-4);
    }

    [Fact]
    public void A_detector_that_there_is_not_is_refused_by_name() =>
        Assert.Contains("'adwn'", Assert.Throws<ArgumentException>(() => new DriftWatch(s_options with { Detectors = ["adwn"] })).Message, StringComparison.Ordinal);
}
