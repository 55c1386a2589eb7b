using Edge.Storage;

namespace Edge.Trainer.Bench;

/// <summary>What happens to sensors in the field, as domains for a recording that has none: each is applied to whole windows [channels, length] in place.</summary>
public static class SensorFaults
{
    private const double Angle = 20 * Math.PI / 180;
    private const float Gain = 0.8f;
    private const int BlockLength = 8; // Neighbouring windows overlap and are near-copies: whole blocks go to one domain.

    /// <summary>Names of the domains in their order: as recorded, turned by 20 degrees, gain 0.8, one channel dead.</summary>
    public static IReadOnlyList<string> Names { get; } = ["as recorded", "rotation 20°", "gain 0.8", "dead channel"];

    /// <summary>Splits the training windows over the domains, block by block, and judges on all test windows in every domain.</summary>
    /// <param name="data">A recording without domains.</param>
    /// <param name="seed">Gives the axis of the rotation and the channel that dies.</param>
    /// <exception cref="InvalidDataException">It has fewer than three channels: there is no axis to turn about, and a dead channel would leave little or nothing.</exception>
    public static BenchData Apply(BenchData data, int seed)
    {
        int channels = data.Train.Window.ChannelCount;
        if (channels < 3) throw new InvalidDataException($"the data set has one domain and {channels} {(channels == 1 ? "channel" : "channels")}; faults of a sensor need at least 3. Choose a data set with domains, or another protocol.");
        var random = new Random(seed);
        double[] axis = [Normal(random), Normal(random), Normal(random)];
        int dead = random.Next(channels);
        int[] trainDomains = [.. Enumerable.Range(0, data.Train.Count).Select(i => i / BlockLength % Names.Count)];
        int[] testDomains = [.. Enumerable.Range(0, Names.Count * data.Test.Count).Select(i => i / data.Test.Count)];
        var everyTest = data.Test.Select([.. Enumerable.Range(0, testDomains.Length).Select(i => i % data.Test.Count)]);
        return new BenchData(
            Faulty(data.Train, trainDomains, axis, dead),
            Faulty(everyTest, testDomains, axis, dead),
            [.. data.Notes, $"Domains: training windows dealt over {string.Join(", ", Names)} in blocks of {BlockLength}; every test window in each of them. Axis and dead channel by the seed."]);
    }

    private static LabelledWindows Faulty(LabelledWindows windows, int[] domains, double[] axis, int dead)
    {
        float[] values = (float[])windows.Values.Clone();
        int size = windows.Window.ValueCount, length = windows.Window.Length;
        double[,] rotation = Rotation(axis);
        for (int i = 0; i < domains.Length; i++)
        {
            var window = values.AsSpan(i * size, size);
            if (domains[i] == 1) Rotate(window, rotation, windows.Window);
            if (domains[i] == 2) System.Numerics.Tensors.TensorPrimitives.Multiply(window, Gain, window);
            if (domains[i] == 3) window.Slice(dead * length, length).Clear();
        }

        return windows with { Values = values, Domains = domains, DomainNames = Names };
    }

    private static void Rotate(Span<float> window, double[,] r, WindowShape shape)
    {
        for (int triple = 0; triple + 2 < shape.ChannelCount; triple += 3)
        {
            var x = window.Slice(triple * shape.Length, shape.Length);
            var y = window.Slice((triple + 1) * shape.Length, shape.Length);
            var z = window.Slice((triple + 2) * shape.Length, shape.Length);
            for (int t = 0; t < shape.Length; t++)
            {
                var (a, b, c) = (x[t], y[t], z[t]);
                x[t] = (float)(r[0, 0] * a + r[0, 1] * b + r[0, 2] * c);
                y[t] = (float)(r[1, 0] * a + r[1, 1] * b + r[1, 2] * c);
                z[t] = (float)(r[2, 0] * a + r[2, 1] * b + r[2, 2] * c);
            }
        }
    }

    /// <summary>Rodrigues' formula.</summary>
    private static double[,] Rotation(double[] axis)
    {
        double norm = Math.Sqrt(axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2]);
        var (x, y, z) = (axis[0] / norm, axis[1] / norm, axis[2] / norm);
        var (c, s) = (Math.Cos(Angle), Math.Sin(Angle));
        double k = 1 - c;
        return new[,]
        {
            { c + x * x * k, x * y * k - z * s, x * z * k + y * s },
            { y * x * k + z * s, c + y * y * k, y * z * k - x * s },
            { z * x * k - y * s, z * y * k + x * s, c + z * z * k },
        };
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
