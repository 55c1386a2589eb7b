using Edge.Telemetry.Drift;

namespace Edge.Telemetry.Tests.Drift;

/// <summary>The threshold is simulated a little with each observation after the reference. Everything that it decides is as when it was simulated at once, by the observation that completed the reference.</summary>
public class CalibrationTests
{
    private const int Dimension = 5, Length = 16;
    private static readonly ShiftOptions s_options = new() { ReferenceCount = 300, WindowCount = 32, BlockCount = 4, ExpectedRunTime = 5_000 };

    [Theory]
    [InlineData(ShiftNorm.Largest, 64)]
    [InlineData(ShiftNorm.LargestRise, 7)]
    [InlineData(ShiftNorm.Euclidean, 64)]
    [InlineData(ShiftNorm.Euclidean, 1999)]
    [InlineData(ShiftNorm.Euclidean, 5000)]
    public void The_threshold_in_parts_is_that_of_one_piece_to_the_bit(ShiftNorm norm, int parts)
    {
        Random random = new(1);
        float[] reference = [.. Enumerable.Range(0, s_options.ReferenceCount * Dimension).Select(_ => (float)Gaussian(random))], sum = new float[Dimension];
        RunLength atOnce = new(s_options, norm), inParts = new(s_options, norm);
        atOnce.Simulate(1, reference, sum);
        for (int left = parts; left > 1; left--)
        {
            inParts.Simulate(left, reference, sum);
        }

        Assert.True(atOnce.IsDone);
        inParts.Simulate(1, reference, sum);
        Assert.True(inParts.IsDone);
        Assert.Equal(atOnce.Threshold(), inParts.Threshold());
    }

    // What the detectors gave when the observation that completed the reference simulated it all: five references one after the other, with an alarm between each two.
    [Fact]
    public void Alarms_ages_and_thresholds_are_those_of_the_simulation_at_once()
    {
        Outcome largest = Feed(new MeanShift(Dimension, ShiftNorm.Largest, s_options), seed: 1), euclidean = Feed(new MeanShift(Dimension, ShiftNorm.Euclidean, s_options), seed: 2);

        Assert.Equal([(725, 19), (1431, 32), (2124, 26), (2819, 30)], largest.Alarms);
        Assert.Equal([0.7297831784373523, 0.7983966176138287, 0.790972077400652, 0.7396905540503448], largest.Thresholds, Near);
        Assert.Equal([(713, 17), (1413, 14), (2121, 23), (2813, 15)], euclidean.Alarms);
        Assert.Equal([0.8321997871252194, 0.821703176666855, 0.8456516872611765, 0.7703681614516812], euclidean.Thresholds, Near);
    }

    [Fact]
    public void The_same_holds_for_embeddings_and_the_bandwidth_is_that_of_each_reference()
    {
        Outcome mmd = Feed(new EmbeddingMmd(Length, s_options));

        Assert.Equal([(719, 20), (1429, 32), (2121, 22), (2848, 32)], mmd.Alarms);
        Assert.Equal([0.05687162598311696, 0.05165090994853814, 0.05703877500966123, 0.05435789495134455], mmd.Thresholds, Near);
        Assert.Equal([3.818794108229966, 5.996452649956303, 3.8145902129720954, 5.966769804661838], mmd.Bandwidths, Near);
    }

    [Fact]
    public void The_threshold_is_there_with_the_first_comparison_and_nothing_rings_before()
    {
        Random random = new(3);
        MeanShift shift = new(Dimension, ShiftNorm.Euclidean, s_options);
        for (int i = 1; i < s_options.ReferenceCount + s_options.WindowCount; i++)
        {
            double offset = i > s_options.ReferenceCount ? 100 : 0; // Everything after the reference is far off.
            Assert.Equal(DriftState.None, shift.Update(Row(random, Dimension, _ => offset)));
            Assert.Equal((i >= s_options.ReferenceCount, 0, 0), (shift.Watches, shift.Threshold, shift.Statistic));
        }

        Assert.Equal(DriftState.Drift, shift.Update(Row(random, Dimension, _ => 100)));
        Assert.True(shift.Threshold > 0);
        Assert.Equal(s_options.WindowCount, shift.ChangeAge); // The very first of them: none was passed over.
    }

    [Fact]
    public void No_observation_makes_more_than_its_share_of_the_simulation()
    {
        Random random = new(5);
        EmbeddingMmd mmd = new(Length, s_options);
        for (int i = 0; i < s_options.ReferenceCount; i++)
        {
            mmd.Update(Row(random, Length, _ => 0));
        }

        // What is simulated so far is in the state, eight bytes for a slide.
        int saved = mmd.Save().Length;
        for (int i = 1; i < s_options.WindowCount; i++)
        {
            mmd.Update(Row(random, Length, _ => 0));
            int slides = (mmd.Save().Length - saved) / sizeof(double);
            Assert.InRange(slides, 62, 63); // 2,000 over 32.
            saved += slides * sizeof(double);
        }
    }

    [Theory]
    [InlineData(ShiftNorm.Largest)]
    [InlineData(ShiftNorm.Euclidean)]
    public void A_stream_that_never_moves_does_not_ring(ShiftNorm norm)
    {
        MeanShift shift = new(3, norm, s_options);
        Assert.DoesNotContain(Enumerable.Range(0, 2000), _ => shift.Update([1, 0, 2]) == DriftState.Drift);
        Assert.Equal(norm == ShiftNorm.Euclidean ? DriftState.Drift : DriftState.None, shift.Update([1, 0, 2.5f])); // Units of a deviation that there is not are no measure.
    }

    private static Outcome Feed(MeanShift shift, int seed)
    {
        Random random = new(seed);
        return Collect(i => shift.Update(Row(random, Dimension, _ => i / 700 % 2 == 1 ? 0.8 : 0), (i % 2) - 1), () => (shift.ChangeAge, shift.Statistic, shift.Threshold, 0));
    }

    private static Outcome Feed(EmbeddingMmd mmd)
    {
        Random random = new(1);
        return Collect(i => mmd.Update(Row(random, Length, _ => 0, i / 700 % 2 == 1 ? 1.5 : 1), (i % 2) - 1), () => (mmd.ChangeAge, mmd.Statistic, mmd.Threshold, mmd.Bandwidth));
    }

    private static Outcome Collect(Func<int, DriftState> update, Func<(long Age, double Statistic, double Threshold, double Bandwidth)> facts)
    {
        Outcome outcome = new([], [], []);
        for (int i = 0; i < 3000; i++)
        {
            bool rang = update(i) == DriftState.Drift;
            (long age, double statistic, double threshold, double bandwidth) = facts();
            if (rang)
            {
                outcome.Alarms.Add((i, (int)age));
            }

            if (statistic > 0 && outcome.Thresholds.LastOrDefault() != threshold)
            {
                outcome.Thresholds.Add(threshold);
                outcome.Bandwidths.Add(bandwidth);
            }
        }

        return outcome;
    }

    private static bool Near(double expected, double actual) => Math.Abs(actual - expected) <= 1e-4 * expected; // Sums of float32 depend on the width of the processor's registers.

    private static float[] Row(Random random, int length, Func<int, double> mean, double deviation = 1) => [.. Enumerable.Range(0, length).Select(k => (float)((deviation * Gaussian(random)) + mean(k)))];

    private static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private sealed record Outcome(List<(int Index, int Age)> Alarms, List<double> Thresholds, List<double> Bandwidths);
}
