namespace Edge.Storage;

/// <summary>One split of a recorded data set, whole in memory.</summary>
public sealed record LabelledWindows
{
    /// <summary>Shape of every window.</summary>
    public required WindowShape Window { get; init; }

    /// <summary>[count, channels, length] float32, row-major, in the recording's units.</summary>
    public required float[] Values { get; init; }

    /// <summary>Index into <see cref="ClassNames"/> of each window.</summary>
    public required int[] Classes { get; init; }

    /// <summary>Who or what was recorded, per window.</summary>
    public required int[] Subjects { get; init; }

    /// <summary>Names of the classes.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>Number of windows.</summary>
    public int Count => Classes.Length;

    /// <summary>The windows of some classes, in order.</summary>
    public LabelledWindows Of(IReadOnlyCollection<string> classes)
    {
        int[] kept = [.. Enumerable.Range(0, Count).Where(i => classes.Contains(ClassNames[Classes[i]]))];
        float[] values = new float[kept.Length * Window.ValueCount];
        for (int i = 0; i < kept.Length; i++) this[kept[i]].CopyTo(values.AsSpan(i * Window.ValueCount));
        return this with { Values = values, Classes = [.. kept.Select(i => Classes[i])], Subjects = [.. kept.Select(i => Subjects[i])] };
    }

    /// <summary>One window: [channels, length].</summary>
    public ReadOnlySpan<float> this[int window] => Values.AsSpan(window * Window.ValueCount, Window.ValueCount);
}
