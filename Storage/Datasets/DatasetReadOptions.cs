namespace Edge.Storage;

/// <summary>What becomes of cases of unequal length.</summary>
public enum UnequalLengths
{
    /// <summary>Zeros at the end, up to the longest case of the training split; longer test cases are cut at the end.</summary>
    PadWithZeros,

    /// <summary>Linear resampling of every case to the longest of the training split; first and last sample stay.</summary>
    Resample,

    /// <summary>An error that names the first case of another length.</summary>
    Refuse,
}

/// <summary>What becomes of missing values.</summary>
public enum MissingValues
{
    /// <summary>Linear along time within the channel, ends held, a channel without any value 0. Feature vectors have no time: the median of the feature over the training split.</summary>
    Interpolate,

    /// <summary>An error that names the first missing value's place.</summary>
    Refuse,
}

/// <summary>How <see cref="DatasetReader"/> reads.</summary>
public sealed record DatasetReadOptions
{
    /// <summary>Cases of unequal length.</summary>
    /// <value>Default <see cref="UnequalLengths.PadWithZeros"/>.</value>
    public UnequalLengths UnequalLengths { get; init; } = UnequalLengths.PadWithZeros;

    /// <summary>Missing values.</summary>
    /// <value>Default <see cref="MissingValues.Interpolate"/>.</value>
    public MissingValues MissingValues { get; init; } = MissingValues.Interpolate;

    /// <summary>Samples per second, written into the window shape; no value is changed by it.</summary>
    /// <value>Default null: 50 for UCI HAR, <c>sample_rate_hz</c> of an .npz that has it, else 1.</value>
    public double? SampleRateHz { get; init; }

    /// <summary>ARFF and CSV: the column with the class, by name (letter case ignored) or, in a CSV without header, by 0-based index.</summary>
    /// <value>Default null: the last column.</value>
    public string? ClassColumn { get; init; }

    /// <summary>ARFF and CSV: the column that says who was recorded, by name or index as above; empty: none.</summary>
    /// <value>Default null: a column called <c>user</c> or <c>subject</c>, where there is one.</value>
    public string? SubjectColumn { get; init; }

    /// <summary>ARFF and CSV: the column that names the domain, by name or index as above; empty: none.</summary>
    /// <value>Default null: a column called <c>domain</c>, where there is one.</value>
    public string? DomainColumn { get; init; }

    /// <summary>ARFF and CSV: columns that are no features, by name or index as above.</summary>
    /// <value>Default null: columns called <c>id</c> or <c>unique_id</c>, which number the rows and would give the order of recording away.</value>
    public IReadOnlyList<string>? DroppedColumns { get; init; }

    /// <summary>CSV: whether the first line names the columns.</summary>
    /// <value>Default null: it does when a feature column of it holds no number.</value>
    public bool? Header { get; init; }

    /// <summary>Whether all cases may have one class: not for a data set to learn from, but for examples that are to be remembered.</summary>
    /// <value>Default false.</value>
    public bool AllowsOneClass { get; init; }

    /// <summary>Most values (4 bytes each) that one split may have, after padding. A file that says more is refused before memory is taken.</summary>
    /// <value>Default 2^28 (1 GiB).</value>
    public int LargestValueCount { get; init; } = 1 << 28;

    /// <summary>Most bytes in one line of a text file.</summary>
    /// <value>Default 64 MiB: the longest line of the UEA archive, one whole case, has a tenth of that.</value>
    public int LargestLineBytes { get; init; } = 64 << 20;
}
