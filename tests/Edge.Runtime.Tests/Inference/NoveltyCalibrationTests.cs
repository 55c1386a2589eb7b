using Edge.Runtime.Inference;
using Edge.Storage;

namespace Edge.Runtime.Tests.Inference;

/// <summary>"Unknown" is wrong about windows of known classes as often as is stated, and no rate is stated that the anchors cannot vouch for.</summary>
public class NoveltyCalibrationTests
{
    private const int Length = 24;
    private static readonly string[] s_classes = ["walking", "sitting", "laying"];

    [Theory]
    [InlineData(60, 2, 1.0 / 61)]
    [InlineData(60, 5, 3.0 / 61)] // 61 * 0.95 is 57.95: the 58th of 60.
    [InlineData(200, 1, 2.0 / 201)]
    public void False_alarms_on_windows_that_could_have_been_anchors_are_as_often_as_stated(int anchorCount, double percent, double expected)
    {
        const int Repeats = 400, Judged = 250;
        double alarms = 0, squares = 0;
        for (int seed = 0; seed < Repeats; seed++)
        {
            var random = new Random(seed);
            float[] anchors = [.. Enumerable.Range(0, anchorCount).Select(_ => ScoreOf(random))];
            var calibration = NoveltyCalibration.Of(null, anchors, percent, s_classes, s_classes)!;
            Assert.Equal(100 * expected, calibration.FalseAlarmPercent, 1e-9);
            double rate = Enumerable.Range(0, Judged).Count(_ => calibration.RatioOf(ScoreOf(random), []) > 1) / (double)Judged;
            alarms += rate;
            squares += rate * rate;
        }

        double mean = alarms / Repeats, deviation = Math.Sqrt((squares / Repeats - mean * mean) / Repeats);
        Assert.InRange(mean, expected - 4 * deviation, expected + 4 * deviation);
        Assert.True(expected <= percent / 100, "what is stated is no more than was asked for");
    }

    [Fact]
    public void The_whole_way_from_statistics_to_unknown_keeps_the_rate_and_finds_a_class_never_seen()
    {
        const int Repeats = 40, Judged = 200;
        double alarms = 0, found = 0, stated = 0;
        for (int seed = 0; seed < Repeats; seed++)
        {
            var random = new Random(seed);
            var statistics = new ClassStatistics("bank", Length);
            for (int i = 0; i < 300; i++) statistics.Add(s_classes[i % 2], Features(i % 2, random));
            var anchors = new EncodedWindows(2, Length);
            for (int i = 0; i < 60; i++) anchors.Add(s_classes[i % 2], [1, 0], Features(i % 2, random));
            var calibration = NoveltyExam.Of(anchors, Prototypes(), statistics, s_classes, 5)!;
            Assert.True(calibration.Covers(0) && calibration.Covers(1) && !calibration.Covers(2) && !calibration.Covers(-1));
            Assert.Equal(60, calibration.AnchorCount);
            stated = calibration.FalseAlarmPercent;
            alarms += 100.0 * Enumerable.Range(0, Judged).Count(i => calibration.RatioOf(0, Features(i % 2, random)) > 1) / Judged / Repeats;
            found += 100.0 * Enumerable.Range(0, Judged).Count(_ => calibration.RatioOf(0, Features(2, random)) > 1) / Judged / Repeats;
        }

        // One calibration's rate is Beta(3, 58) distributed, deviation 2.75 points: forty of them 0.43.
        Assert.InRange(alarms, stated - 1.5, stated + 1.5);
        Assert.InRange(found, 95, 100);
    }

    [Theory]
    [InlineData(48, 2, false)]
    [InlineData(49, 2, true)]
    [InlineData(98, 1, false)]
    [InlineData(99, 1, true)]
    [InlineData(60, 0, false)]
    public void No_rate_is_stated_that_so_few_anchors_cannot_vouch_for(int anchorCount, double percent, bool isCalibrated)
    {
        float[] scores = [.. Enumerable.Range(1, anchorCount).Select(i => (float)i)];
        Assert.Equal(isCalibrated, NoveltyCalibration.Of(null, scores, percent, s_classes, s_classes) is not null);
        if (percent > 0) Assert.Equal(isCalibrated, NoveltyCalibration.CanBe(anchorCount, percent));
    }

    [Fact]
    public void Without_a_frozen_branch_the_distance_to_the_prototypes_is_calibrated()
    {
        var anchors = new EncodedWindows(2, 0);
        for (int i = 0; i < 60; i++) anchors.Add("walking", [MathF.Cos(i / 100f), MathF.Sin(i / 100f)], []);
        var calibration = NoveltyExam.Of(anchors, Prototypes(), null, s_classes, 2)!;
        Assert.Null(calibration.Metric);
        Assert.Equal(1 - Math.Cos(0.59), calibration.Threshold, 1e-5); // Sitting's prototype is farther.
        Assert.Equal(0, calibration.AnchorFalseAlarmPercent);
    }

    [Fact]
    public void Anchors_of_a_class_that_is_not_known_yet_calibrate_nothing()
    {
        var random = new Random(1);
        var statistics = new ClassStatistics("bank", Length);
        for (int i = 0; i < 300; i++) statistics.Add(s_classes[i % 2], Features(i % 2, random));
        var anchors = new EncodedWindows(2, Length);
        for (int i = 0; i < 60; i++) anchors.Add(s_classes[i % 2], [1, 0], Features(i % 2, random));
        for (int i = 0; i < 60; i++) anchors.Add("laying", [1, 0], Features(2, random));
        Assert.Equal(60, NoveltyExam.Of(anchors, Prototypes(), statistics, s_classes, 5)!.AnchorCount);
    }

    private static float ScoreOf(Random random) => (float)(-Math.Log(1 - random.NextDouble()));

    /// <summary>A class is a mean; examples lie about it.</summary>
    private static float[] Features(int label, Random random) => [.. Enumerable.Range(0, Length).Select(i => (float)(5 * Math.Sin((label + 1) * (i + 1)) + random.NextDouble() + random.NextDouble() - 1))];

    private static PrototypeMatrix Prototypes() => new([1, 0, 0, 1, 0, 0], [0, 0, PrototypeMatrix.AbsentBias], 2);
}
