using System.Text.Json;
using Edge.Telemetry.Forgetting;

namespace Edge.Telemetry.Tests.Forgetting;

public class ForgettingTrackerTests
{
    [Fact]
    public void Forgetting_is_the_best_so_far_minus_now()
    {
        ForgettingTracker tracker = new();
        tracker.Update("s1", 1, Measured(("walking", 80), ("sitting", 90)));
        tracker.Update("s2", 2, Measured(("walking", 95), ("sitting", 85)));
        ForgettingReading reading = tracker.Update("s3", 3, Measured(("walking", 70), ("sitting", 88)));

        Assert.Equal(
            [new ClassForgetting("walking", 70, 95, 25, 10), new ClassForgetting("sitting", 88, 90, 2, 10)],
            reading.PerClass);
        Assert.Equal(79, reading.AverageAccuracyPercent);
        Assert.Equal(13.5, reading.ForgettingChaudhryPoints);
        Assert.Equal(("s3", 3), (reading.SnapshotId, reading.Round));
    }

    [Fact]
    public void A_class_that_appears_later_joins_with_its_first_accuracy_as_best()
    {
        ForgettingTracker tracker = new();
        tracker.Update("s1", 1, Measured(("walking", 90)));
        ForgettingReading reading = tracker.Update("s2", 2, Measured(("walking", 80), ("laying", 60)));

        Assert.Equal(0, reading.PerClass[1].ForgettingPoints);
        Assert.Equal(10, reading.ForgettingChaudhryPoints); // laying has no past and does not dilute the mean
        Assert.Equal(70, reading.AverageAccuracyPercent);
    }

    [Fact]
    public void Better_than_ever_is_negative_forgetting_overall_and_none_per_class()
    {
        ForgettingTracker tracker = new();
        tracker.Update("s1", 1, Measured(("walking", 80)));
        ForgettingReading reading = tracker.Update("s2", 2, Measured(("walking", 85)));

        Assert.Equal(-5, reading.ForgettingChaudhryPoints);
        Assert.Equal(0, reading.PerClass[0].ForgettingPoints);
    }

    [Fact]
    public void It_agrees_with_the_metric_over_the_matrix_when_classes_are_tasks()
    {
        double[,] a = { { 80, 10, 5 }, { 85, 90, 5 }, { 82, 95, 90 } };
        ForgettingTracker tracker = new();
        ForgettingReading reading = null!;
        for (int i = 0; i < 3; i++)
        {
            reading = tracker.Update($"s{i}", i, Enumerable.Range(0, i + 1).ToDictionary(j => $"c{j}", j => new AnchorAccuracy(a[i, j], 10)));
        }

        Assert.Equal(ContinualMetrics.ForgettingChaudhry(a), reading.ForgettingChaudhryPoints, 12);
        Assert.Equal(ContinualMetrics.AverageAccuracy(a), reading.AverageAccuracyPercent, 12);
        Assert.Equal(ContinualMetrics.BackwardTransfer(a), reading.BwtLopezPazPoints, 12);
        Assert.Equal(ContinualMetrics.LearningAccuracy(a), reading.LearningAccuracyPercent, 12);
        Assert.Equal(ContinualMetrics.AverageIncrementalAccuracy(a), reading.AnytimeAverageAccuracyPercent, 12);
    }

    [Fact]
    public void Lowest_since_learned_and_worst_case_are_those_of_the_traces()
    {
        ForgettingTracker tracker = new();
        Assert.Equal((null, 95), (tracker.Update("s1", 1, Measured(("a", 95))).MinAccDeLangePercent, tracker.Latest!.WcAccDeLangePercent));
        tracker.Update("s2", 2, Measured(("a", 50), ("b", 90)));
        tracker.Update("s3", 3, Measured(("a", 70), ("b", 85)));
        ForgettingReading reading = tracker.Update("s4", 4, Measured(("a", 80), ("b", 88), ("c", 92)));

        Assert.Equal(67.5, reading.MinAccDeLangePercent!.Value, 12);
        Assert.Equal(75.66667, reading.WcAccDeLangePercent, 5);
    }

    [Fact]
    public void Overall_accuracy_counts_anchors_and_average_accuracy_classes()
    {
        ForgettingReading reading = new ForgettingTracker().Update("s1", 1, new Dictionary<string, AnchorAccuracy> { ["walking"] = new(100, 30), ["sitting"] = new(50, 10) });

        Assert.Equal((87.5, 75), (reading.OverallAccuracyPercent, reading.AverageAccuracyPercent));
    }

    [Fact]
    public void The_alarm_rings_once_per_loss_names_who_did_it_and_ends()
    {
        ForgettingTracker tracker = new();
        Assert.Empty(Alarms(tracker, "s1", 1, 90));
        Assert.Empty(Alarms(tracker, "s2", 2, 70)); // Exactly the limit.
        Assert.Equal(new ForgettingAlarm("walking", true, 65, 90, 25, 20, 10, "s3", 3), Assert.Single(Alarms(tracker, "s3", 3, 65)));
        Assert.Empty(Alarms(tracker, "s4", 4, 40)); // It rings already.
        Assert.Empty(Alarms(tracker, "s5", 5, 75)); // Less than the limit, and not yet half of it.
        Assert.Equal(new ForgettingAlarm("walking", false, 80, 90, 10, 20, 10, "s3", 3), Assert.Single(Alarms(tracker, "s6", 6, 80)));
        Assert.Empty(Alarms(tracker, "s7", 7, 85));
        ForgettingAlarm again = Assert.Single(Alarms(tracker, "s8", 8, 60));
        Assert.Equal(("s8", true), (again.SnapshotId, again.Rings));
    }

    [Fact]
    public void A_restart_neither_rings_again_nor_forgets_to_end_the_alarm()
    {
        ForgettingTracker first = new(), second = new();
        Alarms(first, "s1", 1, 90);
        Alarms(first, "s2", 2, 50);
        second.Restore(JsonSerializer.Deserialize<ForgettingTrackerState>(JsonSerializer.Serialize(first.Save()))!);

        Assert.Empty(Alarms(second, "s2", 2, 50));
        ForgettingAlarm end = Assert.Single(Alarms(second, "s3", 3, 90));
        Assert.Equal(("s2", 2, false), (end.SnapshotId, end.Round, end.Rings));
        Assert.Equal((90 + 50 + 50 + 90) / 4.0, second.Latest!.AnytimeAverageAccuracyPercent, 9);
        Assert.Equal((50.0, 90.0), (second.Latest.MinAccDeLangePercent, second.Latest.LearningAccuracyPercent));
    }

    [Fact]
    public void Without_a_limit_nothing_rings_and_what_rang_ends_and_few_anchors_ring_nothing()
    {
        ForgettingTracker tracker = new();
        tracker.Update("s1", 1, new Dictionary<string, AnchorAccuracy> { ["walking"] = new(100, 4) }, 20);
        Assert.Empty(tracker.Update("s2", 2, new Dictionary<string, AnchorAccuracy> { ["walking"] = new(25, 4) }, 20).Alarms);
        Assert.Single(Alarms(tracker, "s3", 3, 25));
        Assert.False(Assert.Single(tracker.Update("s3", 3, Measured(("walking", 25))).Alarms).Rings);
        Assert.Empty(tracker.Update("s3", 3, Measured(("walking", 25))).Alarms);
    }

    [Fact]
    public void A_class_may_have_a_limit_of_its_own()
    {
        ForgettingTracker tracker = new();
        Dictionary<string, double> own = new() { ["falling"] = 5, ["sitting"] = 0 };
        tracker.Update("s1", 1, Measured(("walking", 90), ("falling", 90), ("sitting", 90)), 20, own);

        ForgettingAlarm alarm = Assert.Single(tracker.Update("s2", 2, Measured(("walking", 80), ("falling", 80), ("sitting", 10)), 20, own).Alarms);
        Assert.Equal(("falling", true, 5.0), (alarm.Class, alarm.Rings, alarm.LimitPoints));
        Assert.Equal(["falling"], tracker.Update("s3", 3, Measured(("walking", 80), ("falling", 87.5), ("sitting", 10)), 20, own).Alarms.Select(end => end.Class)); // At half of its own limit it ends.
        Assert.Equal(["sitting"], tracker.Update("s3", 3, Measured(("walking", 80), ("falling", 87.5), ("sitting", 10)), 20).Alarms.Select(rings => rings.Class)); // The limit is live.
    }

    [Fact]
    public void A_class_without_anchors_keeps_its_best_and_is_left_out()
    {
        ForgettingTracker tracker = new();
        tracker.Update("s1", 1, Measured(("walking", 90), ("sitting", 80)));
        Assert.Equal("sitting", Assert.Single(tracker.Update("s2", 2, Measured(("sitting", 80))).PerClass).Class);

        Assert.Equal(90, tracker.Update("s3", 3, Measured(("walking", 50))).PerClass[0].BestPercent);
    }

    [Fact]
    public void The_best_survives_a_restart()
    {
        ForgettingTracker first = new(), second = new();
        first.Update("s1", 1, Measured(("walking", 95)));
        second.Restore(JsonSerializer.Deserialize<ForgettingTrackerState>(JsonSerializer.Serialize(first.Save()))!);

        Assert.Equal(15, second.Update("s2", 2, Measured(("walking", 80))).PerClass[0].ForgettingPoints);
        Assert.Equal(2, second.EvaluationCount);
    }

    [Theory]
    [InlineData(double.NaN, 10)]
    [InlineData(100.5, 10)]
    [InlineData(90, 0)]
    public void A_measurement_that_cannot_be_is_a_bug_and_changes_nothing(double accuracy, int anchors)
    {
        ForgettingTracker tracker = new();
        Dictionary<string, AnchorAccuracy> wrong = new() { ["sitting"] = new(50, 10), ["walking"] = new(accuracy, anchors) };

        Assert.Contains("walking", Assert.Throws<ArgumentException>(() => tracker.Update("s1", 1, wrong)).Message, StringComparison.Ordinal);
        Assert.Empty(tracker.Save().Best);
    }

    private static IReadOnlyList<ForgettingAlarm> Alarms(ForgettingTracker tracker, string snapshotId, int round, double percent) => tracker.Update(snapshotId, round, Measured(("walking", percent)), alarmPoints: 20).Alarms;

    private static Dictionary<string, AnchorAccuracy> Measured(params (string Class, double Percent)[] classes) => classes.ToDictionary(c => c.Class, c => new AnchorAccuracy(c.Percent, 10));
}
