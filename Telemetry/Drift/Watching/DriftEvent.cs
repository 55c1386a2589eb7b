namespace Edge.Telemetry.Drift.Watching;

/// <summary>An alarm: what changed, since when, how strongly, where.</summary>
public sealed record DriftEvent
{
    /// <summary>The detector that rang, by its name in the configuration; for <c>distance</c>, <c>margin</c> and <c>labelError</c> the test that is chosen for them.</summary>
    public required string Detector { get; init; }

    /// <summary>What it watches: <c>inputs</c>, <c>embedding</c>, <c>novelty</c>, <c>margin</c>, <c>labelError</c> or <c>classMix</c>.</summary>
    public required string What { get; init; }

    /// <summary>Its statistic.</summary>
    public required double Statistic { get; init; }

    /// <summary>At this it rings.</summary>
    public required double Threshold { get; init; }

    /// <summary>The window with which it rang; for labels the labelled one.</summary>
    public required ulong WindowId { get; init; }

    /// <summary>First window of the suspected change.</summary>
    public required ulong SinceWindowId { get; init; }

    /// <summary>Stream time from the end of that window to the end of the one with which it rang, seconds.</summary>
    public required double SinceSeconds { get; init; }

    /// <summary>The channel that moved most; null unless <see cref="What"/> is inputs.</summary>
    public string? Channel { get; init; }

    /// <summary>How each channel moved, the farthest first, at most <see cref="DriftWatch.MostChannels"/>; null while there is no reference.</summary>
    public IReadOnlyList<ChannelMove>? Channels { get; init; }

    /// <summary>The class that became more or less frequent (classMix), or whose distances to the nearest prototype changed most since the running snapshot's reference (else); null when none can be named.</summary>
    public string? Class { get; init; }

    /// <summary>Statistic / threshold of every detector at that moment.</summary>
    public required IReadOnlyDictionary<string, double> Scores { get; init; }
}

/// <summary>How the mean and the spread of a channel moved against the reference, over the latest windows.</summary>
/// <param name="Channel">Its name.</param>
/// <param name="ReferenceMean">Mean of the reference, in the sensor's units.</param>
/// <param name="MeanMovedBy">Mean now less that, in the same units.</param>
/// <param name="DeviationFactor">Standard deviation within a window now, as a multiple of the reference's (geometric means).</param>
public sealed record ChannelMove(string Channel, double ReferenceMean, double MeanMovedBy, double DeviationFactor);
