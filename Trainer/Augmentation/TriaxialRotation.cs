using static TorchSharp.torch;

namespace Edge.Trainer.Augmentation;

/// <summary>
/// A device that sits differently: one rotation per window, about an axis of uniform direction by an angle uniform from 0 to the largest, turns the x, y and z channels of every sensor alike.
/// Um et al. 2017, "Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using Convolutional Neural Networks" (rotation). Deviation: the angle is bounded; theirs is
/// any, which mixes up postures that gravity tells apart. By Rodrigues' formula, R = 1 + sin a K + (1 - cos a) K^2 with K v = axis x v.
/// </summary>
public sealed class TriaxialRotation : IAugmentation, IDisposable
{
    private const double RadiansPerDegree = Math.PI / 180;
    private readonly double largestDegrees;
    private readonly AugmentationDraws draws;
    private readonly Tensor channels; // [3 groups]: all x channels, then all y, then all z, so that one product per window turns all of them.
    private readonly Tensor cross; // [3, 9]: the matrices K of the unit vectors.

    /// <summary>Prepares the groups.</summary>
    /// <param name="largestDegrees">Largest angle, degrees, 0 to 180.</param>
    /// <param name="groups">0-based channels of x, y and z per sensor; one group at least, no channel twice.</param>
    /// <param name="windows">[n, channels, length]: windows like those of which views are taken.</param>
    /// <param name="draws">Where axes and angles come from.</param>
    /// <exception cref="ArgumentException">The groups are no such groups of these channels; the message says which and why.</exception>
    public TriaxialRotation(double largestDegrees, IReadOnlyList<IReadOnlyList<int>> groups, Tensor windows, AugmentationDraws draws)
    {
        Require(groups, windows.shape[1]);
        this.largestDegrees = largestDegrees;
        this.draws = draws;
        using var scope = NewDisposeScope();
        channels = tensor((long[])[.. Enumerable.Range(0, 3).SelectMany(axis => groups.Select(group => (long)group[axis]))]).to(windows.device).DetachFromDisposeScope();
        cross = tensor((double[])[0, 0, 0, 0, 0, -1, 0, 1, 0, /* y */ 0, 0, 1, 0, 0, 0, -1, 0, 0, /* z */ 0, -1, 0, 1, 0, 0, 0, 0, 0], [3, 9])
            .to(windows.dtype).to(windows.device).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public Tensor View(Tensor windows)
    {
        using var scope = NewDisposeScope();
        long[] shape = windows.shape;
        long axisCount = channels.shape[0];
        var turned = Rotations(windows).bmm(windows.index_select(1, channels).view(shape[0], 3, axisCount / 3 * shape[2]));
        return windows.clone().index_copy_(1, channels, turned.view(shape[0], axisCount, shape[2])).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        channels.Dispose();
        cross.Dispose();
    }

    /// <summary>[n, 3, 3].</summary>
    private Tensor Rotations(Tensor windows)
    {
        long count = windows.shape[0];
        var axis = nn.functional.normalize(draws.Normal(windows, count, 3), 2, 1);
        var angle = draws.Uniform(windows, count, 1, 1).mul_(largestDegrees * RadiansPerDegree);
        var turn = axis.matmul(cross.to(windows.dtype)).view(count, 3, 3);
        return eye(3, dtype: windows.dtype, device: windows.device) + angle.sin() * turn + (1 - angle.cos()) * turn.bmm(turn);
    }

    private static void Require(IReadOnlyList<IReadOnlyList<int>> groups, long channelCount)
    {
        if (groups.Count == 0) throw new ArgumentException("There is no group of three channels to rotate. Name one, or do not rotate.", nameof(groups));
        var seen = new HashSet<int>();
        for (int i = 0; i < groups.Count; i++)
        {
            if (groups[i].Count != 3) throw new ArgumentException($"Group {i} has {groups[i].Count} channels; expected three, x, y and z of one sensor.", nameof(groups));
            foreach (int channel in groups[i])
            {
                if (channel < 0 || channel >= channelCount)
                    throw new ArgumentException($"Group {i} names channel {channel}; the windows have channels 0 to {channelCount - 1}. Mend training.augmentation.triaxialGroups.", nameof(groups));
                if (!seen.Add(channel))
                    throw new ArgumentException($"Group {i} names channel {channel}, which is named before; a channel is one axis of one sensor. Mend training.augmentation.triaxialGroups.", nameof(groups));
            }
        }
    }
}
