namespace Edge.Storage;

/// <summary>The cases of one split as they are recorded: each [channels, its own length], NaN where a value is missing. Grows by doubling up to a stated number of values.</summary>
/// <param name="file">What messages call it.</param>
/// <param name="largestValueCount">Most values it may hold.</param>
internal sealed class CaseTable(string file, int largestValueCount)
{
    private float[] values = [];
    private int used;

    /// <summary>What messages call it.</summary>
    public string File => file;

    /// <summary>Channels of every case; 0 before the first.</summary>
    public int ChannelCount { get; private set; }

    /// <summary>Samples per channel, per case.</summary>
    public List<int> Lengths { get; } = [];

    /// <summary>Class of each case, a number of <see cref="LoadContext.Classes"/>.</summary>
    public List<int> Classes { get; } = [];

    /// <summary>Subject of each case, a number of <see cref="LoadContext.Subjects"/>; −1: nobody was named.</summary>
    public List<int> Subjects { get; } = [];

    /// <summary>Domain of each case, a number of <see cref="LoadContext.Domains"/>; −1: none was named.</summary>
    public List<int> Domains { get; } = [];

    /// <summary>Number of cases.</summary>
    public int Count => Lengths.Count;

    /// <summary>Values that are NaN.</summary>
    public int MissingCount { get; private set; }

    /// <summary>Where the first case with a missing value is; null: none is missing.</summary>
    public string? FirstMissing { get; private set; }

    /// <summary>Where the first case is that has another length than the first; null: all are equal.</summary>
    public string? FirstOtherLength { get; private set; }

    /// <summary>All values, case after case.</summary>
    public Span<float> Values => values.AsSpan(0, used);

    /// <summary>Longest case.</summary>
    public int Longest => Lengths.Max();

    /// <summary>Adds a case: [channels, length], copied. Its place is for messages: ("line", 7).</summary>
    /// <exception cref="InvalidDataException">It does not fit.</exception>
    public void Add(ReadOnlySpan<float> @case, int channelCount, (string Kind, int Number) place, int @class, int subject = -1, int domain = -1)
    {
        long needed = (long)used + @case.Length;
        if (needed > largestValueCount) throw TooLarge(file, needed, largestValueCount);
        if (needed > values.Length) Array.Resize(ref values, (int)Math.Min(Math.Max(needed, values.Length * 2L), largestValueCount));
        @case.CopyTo(values.AsSpan(used));
        used = (int)needed;
        ChannelCount = channelCount;
        int missing = MissingIn(@case);
        if (missing > 0) FirstMissing ??= $"{file}, {place.Kind} {place.Number}";
        MissingCount += missing;
        Lengths.Add(@case.Length / channelCount);
        if (Lengths[^1] != Lengths[0]) FirstOtherLength ??= $"{file}, {place.Kind} {place.Number}";
        Classes.Add(@class);
        Subjects.Add(subject);
        Domains.Add(domain);
    }

    /// <summary>Takes over cases of one length, [count, channels, length]; the caller lets go of the array and fills in classes, subjects and domains. The place of the first missing value is told by the number of its case, from 0, unless it is given.</summary>
    public void Adopt(float[] whole, int channelCount, int length, string? firstMissing = null)
    {
        (values, used, ChannelCount) = (whole, whole.Length, channelCount);
        Lengths.AddRange(Enumerable.Repeat(length, whole.Length / (channelCount * length)));
        MissingCount = MissingIn(whole);
        if (MissingCount > 0) FirstMissing = firstMissing ?? $"{file}, case {whole.AsSpan().IndexOf(float.NaN) / (channelCount * length)}";
    }

    /// <summary>The values without room to spare, given away.</summary>
    public float[] Release()
    {
        float[] whole = values.Length == used ? values : values[..used];
        values = [];
        return whole;
    }

    /// <summary>How too many values are reported.</summary>
    public static InvalidDataException TooLarge(string file, long count, int largest) =>
        new($"{file}: expected at most {largest} values ({largest / (1 << 18)} MiB), there are at least {count}. Take fewer or shorter cases, or raise LargestValueCount if the memory is there.");

    private static int MissingIn(ReadOnlySpan<float> span)
    {
        int missing = 0;
        foreach (float value in span)
        {
            if (float.IsNaN(value)) missing++;
        }

        return missing;
    }
}
