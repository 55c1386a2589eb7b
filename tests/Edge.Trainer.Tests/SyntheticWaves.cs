using Edge.Storage;
using Edge.Trainer.Rounds;

namespace Edge.Trainer.Tests;

/// <summary>
/// The synthetic set of the TSCIL benchmark (Qiao et al. 2024): four classes of three channels, each sin(2 pi f1 t) + cos(2 pi f2 t) + 0.1 N(0, 1) with t from 0 to 1 in 128 steps.
/// The table gives (f1, f2) per class and channel.
/// </summary>
internal static class SyntheticWaves
{
    private static readonly (int F1, int F2)[][] s_frequencies = [[(1, 2), (1, 2), (1, 2)], [(1, 0), (1, 0), (0, 1)], [(0, 0), (0, 0), (0, 0)], [(1, 2), (2, 2), (2, 0)]];

    public static WindowShape Window { get; } = new(3, 128, 50);

    public static IReadOnlyList<string> Classes { get; } = ["both", "single", "still", "mixed"];

    /// <summary><paramref name="perClass"/> windows of each of <paramref name="classes"/>, class after class, all fresh or all replayed.</summary>
    public static RoundSamples Draw(int[] classes, int perClass, bool isFresh, int seed)
    {
        var random = new Random(seed);
        var samples = new RoundSamples
        {
            Window = Window,
            Classes = [.. classes.SelectMany(c => Enumerable.Repeat(c, perClass))],
            IsFresh = [.. Enumerable.Repeat(isFresh, classes.Length * perClass)],
            Values = new float[classes.Length * perClass * Window.ValueCount],
        };
        for (int i = 0; i < samples.Count; i++)
            for (int channel = 0; channel < Window.ChannelCount; channel++)
                for (int step = 0; step < Window.Length; step++)
                {
                    var (f1, f2) = s_frequencies[samples.Classes[i]][channel];
                    double t = step / (Window.Length - 1.0);
                    samples.Values[i * Window.ValueCount + channel * Window.Length + step] = (float)(Math.Sin(2 * Math.PI * f1 * t) + Math.Cos(2 * Math.PI * f2 * t) + 0.1 * Normal(random));
                }

        return samples;
    }

    public static RoundSamples Together(RoundSamples a, RoundSamples b) =>
        a with { Classes = [.. a.Classes, .. b.Classes], IsFresh = [.. a.IsFresh, .. b.IsFresh], Values = [.. a.Values, .. b.Values] };

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
