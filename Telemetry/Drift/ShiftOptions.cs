namespace Edge.Telemetry.Drift;

/// <summary>Settings of the detectors that compare a sliding window with a reference: <see cref="MeanShift"/>, <see cref="EmbeddingMmd"/>.</summary>
public sealed record ShiftOptions
{
    /// <summary>Observations that make the reference, the first after a reset.</summary>
    /// <value>Default 360 (7.7 min at 50 Hz and stride 64). Fewer: the reference has not seen all that is normal, and the threshold is unsure.</value>
    public int ReferenceCount { get; init; } = 360;

    /// <summary>Latest observations that are compared with it.</summary>
    /// <value>Default 64. Fewer: quicker on large changes, blind to small ones.</value>
    public int WindowCount { get; init; } = 64;

    /// <summary>Neighbours that are drawn together when the threshold is calibrated. At least as long as observations depend on each other: a person does one thing for a while.</summary>
    /// <value>Default 16 (20 s at 50 Hz and stride 64). 1: observations count as independent; then a real stream rings often.</value>
    public int BlockCount { get; init; } = 16;

    /// <summary>Mean number of observations between two false alarms on a stream that stays as the reference.</summary>
    /// <value>Default 10,000 (3.6 h at 50 Hz and stride 64).</value>
    public double ExpectedRunTime { get; init; } = 10_000;

    /// <summary>Groups (classes) that an observation may be of; each is compared with its own part of the reference. 1: none.</summary>
    /// <value>Default 1, at most 256.</value>
    public int GroupCount { get; init; } = 1;

    /// <summary>Seed of whatever is drawn.</summary>
    /// <value>Default 1.</value>
    public int Seed { get; init; } = 1;

    internal ShiftOptions Checked()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(WindowCount, 2, nameof(WindowCount));
        ArgumentOutOfRangeException.ThrowIfLessThan(BlockCount, 1, nameof(BlockCount));
        ArgumentOutOfRangeException.ThrowIfLessThan(ReferenceCount, 2 * BlockCount, nameof(ReferenceCount));
        ArgumentOutOfRangeException.ThrowIfLessThan(GroupCount, 1, nameof(GroupCount));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(GroupCount, 256, nameof(GroupCount));
        if (!(ExpectedRunTime >= WindowCount && double.IsFinite(ExpectedRunTime)))
        {
            throw new ArgumentOutOfRangeException(nameof(ExpectedRunTime), ExpectedRunTime, $"Must be finite and at least the window, {WindowCount}.");
        }

        return this;
    }

    internal void Exchange(StateArchive archive)
    {
        archive.Same(ReferenceCount, "reference count");
        archive.Same(WindowCount, "window count");
        archive.Same(BlockCount, "block count");
        archive.Same(ExpectedRunTime, "expected run time");
        archive.Same(GroupCount, "group count");
        archive.Same(Seed, "seed");
    }
}
