namespace Edge.Telemetry.Messages;

/// <summary>What the device did about a drift.</summary>
/// <param name="Word">One of the words below.</param>
/// <param name="LabelsRequested">Windows that it asked the labels of; null when it asked for none.</param>
/// <param name="Reason">Why it did no more; null when it asked for a round.</param>
public sealed record DriftAction(string Word, int? LabelsRequested = null, string? Reason = null)
{
    /// <summary>A training round was asked for.</summary>
    public static DriftAction RoundRequested { get; } = new("roundRequested");

    /// <summary>One had been asked for already.</summary>
    public static DriftAction RoundUnderWay { get; } = new("roundUnderWay");

    /// <summary>No round can start; labels were asked for.</summary>
    /// <param name="count">Of so many windows, 1 or more.</param>
    /// <param name="because">What keeps a round from starting.</param>
    public static DriftAction AskedForLabels(int count, string because) => new("labelsRequested", count, because);

    /// <summary>Nothing was done.</summary>
    /// <param name="because">Why.</param>
    public static DriftAction None(string because) => new("none", null, because);
}
