namespace Edge.Trainer.Augmentation;

/// <summary>Which channels are x, y and z of one sensor. Turning channels that are no axes of one space, temperature beside pressure, makes windows that no sensor records.</summary>
public static class ChannelAxes
{
    private const string Letters = "xyz";

    /// <summary>
    /// The groups that names tell: three channels whose names are alike but for the last letter, x, y and z, in either case and any order: <c>body_acc_x</c>, <c>body_acc_y</c>, <c>body_acc_z</c>.
    /// A name that two channels have tells nothing.
    /// </summary>
    /// <param name="names">[channels] names; empty: none are known.</param>
    /// <returns>0-based channels of x, y and z for each group, in the order of the first of its channels.</returns>
    public static IReadOnlyList<IReadOnlyList<int>> Of(IReadOnlyList<string> names)
    {
        var groups = new List<IReadOnlyList<int>>();
        foreach (var sensor in Enumerable.Range(0, names.Count).Where(i => names[i].Length > 0 && Axis(names[i]) >= 0).GroupBy(i => names[i][..^1], StringComparer.OrdinalIgnoreCase))
        {
            int[] axes = [.. sensor.OrderBy(i => Axis(names[i]))];
            if (axes.Select(i => Axis(names[i])).SequenceEqual([0, 1, 2])) groups.Add(axes);
        }

        return groups;
    }

    /// <summary>Channels 0 to 2, 3 to 5 and so on: what a sensor brings that is known to record axes. None where the number of channels is no multiple of three.</summary>
    public static IReadOnlyList<IReadOnlyList<int>> Consecutive(int channelCount) =>
        channelCount % Letters.Length == 0 ? [.. Enumerable.Range(0, channelCount / 3).Select(group => (int[])[3 * group, 3 * group + 1, 3 * group + 2])] : [];

    private static int Axis(string name) => Letters.IndexOf(char.ToLowerInvariant(name[^1]));
}
