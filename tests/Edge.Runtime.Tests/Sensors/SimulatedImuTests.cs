using Edge.Config;
using Edge.Runtime.Sensors;
using Edge.Storage;

namespace Edge.Runtime.Tests.Sensors;

/// <summary>The IMU in software: repeatable, physical enough to learn from, and with drift that sets in when it is told to.</summary>
public class SimulatedImuTests
{
    private static readonly SensorSection s_settings = new();

    [Fact]
    public async Task The_same_seed_gives_the_same_stream_and_another_seed_another()
    {
        var first = await ReadAsync(new SimulatedImu(s_settings, 0), 200);
        var again = await ReadAsync(new SimulatedImu(s_settings, 0), 200);
        var other = await ReadAsync(new SimulatedImu(s_settings with { Seed = 2 }, 0), 200);
        Assert.Equal(first.SelectMany(b => b.Values), again.SelectMany(b => b.Values));
        Assert.Equal(first.Select(b => b.Truth), again.Select(b => b.Truth));
        Assert.NotEqual(first.SelectMany(b => b.Values), other.SelectMany(b => b.Values));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3.7)]
    [InlineData(1234.5)]
    [InlineData(86_400)]
    public async Task The_first_six_activities_after_a_start_are_the_six_classes(double startSeconds)
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var activities = await ActivitiesAsync(new SimulatedImu(s_settings with { Seed = seed }, startSeconds), 6);
            Assert.Equal(UciHarArchive.ClassNames.Order(StringComparer.Ordinal), activities.Select(a => a.Name).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task An_activity_lasts_about_as_long_as_configured()
    {
        var activities = new List<(string Name, double Seconds)>();
        for (int seed = 0; seed < 20; seed++) activities.AddRange(await ActivitiesAsync(new SimulatedImu(s_settings with { Seed = seed }, 0), 5));
        Assert.All(activities, a => Assert.InRange(a.Seconds, 0.6 * 12, 1.4 * 12 + 16 / 50.0));
        Assert.InRange(activities.Average(a => a.Seconds), 0.8 * 12, 1.2 * 12);
    }

    [Fact]
    public async Task Gravity_is_about_1_g_at_rest_and_turns_with_the_posture()
    {
        var blocks = await ReadAsync(new SimulatedImu(s_settings, 0), 20_000);
        foreach (string posture in new[] { "sitting", "standing", "laying" })
        {
            double[] total = [.. Enumerable.Range(0, 3).Select(axis => Mean(blocks, posture, axis))];
            Assert.InRange(Math.Sqrt(total.Sum(g => g * g)), 0.97, 1.03);
            double[] body = [.. Enumerable.Range(3, 3).Select(axis => Mean(blocks, posture, axis))];
            Assert.All(body, g => Assert.InRange(g, -0.02, 0.02)); // Gravity is in the total, not in the body's.
        }

        Assert.InRange(Mean(blocks, "standing", 0), 0.95, 1.02); // Down is along the body's axis ...
        Assert.InRange(Mean(blocks, "laying", 2), 0.95, 1.02);   // ... or across it.
    }

    [Fact]
    public async Task A_walk_shakes_more_than_rest_and_noise_is_as_strong_as_configured()
    {
        var blocks = await ReadAsync(new SimulatedImu(s_settings, 0), 20_000);
        Assert.True(Deviation(blocks, "walking", 3) > 3 * Deviation(blocks, "standing", 3));
        var silent = await ReadAsync(new SimulatedImu(s_settings with { Simulated = s_settings.Simulated with { NoiseStd = 0 } }, 0), 20_000);
        Assert.InRange(Deviation(silent, "laying", 3), 0, 0.02);
        Assert.InRange(Deviation(blocks, "laying", 3), 0.045, 0.06);
    }

    [Fact]
    public async Task Drift_sets_in_at_its_second_and_not_a_sample_earlier()
    {
        const double after = 10.1; // Within a block of 16 samples.
        var plain = await ReadAsync(new SimulatedImu(s_settings, 0), 100);
        foreach (var drift in new[]
        {
            s_settings.Simulated with { DriftAfterSeconds = after, DriftBiasG = 0.1 },
            s_settings.Simulated with { DriftAfterSeconds = after, DriftGain = 0.8 },
            s_settings.Simulated with { DriftAfterSeconds = after, DriftRotationDegrees = 20 },
        })
        {
            var drifted = await ReadAsync(new SimulatedImu(s_settings with { Simulated = drift }, 0), 100);
            var firstChanged = Samples(plain).Zip(Samples(drifted)).First(pair => !pair.First.Values.AsSpan().SequenceEqual(pair.Second.Values));
            Assert.Equal(505, Math.Round(firstChanged.First.Seconds * 50)); // 10.1 s at 50 Hz.
        }
    }

    [Fact]
    public async Task Bias_gain_and_rotation_do_what_their_names_say()
    {
        var silent = s_settings with { Simulated = s_settings.Simulated with { NoiseStd = 0 } };
        var plain = Samples(await ReadAsync(new SimulatedImu(silent, 0), 50)).ToList();
        var biased = Samples(await ReadAsync(new SimulatedImu(silent with { Simulated = silent.Simulated with { DriftBiasG = 0.1 } }, 0), 50)).ToList();
        var weak = Samples(await ReadAsync(new SimulatedImu(silent with { Simulated = silent.Simulated with { DriftGain = 0.8 } }, 0), 50)).ToList();
        var turned = Samples(await ReadAsync(new SimulatedImu(silent with { Simulated = silent.Simulated with { DriftRotationDegrees = 20 } }, 0), 50)).ToList();
        for (int i = 0; i < plain.Count; i++)
        {
            for (int channel = 0; channel < 9; channel++)
            {
                Assert.Equal(plain[i].Values[channel] + (channel < 6 ? 0.1 : 0), biased[i].Values[channel], 1e-5); // Rotation rate has no bias in g.
                Assert.Equal(0.8 * plain[i].Values[channel], weak[i].Values[channel], 1e-5);
            }

            for (int vector = 0; vector < 9; vector += 3)
            {
                double Of(IReadOnlyList<float> values, int axis) => values[vector + axis];
                Assert.Equal(Of(plain[i].Values, 0), Of(turned[i].Values, 0), 1e-6); // About the x axis.
                (double sin, double cos) = Math.SinCos(20 * Math.PI / 180);
                Assert.Equal(cos * Of(plain[i].Values, 1) - sin * Of(plain[i].Values, 2), Of(turned[i].Values, 1), 1e-5);
                Assert.Equal(sin * Of(plain[i].Values, 1) + cos * Of(plain[i].Values, 2), Of(turned[i].Values, 2), 1e-5);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(17.28)]
    [InlineData(99_999.999)]
    public async Task Stream_time_goes_on_from_where_it_was_told_without_a_hole(double startSeconds)
    {
        var blocks = await ReadAsync(new SimulatedImu(s_settings, startSeconds), 100);
        Assert.InRange(blocks[0].StartSeconds, startSeconds, startSeconds + 0.02);
        for (int i = 1; i < blocks.Count; i++)
        {
            Assert.Equal(blocks[i - 1].StartSeconds + 16 / 50.0, blocks[i].StartSeconds, 1e-6);
            Assert.False(blocks[i].StartsAfterGap);
        }
    }

    private static async Task<List<SampleBlock>> ReadAsync(SimulatedImu imu, int count)
    {
        var blocks = new List<SampleBlock>();
        for (int i = 0; i < count; i++)
        {
            var block = new SampleBlock(9, imu.BlockCapacity);
            Assert.Equal(SensorReading.Block, await imu.ReadAsync(block, TestContext.Current.CancellationToken));
            blocks.Add(block);
        }

        return blocks;
    }

    private static async Task<List<(string Name, double Seconds)>> ActivitiesAsync(SimulatedImu imu, int count)
    {
        // The sixth activity of a permutation and the first of the next may be of one class, and then look like one; no caller asks for more than six.
        var activities = new List<(string Name, double Seconds)>();
        var block = new SampleBlock(9, imu.BlockCapacity);
        double from = -1;
        string? name = null;
        while (activities.Count < count)
        {
            await imu.ReadAsync(block, TestContext.Current.CancellationToken);
            if (block.Truth == name) continue;
            if (name is not null) activities.Add((name, block.StartSeconds - from));
            (name, from) = (block.Truth, block.StartSeconds);
        }

        return activities;
    }

    private static IEnumerable<(double Seconds, float[] Values)> Samples(IEnumerable<SampleBlock> blocks) =>
        blocks.SelectMany(b => Enumerable.Range(0, b.SampleCount).Select(i => (b.StartSeconds + i / 50.0, Enumerable.Range(0, 9).Select(channel => b.Channel(channel)[i]).ToArray())));

    private static double Mean(IEnumerable<SampleBlock> blocks, string truth, int channel) => Of(blocks, truth, channel).Average();

    private static double Deviation(IEnumerable<SampleBlock> blocks, string truth, int channel)
    {
        var values = Of(blocks, truth, channel).ToList();
        double mean = values.Average();
        return Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
    }

    private static IEnumerable<double> Of(IEnumerable<SampleBlock> blocks, string truth, int channel) =>
        blocks.Where(b => b.Truth == truth).SelectMany(b => b.Channel(channel).ToArray().Select(v => (double)v));
}
