using System.Text.Json.Serialization;

namespace Edge.Telemetry.Messages;

/// <summary>Why the device would like to know the class of a window.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<LabelRequestReason>))]
public enum LabelRequestReason
{
    /// <summary>It is like none of the classes.</summary>
    Unknown,

    /// <summary>Two classes are almost equally likely.</summary>
    LowMargin,

    /// <summary>The world has moved, and it is among the windows since then that the device is most in doubt about.</summary>
    Drift,
}

/// <summary>A class that the device thinks of.</summary>
/// <param name="Class">Its name.</param>
/// <param name="Probability">0 to 1.</param>
public sealed record ClassCandidate(string Class, double Probability);

/// <summary>The device asks for the label of one window; <c>…/label</c> with the same <c>windowId</c> answers it. An hour has at most <c>labels.requestsPerHour</c> of these and the burst that the budget allows.</summary>
public sealed record LabelRequestMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.label-request/1";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>The window.</summary>
    public required ulong WindowId { get; init; }

    /// <summary>When it was classified by the device's clock, UTC: what happened then is what is asked for.</summary>
    [JsonConverter(typeof(UtcMillisecondsConverter))]
    public required DateTimeOffset At { get; init; }

    /// <summary>Why it is asked for.</summary>
    public required LabelRequestReason Reason { get; init; }

    /// <summary>1 - cosine to the nearest prototype, 0 to 2; left out while no class is known.</summary>
    public double? Novelty { get; init; }

    /// <summary>Novelty in units of the threshold that the anchors calibrated: above 1 the window is unknown; left out while it is not calibrated.</summary>
    public double? NoveltyRatio { get; init; }

    /// <summary>Probability of the likeliest class less that of the next, 0 to 1; left out while no class is known.</summary>
    public double? Margin { get; init; }

    /// <summary>The likeliest classes, the best first, three at most; empty while no class is known.</summary>
    public IReadOnlyList<ClassCandidate> Candidates { get; init; } = [];

    /// <summary>Until then an answer finds the window, as far as the device can say: it holds the latest <c>window.ringCapacity</c> windows. Later ones are refused.</summary>
    [JsonConverter(typeof(UtcMillisecondsConverter))]
    public required DateTimeOffset AnswerableUntil { get; init; }
}
