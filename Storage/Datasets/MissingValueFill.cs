namespace Edge.Storage;

/// <summary>Fills missing values in place, as <see cref="MissingValues.Interpolate"/> says, before lengths are made equal.</summary>
internal static class MissingValueFill
{
    /// <exception cref="InvalidDataException">A value is missing and the options refuse that.</exception>
    public static void Fill(CaseTable train, CaseTable? test, LoadContext context)
    {
        bool areFeatures = train.Longest == 1;
        if ((train.FirstMissing ?? test?.FirstMissing) is not { } first) return;
        int missing = train.MissingCount + (test?.MissingCount ?? 0);
        if (context.Options.MissingValues == MissingValues.Refuse)
            throw new InvalidDataException($"{first}: expected no missing value, there are {missing} in all. Fill them in the file, or read with MissingValues.Interpolate.");
        int empty;
        if (areFeatures)
        {
            (float[] medians, empty) = Medians(train);
            FillFeatures(train, medians);
            if (test is not null) FillFeatures(test, medians);
        }
        else
        {
            empty = FillAlongTime(train) + (test is null ? 0 : FillAlongTime(test));
        }

        string where = test is null ? "" : $" ({train.MissingCount} in the training, {test.MissingCount} in the test split)";
        string how = areFeatures ? "filled with the training median of their feature" : "filled by linear interpolation along time within the channel, ends held";
        string rest = empty == 0 ? "" : areFeatures ? $"; {Count(empty, "feature")} without any value in the training split set to 0" : $"; {Count(empty, "channel")} of a case without any value set to 0";
        context.Note($"{Count(missing, "value")} missing{where}, {how}{rest}");
    }

    /// <summary>Median of each feature over the cases that have it, the mean of the middle two where their number is even; 0 where none has it.</summary>
    private static (float[] Medians, int EmptyCount) Medians(CaseTable train)
    {
        int empty = 0;
        float[] medians = new float[train.ChannelCount], there = new float[train.Count];
        for (int feature = 0; feature < medians.Length; feature++)
        {
            int count = 0;
            for (int i = feature; i < train.Values.Length; i += train.ChannelCount)
            {
                if (!float.IsNaN(train.Values[i])) there[count++] = train.Values[i];
            }

            Array.Sort(there, 0, count);
            if (count == 0) empty++;
            else medians[feature] = count % 2 == 1 ? there[count / 2] : (float)(((double)there[count / 2 - 1] + there[count / 2]) / 2);
        }

        return (medians, empty);
    }

    private static void FillFeatures(CaseTable table, float[] medians)
    {
        int at = 0;
        foreach (int length in table.Lengths)
        {
            for (int feature = 0; feature < medians.Length; feature++, at += length)
            {
                foreach (ref float value in table.Values.Slice(at, length))
                {
                    if (float.IsNaN(value)) value = medians[feature];
                }
            }
        }
    }

    private static int FillAlongTime(CaseTable table)
    {
        int at = 0, empty = 0;
        foreach (int length in table.Lengths)
        {
            for (int channel = 0; channel < table.ChannelCount; channel++, at += length)
            {
                if (!Interpolate(table.Values.Slice(at, length))) empty++;
            }
        }

        return empty;
    }

    /// <summary>False where there was nothing to go by and all is 0.</summary>
    private static bool Interpolate(Span<float> channel)
    {
        int before = -1;
        for (int i = 0; i < channel.Length; i++)
        {
            if (float.IsNaN(channel[i])) continue;
            if (before < 0) channel[..i].Fill(channel[i]);
            for (int gap = before + 1; before >= 0 && gap < i; gap++)
            {
                double part = (double)(gap - before) / (i - before);
                channel[gap] = (float)(channel[before] + (channel[i] - (double)channel[before]) * part);
            }

            before = i;
        }

        channel[(before + 1)..].Fill(before < 0 ? 0 : channel[before]);
        return before >= 0;
    }

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
