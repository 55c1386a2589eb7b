namespace Edge.Storage;

/// <summary>One split of a recorded data set, whole in memory.</summary>
public sealed record LabelledWindows
{
    private static readonly IReadOnlyList<string> s_oneDomain = ["all"];
    private readonly int[]? domains;
    private int[]? zeros;

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

    /// <summary>Index into <see cref="DomainNames"/> of each window: the circumstances of the recording (a batch, a site, a device). All 0 where nothing was said.</summary>
    public int[] Domains
    {
        get
        {
            if (domains is not null) return domains;
            if (zeros?.Length != Count) zeros = new int[Count];
            return zeros;
        }
        init => domains = value;
    }

    /// <summary>Names of the domains, in the order of time where the source has one; <c>all</c> where nothing was said.</summary>
    public IReadOnlyList<string> DomainNames { get; init; } = s_oneDomain;

    /// <summary>Names of the channels, <c>body_acc_x</c> for example; empty where the source names none.</summary>
    public IReadOnlyList<string> ChannelNames { get; init; } = [];

    /// <summary>Number of windows.</summary>
    public int Count => Classes.Length;

    /// <summary>The windows of some classes, in order.</summary>
    public LabelledWindows Of(IReadOnlyCollection<string> classes) => Select([.. Enumerable.Range(0, Count).Where(i => classes.Contains(ClassNames[Classes[i]]))]);

    /// <summary>A copy of the windows at <paramref name="indices"/> (0-based, any order, repeats allowed), under the same names of classes and domains.</summary>
    public LabelledWindows Select(int[] indices)
    {
        ArgumentNullException.ThrowIfNull(indices);
        float[] values = new float[indices.Length * Window.ValueCount];
        for (int i = 0; i < indices.Length; i++) this[indices[i]].CopyTo(values.AsSpan(i * Window.ValueCount));
        return this with
        {
            Values = values,
            Classes = Array.ConvertAll(indices, i => Classes[i]),
            Subjects = Array.ConvertAll(indices, i => Subjects[i]),
            Domains = Array.ConvertAll(indices, i => Domains[i]),
        };
    }

    /// <summary>One window: [channels, length].</summary>
    public ReadOnlySpan<float> this[int window] => Values.AsSpan(window * Window.ValueCount, Window.ValueCount);
}
