namespace Edge.Storage;

/// <summary>Makes cases of unequal length windows of one: that of the longest training case.</summary>
internal static class LengthPolicy
{
    /// <summary>[count, channels, length] of either split.</summary>
    /// <exception cref="InvalidDataException">Lengths differ and the options refuse that, or the windows would be too large.</exception>
    public static (float[] Train, float[]? Test, int Length) Apply(CaseTable train, CaseTable? test, LoadContext context)
    {
        int length = train.Longest;
        string? other = train.FirstOtherLength ?? test?.FirstOtherLength ?? (test is null || test.Lengths[0] == length ? null : $"{test.File}, its first case");
        if (other is null) return (train.Release(), test?.Release(), length);
        if (context.Options.UnequalLengths == UnequalLengths.Refuse)
        {
            throw new InvalidDataException($"{other}: expected cases of one length, they are {Range(train, test)} samples long. Make them equal in the file, or read with UnequalLengths.PadWithZeros or Resample.");
        }

        int cut = test?.Lengths.Count(l => l > length) ?? 0;
        bool pad = context.Options.UnequalLengths == UnequalLengths.PadWithZeros;
        context.Note($"lengths {Range(train, test)}, {(pad ? "zero-padded at the end" : "resampled linearly")} to {length}, the longest of the training split"
            + (pad && cut > 0 ? $"; {cut} longer {(cut == 1 ? "case" : "cases")} of the test split cut" : ""));
        float[] windows = Unify(train, length, pad, context.Options.LargestValueCount);
        train.Release();
        return (windows, test is null ? null : Unify(test, length, pad, context.Options.LargestValueCount), length);
    }

    private static float[] Unify(CaseTable table, int length, bool pad, int largest)
    {
        long needed = (long)table.Count * table.ChannelCount * length;
        if (needed > largest) throw CaseTable.TooLarge(table.File + " at one length", needed, largest);
        float[] windows = new float[needed];
        int from = 0, to = 0;
        foreach (int own in table.Lengths)
        {
            for (int channel = 0; channel < table.ChannelCount; channel++, from += own, to += length)
            {
                var recorded = table.Values.Slice(from, own);
                var window = windows.AsSpan(to, length);
                if (pad) recorded[..Math.Min(own, length)].CopyTo(window);
                else Resample(recorded, window);
            }
        }

        return windows;
    }

    /// <summary>First and last sample stay where they are; between, each target sample lies on the line between its neighbours.</summary>
    private static void Resample(ReadOnlySpan<float> recorded, Span<float> window)
    {
        for (int i = 0; i < window.Length; i++)
        {
            double at = window.Length == 1 ? 0 : (double)i * (recorded.Length - 1) / (window.Length - 1);
            int left = Math.Min((int)at, recorded.Length - 1), right = Math.Min(left + 1, recorded.Length - 1);
            window[i] = (float)(recorded[left] + (recorded[right] - (double)recorded[left]) * (at - left));
        }
    }

    private static string Range(CaseTable train, CaseTable? test)
    {
        var lengths = test is null ? train.Lengths : train.Lengths.Concat(test.Lengths);
        return $"{lengths.Min()} to {lengths.Max()}";
    }
}
