using Edge.Telemetry.Drift;

namespace Edge.Telemetry.Tests.Drift;

/// <summary>Indices at which river's detectors ring, to the observation; ADWIN as it is since the last pair of buckets is a cut as well.</summary>
public class KnownAnswersTests
{
    [Theory]
    [InlineData("0 then 1", 32, new[] { 1023 })]
    [InlineData("0 then 1", 1, new[] { 1009 })]
    [InlineData("i%2 then 4+i%4", 32, new[] { 1023 })]
    [InlineData("i%2 then 4+i%4", 1, new[] { 1003 })]
    [InlineData("i%7 then i%7+3", 32, new[] { 1023 })]
    [InlineData("i%7 then i%7+3", 1, new[] { 1018 })]
    [InlineData("i%7+3 then i%7", 32, new[] { 1023 })]
    [InlineData("0 then 100", 32, new[] { 223 })]
    [InlineData("0 then 100", 1, new[] { 201 })]
    [InlineData("10 % errors then 50 %", 32, new[] { 1055 })]
    [InlineData("constant 1", 32, new int[0])]
    [InlineData("Random(12345): 0..1 then 4..7", 32, new[] { 1023 })]
    [InlineData("numpy 12345: 0..1 then 0..7", 32, new[] { 1023 })]
    [InlineData("Random(42): four segments", 32, new[] { 1023, 2015, 3007 })]
    public void Adwin(string stream, int clock, int[] expected) => Assert.Equal(expected, Drifts(new Adwin(new AdwinOptions { Clock = clock }), stream));

    [Fact]
    public void Adwin_keeps_quiet_within_its_grace_period() => Assert.Empty(Drifts(new Adwin(new AdwinOptions { Clock = 1, GracePeriod = 100 }), "0 x50 then 1000 x50"));

    [Fact]
    public void Adwin_knows_its_window()
    {
        Adwin whole = new(new AdwinOptions { Clock = 1_000_000 }), cut = new();
        foreach (int i in Enumerable.Range(0, 200))
        {
            whole.Update(i % 7);
        }

        int index = Array.FindIndex(KnownStreams.Named("i%2 then 4+i%4"), value => cut.Update(value) == DriftState.Drift);

        Assert.Equal((200, 594), (whole.Width, whole.Total));
        Assert.Equal(797.82, whole.VarianceSum, 9);
        Assert.Equal((1023, 32, 4.25, 5.6875), (index, cut.Width, cut.Mean, Math.Round(cut.VarianceSum / cut.Width, 12)));
    }

    [Theory]
    [InlineData("0 then 1", 1013)]
    [InlineData("i%2 then 4+i%4", 1013)]
    [InlineData("0 then 100", 213)]
    public void Kswin_whatever_its_seed(string stream, int expected) =>
        Assert.All(Enumerable.Range(1, 20), seed => Assert.Equal([expected], Drifts(new Kswin(new KswinOptions { Seed = seed }), stream)));

    [Theory]
    [InlineData("10 % errors then 50 %", new[] { 1048 })]
    [InlineData("numpy 12345: 0.2 then 0.8", new[] { 1049 })]
    [InlineData("Random(42): half then 0.7", new[] { 1334 })]
    public void Ddm(string stream, int[] expected) => Assert.Equal(expected, Drifts(new Ddm(), stream));

    [Theory]
    [InlineData("numpy 12345: 0.2 then 0.8", false, new[] { 1047 })]
    [InlineData("numpy 12345: four segments", true, new[] { 531, 1015, 1545 })]
    [InlineData("Random(42): half then 0.7", false, new[] { 1206 })]
    public void HddmA(string stream, bool twoSided, int[] expected) => Assert.Equal(expected, Drifts(new HddmA(new HddmOptions { TwoSided = twoSided }), stream));

    [Theory]
    [InlineData("numpy 12345: 0.2 then 0.8", false, new[] { 1018 })]
    [InlineData("numpy 12345: four segments", false, new[] { 507, 1508 })]
    [InlineData("numpy 12345: four segments", true, new[] { 507, 1032, 1508 })] // river's test of 2022 says 507, 1508: its cut for a fall began at +infinity, so that it never looked for one.
    [InlineData("Random(42): half then 0.7", false, new[] { 1077 })]
    public void HddmW(string stream, bool twoSided, int[] expected) => Assert.Equal(expected, Drifts(new HddmW(new HddmOptions { TwoSided = twoSided }), stream));

    [Theory]
    [InlineData("ddm", 1084)]
    [InlineData("hddmA", 451)]
    [InlineData("hddmW", 451)]
    public void The_first_warning(string name, int expected)
    {
        IDriftDetector detector = name switch { "ddm" => new Ddm(), "hddmA" => new HddmA(), _ => new HddmW() };

        Assert.Equal(expected, Array.FindIndex(KnownStreams.Named("Random(42): half then 0.7"), value => detector.Update(value) == DriftState.Warning));
    }

    [Theory]
    [InlineData("Random(12345): 0..1 then 4..7", new[] { 1006 })]
    public void PageHinkley(string stream, int[] expected) => Assert.Equal(expected, Drifts(new PageHinkley(), stream));

    [Fact]
    public void Kolmogorov_and_Smirnov_to_the_digit()
    {
        double[] range = [.. Enumerable.Range(0, 30).Select(i => (double)i)];
        double[] seven = [.. range.Select(i => 7 * i % 11).Order()], five = [.. range.Select(i => 5 * i % 13).Order()];

        AssertTest(range, [.. range.Select(i => i + 100)], 1, 1.6911233892e-17);
        AssertTest(range, [.. range.Select(i => i + 10)], 1.0 / 3, 0.0708879879);
        AssertTest([1, 2, 3, 4], [3, 4, 5, 6], 0.5, 0.7714285714);
        AssertTest(seven, five, 0.1333333333, 0.9578462903);
        Assert.Equal(0.9205025166, KolmogorovSmirnov.AsymptoticProbability(30, 30, KolmogorovSmirnov.Distance(seven, five)), 10);
        Assert.Equal(0, KolmogorovSmirnov.AsymptoticProbability(30, 30, 1), 12);
        Assert.Equal(1, KolmogorovSmirnov.AsymptoticProbability(30, 30, 0), 12);
        Assert.Equal(0.0045956736, KolmogorovSmirnov.AsymptoticProbability(600, 600, 0.1), 10); // The exact one is 0.0049326906.

        static void AssertTest(double[] first, double[] second, double distance, double probability)
        {
            double measured = KolmogorovSmirnov.Distance(first, second);
            Assert.Equal(distance, measured, 9);
            Assert.Equal(1, KolmogorovSmirnov.Probability(first.Length, second.Length, measured) / probability, 9);
        }
    }

    [Fact]
    public void Mmd_of_two_squares()
    {
        float[] square = [0, 0, 0, 1, 1, 0, 1, 1], moved = [2, 2, 2, 3, 3, 2, 3, 3];

        Assert.Equal(0.9553236256, KernelMmd.Unbiased(square, moved, 2, 1), 9);
        Assert.Equal(1.1918334988, KernelMmd.Biased(square, moved, 2, 1), 9);
    }

    private static int[] Drifts(IDriftDetector detector, string stream) =>
        [.. KnownStreams.Named(stream).Index().Where(item => detector.Update(item.Item) == DriftState.Drift).Select(item => item.Index)];
}
