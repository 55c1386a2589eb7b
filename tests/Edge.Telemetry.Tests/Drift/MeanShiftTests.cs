using Edge.Telemetry.Drift;

namespace Edge.Telemetry.Tests.Drift;

public class MeanShiftTests
{
    private const int Length = 16;
    private static readonly ShiftOptions s_options = new() { ReferenceCount = 300, WindowCount = 32, BlockCount = 4, ExpectedRunTime = 5_000 };

    [Fact]
    public void The_dimension_that_moved_and_when_are_named()
    {
        Random random = new(3);
        MeanShift shift = new(4, ShiftNorm.Largest, s_options);
        int alarm = Enumerable.Range(0, 1000).First(i => shift.Update(Row(random, 4, k => k == 2 && i >= 500 ? 10 + (2 * 5) : 10, 5)) == DriftState.Drift);

        Assert.InRange(alarm, 503, 520);
        Assert.Equal(2, shift.LargestIndex);
        Assert.InRange(alarm - shift.ChangeAge + 1, 495, 505);
        Assert.InRange(shift.ReferenceMean(2), 9, 11);
        Assert.InRange(shift.MovedBy(2), 2, 12);
        Assert.InRange(Math.Abs(shift.MovedBy(0)), 0, 3);
    }

    [Fact]
    public void False_alarms_on_an_autocorrelated_stream_come_no_more_often_than_asked_for()
    {
        // Runs of ten observations share most of their value, as windows of one activity do.
        static int Alarms(int blockCount)
        {
            Random random = new(5);
            MeanShift shift = new(3, ShiftNorm.Largest, s_options with { BlockCount = blockCount, ReferenceCount = 400 });
            float[] activity = new float[3];
            int alarms = 0;
            for (int i = 0; i < 60_000; i++)
            {
                activity = i % 10 == 0 ? Row(random, 3, _ => 0, 1) : activity;
                float[] row = [.. activity.Select(a => a + (0.3f * (float)Gaussian(random)))];
                alarms += shift.Update(row) == DriftState.Drift ? 1 : 0;
            }

            return alarms;
        }

        Assert.InRange(Alarms(24), 0, 60_000 / 5_000);
        Assert.InRange(Alarms(1), 61, 600); // Taken for independent, they ring all the time.
    }

    [Fact]
    public void Another_mix_of_the_same_groups_is_no_drift_and_a_group_that_moves_is()
    {
        Random random = new(7);
        MeanShift grouped = new(2, ShiftNorm.Euclidean, s_options with { GroupCount = 2 }), plain = new(2, ShiftNorm.Euclidean, s_options);
        int plainAlarms = 0;
        for (int i = 0; i < 600; i++)
        {
            int group = random.NextDouble() < (i < 400 ? 0.5 : 0.95) ? 1 : 0;
            float[] row = Row(random, 2, _ => 4 * group, 1);
            Assert.NotEqual(DriftState.Drift, grouped.Update(row, group));
            plainAlarms += plain.Update(row) == DriftState.Drift ? 1 : 0;
        }

        Assert.Equal(1, plainAlarms);
        Assert.Contains(Enumerable.Range(0, 60), _ => grouped.Update(Row(random, 2, _ => 4 + 1.5, 1), 1) == DriftState.Drift);
    }

    [Fact]
    public void Mmd_finds_a_change_that_leaves_the_mean_where_it_was()
    {
        Random random = new(9);
        EmbeddingMmd mmd = new(Length, s_options);
        int alarm = Enumerable.Range(0, 1000).First(i => mmd.Update(Row(random, Length, _ => 0, i < 500 ? 1 : 1.6)) == DriftState.Drift);

        Assert.InRange(alarm, 501, 540);
        Assert.InRange(alarm - mmd.ChangeAge + 1, 490, 510);
        Assert.InRange(mmd.Bandwidth, 3.4, 4.6); // Median distance √(2 · 16) of standard normals, over √2.
    }

    [Fact]
    public void Random_features_estimate_the_kernel()
    {
        Random random = new(11);
        EmbeddingMmd mmd = new(Length, s_options, bandwidth: 3);
        float[][] rows = [.. Enumerable.Range(0, 332).Select(i => Row(random, Length, _ => i < 300 ? 0 : 0.6, 1))];
        foreach (float[] row in rows)
        {
            mmd.Update(row);
        }

        double exact = KernelMmd.Biased([.. rows[..300].SelectMany(row => row)], [.. rows[300..].SelectMany(row => row)], Length, 3);
        Assert.InRange(mmd.Statistic, exact * 0.75, exact * 1.25);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(296)] // The bandwidth is known, the features are not.
    [InlineData(299)]
    [InlineData(300)]
    [InlineData(317)] // Half of the threshold is simulated.
    [InlineData(340)]
    [InlineData(517)]
    public void A_restored_mmd_goes_on_to_the_bit(int cut)
    {
        Random random = new(13);
        float[][] rows = [.. Enumerable.Range(0, 700).Select(i => Row(random, Length, _ => i < 500 ? 0 : 1, 1))];
        EmbeddingMmd straight = new(Length, s_options), first = new(Length, s_options), second = new(Length, s_options);
        Assert.All(rows[..cut], row => Assert.Equal(straight.Update(row, row[0] > 0 ? 0 : -1), first.Update(row, row[0] > 0 ? 0 : -1)));
        Assert.True(second.TryRestore(first.Save(), out string refusal), refusal);

        Assert.All(rows[cut..], row => Assert.Equal((straight.Update(row, -1), straight.Statistic), (second.Update(row, -1), second.Statistic)));
        Assert.Equal(straight.Save(), second.Save());
    }

    [Fact]
    public void An_embedding_allocates_nothing_not_even_the_one_that_completes_the_reference()
    {
        Random random = new(15);
        float[][] rows = [.. Enumerable.Range(0, 64).Select(_ => Row(random, Length, _ => 0, 1)), .. Enumerable.Range(0, 64).Select(_ => Row(random, Length, _ => 3, 1))];
        EmbeddingMmd warm = new(Length, s_options with { GroupCount = 3 }), mmd = new(Length, s_options with { GroupCount = 3 });
        for (int i = 0; i < 1500; i++) warm.Update(rows[(i % 64) + (i >= 500 ? 64 : 0)], i % 3); // The runtime's own statics, once in a process.
        int alarms = 0;
        mmd.Update(rows[0]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1500; i++)
        {
            alarms += mmd.Update(rows[(i % 64) + (i >= 500 ? 64 : 0)], i % 3) == DriftState.Drift ? 1 : 0;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1, alarms);
    }

    [Fact]
    public void The_class_that_looks_different_is_named()
    {
        Random random = new(17);
        PerClassKs ks = new(3);
        int alarm = Enumerable.Range(0, 3000).First(i => ks.Update(Gaussian(random) + (i >= 1500 && i % 3 == 1 ? 1.5 : 0), i % 3) == DriftState.Drift);

        Assert.InRange(alarm, 1500, 1590);
        Assert.Equal((1, 1), (alarm % 3, ks.Farthest));
    }

    [Fact]
    public void Per_class_false_alarms_are_bounded_and_its_state_survives()
    {
        Random random = new(19);
        PerClassKs ks = new(4, new PerClassKsOptions { ExpectedRunTime = 2_000 }), second = new(4, new PerClassKsOptions { ExpectedRunTime = 2_000 });
        int alarms = Enumerable.Range(0, 40_000).Count(i => ks.Update(random.NextDouble(), i % 4) == DriftState.Drift);
        Assert.InRange(alarms, 1, 20);

        Assert.True(second.TryRestore(ks.Save(), out string refusal), refusal);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            double value = random.NextDouble();
            Assert.True(ks.Update(value, i % 4) == second.Update(value, i % 4));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(ks.Save(), second.Save());
    }

    private static float[] Row(Random random, int length, Func<int, double> mean, double deviation) => [.. Enumerable.Range(0, length).Select(k => (float)(mean(k) + (deviation * Gaussian(random))))];

    private static double Gaussian(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
