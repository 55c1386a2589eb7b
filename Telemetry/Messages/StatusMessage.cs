using System.Text.Json.Serialization;
using Edge.Telemetry.Forgetting;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Messages;

/// <summary>Whether a device is there.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<DeviceState>))]
public enum DeviceState
{
    /// <summary>Connected; the pipeline does not run yet.</summary>
    Starting,

    /// <summary>Connected and classifying.</summary>
    Online,

    /// <summary>Gone, by its own word or by the broker's (the last will).</summary>
    Offline,
}

/// <summary>An execution provider that does not run.</summary>
/// <param name="Provider">Its name in <c>inference.providers</c>; <c>cudaGraph</c> where CUDA runs without its graph, <c>ioBinding</c> where an accelerator copies its inputs anew with every call.</param>
/// <param name="Reason">Why, in one line.</param>
public sealed record RefusedProvider(string Provider, string Reason);

/// <summary>The class that has lost most against its best accuracy on the anchor set.</summary>
/// <param name="Class">Name of the class.</param>
/// <param name="Points">Best so far minus now, percentage points, at least 0.</param>
public sealed record WorstForgetting(string Class, double Points)
{
    /// <summary>Of an evaluation; null when it has no class.</summary>
    public static WorstForgetting? Of(IReadOnlyList<ClassForgetting> perClass) => perClass.MaxBy(c => c.ForgettingPoints) is { } worst ? new WorstForgetting(worst.Class, worst.ForgettingPoints) : null;
}

/// <summary>The latest drift alarm; all of it is in the message on <c>…/drift</c>.</summary>
/// <param name="What">What it watches, as in <see cref="DriftMessage.What"/>.</param>
/// <param name="Channel">The channel that moved most; left out where channels are not watched.</param>
/// <param name="Score">Statistic / threshold when it rang, at least 1.</param>
/// <param name="WindowId">The window with which it rang.</param>
/// <param name="At">When, by the device's clock, UTC.</param>
public sealed record LatestDrift(string What, string? Channel, double Score, ulong WindowId, [property: JsonConverter(typeof(UtcMillisecondsConverter))] DateTimeOffset At);

/// <summary>What a device is and runs; retained, and with state offline its last will.</summary>
public sealed record StatusMessage : TelemetryMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.status/1";

    /// <summary>Reason in the last will: the broker lost the device without a word.</summary>
    public const string LastWillReason = "lwt";

    /// <inheritdoc/>
    [JsonPropertyOrder(-10)]
    public override string Schema => SchemaName;

    /// <summary>Whether it is there.</summary>
    public required DeviceState State { get; init; }

    /// <summary>Why it is in this state: "lwt", "stopped", "fault" or any other single word; left out when there is nothing to say.</summary>
    public string? Reason { get; init; }

    /// <summary>Version of the service.</summary>
    public string? Version { get; init; }

    /// <summary>The running snapshot.</summary>
    public string? SnapshotId { get; init; }

    /// <summary>Hash of the active configuration.</summary>
    public string? ConfigHash { get; init; }

    /// <summary>What the device believes of configuration that comes over the air; "unsigned" is not for a device in the field.</summary>
    public ConfigTrust? ConfigTrust { get; init; }

    /// <summary>Names of the classes in the order of the model's outputs.</summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>Execution provider that runs the model.</summary>
    public string? Provider { get; init; }

    /// <summary>Execution providers that the configuration asks for and that do not run, in its order, each with the reason; left out when there are none.</summary>
    public IReadOnlyList<RefusedProvider>? ProvidersRefused { get; init; }

    /// <summary>Sessions whose execution provider failed while it ran, and that went on on the CPU; left out when there were none.</summary>
    public long? ProviderFailures { get; init; }

    /// <summary>Topics that the broker does not let the device hear, each with the reason: what is sent on them does not arrive. They are asked for again; left out when there are none.</summary>
    public IReadOnlyList<RefusedSubscription>? SubscriptionsRefused { get; init; }

    /// <summary>Share of all anchors that were recognised when the running snapshot was last evaluated, percent: <c>overallAccuracyPercent</c> of <c>…/forgetting</c>; left out before the first evaluation, and in the last will.</summary>
    public double? AnchorAccuracyPercent { get; init; }

    /// <summary>The class that had lost most then; left out as the accuracy is.</summary>
    public WorstForgetting? WorstForgetting { get; init; }

    /// <summary>Drift alarms since the service started; left out in the last will.</summary>
    public long? DriftAlarms { get; init; }

    /// <summary>The latest of them; left out when there was none.</summary>
    public LatestDrift? LatestDrift { get; init; }

    /// <summary>Seconds since the service started.</summary>
    public double? UptimeSeconds { get; init; }

    /// <summary>Seconds since the embedded broker started; left out with an external broker.</summary>
    public double? BrokerUptimeSeconds { get; init; }
}
