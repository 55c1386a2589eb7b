using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Storage;

namespace Edge.Runtime.Tests.Inference;

/// <summary>Copies of labelled windows as another fit of the sensor would have recorded them.</summary>
public sealed class WindowCopiesTests
{
    private static readonly WindowShape s_window = new(7, 16, 50); // Two sensors of three axes, and one channel more.
    private static readonly float[] s_samples = [.. Enumerable.Range(0, 7 * 16).Select(i => MathF.Sin(0.37f * i) + 0.01f * i)];
    private static readonly IReadOnlyList<IReadOnlyList<int>> s_groups = [[0, 1, 2], [5, 4, 3]];

    [Fact]
    public void There_are_none_unless_they_weigh_something() => Assert.Null(WindowCopies.For(new DeviceConfig()));

    [Fact]
    public void A_window_has_always_the_same_copy_and_another_window_another()
    {
        float[] first = Copies(20, 0.1).Of(7, s_samples, s_window);
        Assert.Equal(first, Copies(20, 0.1).Of(7, s_samples, s_window));
        Assert.NotEqual(first, Copies(20, 0.1).Of(8, s_samples, s_window));
        Assert.NotEqual(first, Copies(20, 0.1, seed: 2).Of(7, s_samples, s_window));
        Assert.NotEqual(s_samples, first);
    }

    [Fact]
    public void With_nothing_to_differ_by_it_is_the_window() => Assert.Equal(s_samples, Copies(0, 0).Of(7, s_samples, s_window));

    [Theory]
    [InlineData(20)]
    [InlineData(180)]
    public void A_turn_keeps_lengths_and_turns_all_axes_by_one_angle_up_to_the_largest(double largest)
    {
        double widest = 0;
        for (ulong id = 0; id < 300; id++)
        {
            float[] copy = Copies(largest, 0).Of(id, s_samples, s_window);
            foreach (var group in s_groups)
            {
                for (int t = 0; t < s_window.Length; t++)
                {
                    double[] was = Vector(s_samples, group, t), turned = Vector(copy, group, t);
                    Assert.Equal(Dot(was, was), Dot(turned, turned), 1e-4);
                    Assert.InRange(Degrees(was, turned), 0, largest + 0.1);
                    widest = Math.Max(widest, Degrees(was, turned));
                }

                double[] a = Vector(s_samples, group, 0), b = Vector(s_samples, group, 9);
                Assert.Equal(Dot(a, b), Dot(Vector(copy, group, 0), Vector(copy, group, 9)), 1e-4); // One turn for the whole window.
            }

            Assert.Equal(s_samples[(6 * 16)..], copy[(6 * 16)..]); // No axis.
        }

        Assert.InRange(widest, 0.8 * largest, largest + 0.1);
    }

    [Fact]
    public void A_turn_about_a_known_axis_is_right_handed()
    {
        // Both sensors turn alike: what it does to x, y and z is a matrix of determinant 1.
        float[] unit = new float[9 * 1];
        for (int axis = 0; axis < 3; axis++) unit[axis * 3 + axis] = 1; // Three samples: x, y and z.
        float[] turned = Copies(120, 0, groups: [[0, 1, 2]]).Of(3, unit, new WindowShape(3, 3, 50));
        double determinant = turned[0] * (turned[4] * turned[8] - turned[5] * turned[7]) - turned[1] * (turned[3] * turned[8] - turned[5] * turned[6]) + turned[2] * (turned[3] * turned[7] - turned[4] * turned[6]);
        Assert.Equal(1, determinant, 1e-5);
    }

    [Fact]
    public void Gains_are_one_for_a_channel_and_spread_as_asked()
    {
        var gains = new List<double>();
        for (ulong id = 0; id < 400; id++)
        {
            float[] copy = Copies(0, 0.1).Of(id, s_samples, s_window);
            for (int channel = 0; channel < 7; channel++)
            {
                var ratios = Enumerable.Range(channel * 16, 16).Where(i => MathF.Abs(s_samples[i]) > 0.1f).Select(i => copy[i] / (double)s_samples[i]).ToList();
                Assert.Equal(ratios.Min(), ratios.Max(), 1e-5);
                gains.Add(ratios[0]);
            }
        }

        Assert.Equal(1, gains.Average(), 0.01);
        Assert.InRange(Math.Sqrt(gains.Average(gain => (gain - 1) * (gain - 1))), 0.095, 0.105);
    }

    [Theory]
    [InlineData(6, 16, true)]
    [InlineData(7, 16, false)]
    [InlineData(6, 1, false)]
    public void Without_groups_the_channels_are_axes_by_threes_where_there_is_time_and_their_number_allows(int channels, int length, bool turns)
    {
        float[] samples = [.. Enumerable.Range(0, channels * length).Select(i => 1f + i % 5)];
        Assert.Equal(turns, !samples.SequenceEqual(Copies(20, 0, groups: []).Of(1, samples, new WindowShape(channels, length, 50))));
    }

    private static WindowCopies Copies(double degrees, double scaling, int seed = 1, IReadOnlyList<IReadOnlyList<int>>? groups = null) => WindowCopies.For(new DeviceConfig
    {
        ReadOut = new ReadOutSection { CopyWeight = 0.3, CopyRotationDegrees = degrees, CopyScaling = scaling, FrozenSeed = seed },
        Training = new TrainingSection { Augmentation = new AugmentationSection { TriaxialGroups = groups ?? s_groups } },
    })!;

    private static double[] Vector(float[] samples, IReadOnlyList<int> group, int t) => [.. group.Select(channel => (double)samples[channel * 16 + t])];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double Degrees(double[] a, double[] b) => Math.Acos(Math.Clamp(Dot(a, b) / Math.Sqrt(Dot(a, a) * Dot(b, b)), -1, 1)) * 180 / Math.PI;
}
