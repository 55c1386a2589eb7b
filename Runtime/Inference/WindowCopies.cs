using System.Numerics.Tensors;
using Edge.Config;
using Edge.Storage;
using Edge.Trainer.Augmentation;
using Edge.Trainer.Backbones;

namespace Edge.Runtime.Inference;

/// <summary>
/// Augmented copies of labelled windows for the statistics of the frozen features: as the sensor, refitted and with other gains, might have recorded them. A copy follows from the window's id and the seed alone, so that an example that
/// is counted again is counted with the same copy. After Um et al. 2017, "Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using Convolutional Neural Networks" (rotation, scaling). Deviation: the angle is
/// bounded, uniform from 0 to the largest, about an axis of any direction (of three nearly normal numbers).
/// </summary>
public sealed class WindowCopies
{
    private const double RadiansPerDegree = Math.PI / 180;
    private readonly ReadOutSection wanted;
    private readonly IReadOnlyList<IReadOnlyList<int>> groups;

    private WindowCopies(ReadOutSection wanted, IReadOnlyList<IReadOnlyList<int>> groups) => (this.wanted, this.groups) = (wanted, groups);

    /// <summary>What a copy weighs where a window weighs 1.</summary>
    public double Weight => wanted.CopyWeight;

    /// <summary>Copies as that configuration wants them; null: none.</summary>
    public static WindowCopies? For(DeviceConfig config) => config.ReadOut.CopyWeight > 0 ? new WindowCopies(config.ReadOut, config.Training.Augmentation.TriaxialGroups) : null;

    /// <summary>The copy of a window.</summary>
    /// <param name="windowId">Its id.</param>
    /// <param name="samples">[channels, length] row-major.</param>
    /// <param name="window">Its shape.</param>
    /// <returns>[channels, length].</returns>
    public float[] Of(ulong windowId, ReadOnlySpan<float> samples, WindowShape window)
    {
        var random = new BankRandom(unchecked((int)(windowId ^ (windowId >> 32)) * (int)0x9E3779B1 + wanted.FrozenSeed));
        float[] copy = samples.ToArray();
        double angle = random.Uniform() * wanted.CopyRotationDegrees * RadiansPerDegree;
        Span<double> axis = [random.Normal(), random.Normal(), random.Normal()];
        if (angle > 0) Turn(copy, samples, window, Rotation(axis, angle));
        for (int channel = 0; channel < window.ChannelCount; channel++)
        {
            var row = copy.AsSpan(channel * window.Length, window.Length);
            TensorPrimitives.Multiply(row, (float)(1 + wanted.CopyScaling * random.Normal()), row);
        }

        return copy;
    }

    private void Turn(float[] copy, ReadOnlySpan<float> samples, WindowShape window, double[] rotation)
    {
        foreach (var group in groups.Count > 0 ? groups : window.Length > 1 ? ChannelAxes.Consecutive(window.ChannelCount) : [])
        {
            for (int row = 0; row < 3; row++)
            {
                var target = copy.AsSpan(group[row] * window.Length, window.Length);
                TensorPrimitives.Multiply(samples.Slice(group[0] * window.Length, window.Length), (float)rotation[3 * row], target);
                for (int column = 1; column < 3; column++)
                    TensorPrimitives.MultiplyAdd(samples.Slice(group[column] * window.Length, window.Length), (float)rotation[3 * row + column], target, target);
            }
        }
    }

    /// <summary>[3, 3] by Rodrigues' formula, R = cos a I + sin a K + (1 − cos a) u u', K v = u × v.</summary>
    private static double[] Rotation(ReadOnlySpan<double> axis, double angle)
    {
        double norm = Math.Sqrt(TensorPrimitives.SumOfSquares(axis));
        var (sin, cos) = Math.SinCos(angle);
        double x = axis[0] / norm, y = axis[1] / norm, z = axis[2] / norm, rest = 1 - cos;
        return
        [
            cos + x * x * rest, x * y * rest - z * sin, x * z * rest + y * sin,
            y * x * rest + z * sin, cos + y * y * rest, y * z * rest - x * sin,
            z * x * rest - y * sin, z * y * rest + x * sin, cos + z * z * rest,
        ];
    }
}
