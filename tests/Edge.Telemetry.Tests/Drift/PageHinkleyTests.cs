using System.Text.Json;
using Edge.Telemetry.Drift;

namespace Edge.Telemetry.Tests.Drift;

/// <summary>The streams and the indices at which the alarm rings are the known answers that river's implementation gives with its default settings.</summary>
public class PageHinkleyTests
{
    private static readonly Dictionary<string, double[]> Streams = new()
    {
        ["0 then 1"] = Concat(i => 0, 1000, i => 1, 1000),
        ["i%2 then 4+i%4"] = Concat(i => i % 2, 1000, i => 4 + (i % 4), 1000),
        ["i%7 then i%7+3"] = Concat(i => i % 7, 1000, i => (i % 7) + 3, 1000),
        ["i%7+3 then i%7"] = Concat(i => (i % 7) + 3, 1000, i => i % 7, 1000),
        ["0 then 100"] = Concat(i => 0, 200, i => 100, 200),
        ["10 % errors then 50 %"] = Concat(i => i % 10 == 0 ? 1 : 0, 1000, i => i % 2 == 0 ? 1 : 0, 1000),
        ["constant 1"] = Concat(i => 1, 5000, i => 1, 0),
    };

    [Theory]
    [InlineData("0 then 1", 50, DriftDirection.Both, new[] { 1051 })]
    [InlineData("0 then 1", 10, DriftDirection.Both, new[] { 1010 })]
    [InlineData("i%2 then 4+i%4", 50, DriftDirection.Both, new[] { 1010 })]
    [InlineData("i%2 then 4+i%4", 10, DriftDirection.Both, new[] { 1002 })]
    [InlineData("i%7 then i%7+3", 50, DriftDirection.Both, new[] { 1011 })]
    [InlineData("i%7+3 then i%7", 50, DriftDirection.Both, new[] { 1014 })]
    [InlineData("i%7+3 then i%7", 50, DriftDirection.Down, new[] { 1014 })]
    [InlineData("i%7+3 then i%7", 50, DriftDirection.Up, new int[0])]
    [InlineData("0 then 100", 50, DriftDirection.Both, new[] { 200 })]
    [InlineData("10 % errors then 50 %", 50, DriftDirection.Both, new[] { 1134 })]
    [InlineData("10 % errors then 50 %", 10, DriftDirection.Both, new[] { 1024 })]
    [InlineData("constant 1", 50, DriftDirection.Both, new int[0])]
    public void The_alarm_rings_at_the_known_index(string stream, double threshold, DriftDirection direction, int[] expected)
    {
        PageHinkley detector = new(new PageHinkleyOptions { Threshold = threshold, Direction = direction });

        Assert.Equal(expected, Alarms(detector, Streams[stream]));
    }

    [Fact]
    public void The_defaults_are_those_of_river()
    {
        PageHinkleyOptions options = new();

        Assert.Equal((30, 0.005, 50.0, 0.9999, DriftDirection.Both), (options.MinInstances, options.Delta, options.Threshold, options.Alpha, options.Direction));
    }

    [Fact]
    public void The_score_passes_one_exactly_when_the_alarm_rings()
    {
        PageHinkley detector = new();
        foreach (double value in Streams["0 then 1"])
        {
            Assert.Equal(detector.Update(value), detector.Score > 1);
        }
    }

    [Fact]
    public void The_moment_of_change_is_estimated_to_the_observation()
    {
        PageHinkley detector = new();
        double[] stream = Streams["0 then 1"];
        int alarm = Array.FindIndex(stream, detector.Update);

        Assert.True(detector.Rising);
        Assert.Equal(1000, alarm + 1 - detector.ObservationsSinceLow); // 1,000 zeros came before the change
    }

    [Fact]
    public void A_restored_test_goes_on_to_the_digit()
    {
        double[] stream = Streams["10 % errors then 50 %"];
        PageHinkley straight = new(), first = new();
        Alarms(straight, stream[..1100]);
        Alarms(first, stream[..1100]);
        PageHinkley second = new();
        second.Restore(JsonSerializer.Deserialize<PageHinkleyState>(JsonSerializer.Serialize(first.Save()))!);

        Assert.Equal([34], Alarms(second, stream[1100..]));
        Alarms(straight, stream[1100..]);
        Assert.Equal(straight.Save(), second.Save());
    }

    [Fact]
    public void It_stays_quiet_before_it_has_seen_enough()
    {
        PageHinkley detector = new(new PageHinkleyOptions { MinInstances = 30, Threshold = 1 });

        Assert.Equal(29, Array.FindIndex(Concat(i => i < 15 ? 0 : 100, 100, i => 0, 0), detector.Update));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_number_that_would_poison_the_mean_is_a_bug(double value) => Assert.Throws<ArgumentOutOfRangeException>(() => new PageHinkley().Update(value));

    [Fact]
    public void An_update_allocates_nothing()
    {
        PageHinkley detector = new();
        double[] stream = Streams["0 then 1"];
        Alarms(detector, stream);
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (double value in stream)
        {
            detector.Update(value);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static int[] Alarms(PageHinkley detector, double[] stream) => [.. stream.Index().Where(item => detector.Update(item.Item)).Select(item => item.Index)];

    private static double[] Concat(Func<int, double> first, int firstCount, Func<int, double> second, int secondCount) =>
        [.. Enumerable.Range(0, firstCount).Select(first), .. Enumerable.Range(0, secondCount).Select(second)];
}
