using Edge.Storage;
using Edge.Trainer.Bench;

namespace Edge.Trainer.Tests.Bench;

/// <summary>What the faults do to a window, and what they leave alone.</summary>
public class SensorFaultsTests
{
    private const int Channels = 7, Length = 5, Rotated = 1, Quiet = 2, Dead = 3;
    private readonly BenchData data = new(Windows(64, seed: 1), Windows(10, seed: 2), ["as it came"]);

    [Fact]
    public void Training_windows_go_to_the_domains_in_blocks_and_test_windows_to_every_domain()
    {
        var faulty = SensorFaults.Apply(data, seed: 1);
        Assert.Equal(64, faulty.Train.Count);
        Assert.Equal([.. Enumerable.Range(0, 64).Select(i => i / 8 % 4)], faulty.Train.Domains);
        Assert.Equal(data.Train.Classes, faulty.Train.Classes);
        Assert.Equal(40, faulty.Test.Count);
        for (int d = 0; d < 4; d++) Assert.Equal(data.Test.Classes, Of(faulty.Test, d).Select(i => faulty.Test.Classes[i]));
        Assert.Equal(SensorFaults.Names, faulty.Train.DomainNames);
        Assert.Equal(2, faulty.Notes.Count);
    }

    [Fact]
    public void The_first_domain_and_the_recording_itself_stay_as_they_were()
    {
        float[] train = [.. data.Train.Values], test = [.. data.Test.Values];
        var faulty = SensorFaults.Apply(data, seed: 1);
        Assert.Equal(train, data.Train.Values);
        Assert.Equal(test, data.Test.Values);
        foreach (int i in Of(faulty.Train, 0)) Assert.Equal(data.Train[i], faulty.Train[i]);
        foreach (int i in Of(faulty.Test, 0)) Assert.Equal(data.Test[i], faulty.Test[i]);
    }

    [Fact]
    public void The_rotation_is_by_20_degrees_about_one_axis_for_every_triple_and_window()
    {
        // Windows whose triples are the axes of space: what comes out is the rotation itself.
        float[] axes = [1, 0, 0, 0, 1, 0, 0, 0, 1];
        var windows = Windows(64, 1) with { Window = new WindowShape(6, 3, 50), Values = [.. Enumerable.Repeat(axes, 128).SelectMany(a => a)] };
        var faulty = SensorFaults.Apply(new BenchData(windows, windows.Select([0, 1]), []), seed: 5);
        float[] r = [.. faulty.Train[8]];
        Assert.Equal(1 + 2 * Math.Cos(20 * Math.PI / 180), r[0] + r[4] + r[8], 1e-6);
        for (int a = 0; a < 3; a++)
        {
            for (int b = 0; b < 3; b++) Assert.Equal(a == b ? 1 : 0, r[3 * a] * r[3 * b] + r[3 * a + 1] * r[3 * b + 1] + r[3 * a + 2] * r[3 * b + 2], 1e-6);
        }

        Assert.Equal(1, r[0] * (r[4] * r[8] - r[5] * r[7]) - r[1] * (r[3] * r[8] - r[5] * r[6]) + r[2] * (r[3] * r[7] - r[4] * r[6]), 1e-6); // No mirror.
        Assert.Equal(r[..9], r[9..]);
        foreach (int i in Of(faulty.Train, Rotated)) Assert.Equal(r, faulty.Train[i]);
        foreach (int i in Of(faulty.Test, Rotated)) Assert.Equal(r, faulty.Test[i]);
    }

    [Fact]
    public void A_rotation_keeps_the_length_of_every_triple_and_a_channel_that_is_in_none()
    {
        var faulty = SensorFaults.Apply(data, seed: 1);
        foreach (int i in Of(faulty.Train, Rotated))
        {
            Assert.False(data.Train[i].SequenceEqual(faulty.Train[i]));
            for (int t = 0; t < Length; t++)
            {
                for (int first = 0; first < 6; first += 3) Assert.Equal(Norm(data.Train[i], first, t), Norm(faulty.Train[i], first, t), 1e-5);
                Assert.Equal(data.Train[i][6 * Length + t], faulty.Train[i][6 * Length + t]);
            }
        }
    }

    [Fact]
    public void The_gain_is_four_fifths_and_one_channel_is_dead_the_same_everywhere()
    {
        var faulty = SensorFaults.Apply(data, seed: 1);
        foreach (int i in Of(faulty.Train, Quiet))
        {
            for (int k = 0; k < Channels * Length; k++) Assert.Equal(0.8f * data.Train[i][k], faulty.Train[i][k]);
        }

        int[] dead = [.. Of(faulty.Train, Dead).Select(i => Silent(faulty.Train[i])).Concat(Of(faulty.Test, Dead).Select(i => Silent(faulty.Test[i]))).Distinct()];
        int channel = Assert.Single(dead);
        foreach (int i in Of(faulty.Train, Dead))
        {
            for (int k = 0; k < Channels * Length; k++) Assert.Equal(k / Length == channel ? 0 : data.Train[i][k], faulty.Train[i][k]);
        }
    }

    [Fact]
    public void The_seed_gives_the_axis_and_the_channel()
    {
        Assert.Equal(SensorFaults.Apply(data, 1).Train.Values, SensorFaults.Apply(data, 1).Train.Values);
        Assert.True(Enumerable.Range(1, 10).Select(seed => Silent(SensorFaults.Apply(data, seed).Train[24])).Distinct().Count() > 2);
        Assert.False(SensorFaults.Apply(data, 1).Train[8].SequenceEqual(SensorFaults.Apply(data, 2).Train[8]));
    }

    [Fact]
    public void A_recording_with_fewer_than_three_channels_is_refused()
    {
        var mono = Windows(64, 1) with { Window = new WindowShape(1, 35, 50) };
        string said = Assert.Throws<InvalidDataException>(() => SensorFaults.Apply(new BenchData(mono, mono, []), 1)).Message;
        Assert.Equal("the data set has one domain and 1 channel; faults of a sensor need at least 3. Choose a data set with domains, or another protocol.", said);
    }

    private static int[] Of(LabelledWindows windows, int domain) => [.. Enumerable.Range(0, windows.Count).Where(i => windows.Domains[i] == domain)];

    private static int Silent(ReadOnlySpan<float> window)
    {
        for (int c = 0; c < Channels; c++)
        {
            if (!window.Slice(c * Length, Length).ContainsAnyExcept(0f)) return c;
        }

        return -1;
    }

    private static double Norm(ReadOnlySpan<float> window, int first, int t)
    {
        double sum = 0;
        for (int c = first; c < first + 3; c++) sum += window[c * Length + t] * window[c * Length + t];
        return Math.Sqrt(sum);
    }

    private static LabelledWindows Windows(int count, int seed)
    {
        var random = new Random(seed);
        return new LabelledWindows
        {
            Window = new WindowShape(Channels, Length, 50),
            Values = [.. Enumerable.Range(0, count * Channels * Length).Select(_ => random.NextSingle() - 0.5f)],
            Classes = [.. Enumerable.Range(0, count).Select(i => i % 3)],
            Subjects = new int[count],
            ClassNames = ["a", "b", "c"],
        };
    }
}
