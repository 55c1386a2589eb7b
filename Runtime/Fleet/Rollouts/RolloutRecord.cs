using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Runtime.Fleet.Rollouts;

/// <summary>What is the matter with a rollout.</summary>
[JsonConverter(typeof(RolloutStateConverter))]
internal enum RolloutState
{
    /// <summary>Somebody widens it, or it was sent and nobody watches.</summary>
    Running,

    /// <summary>The last stage is over.</summary>
    Done,

    /// <summary>Too many devices failed, and it was not widened.</summary>
    Stopped,

    /// <summary>A person does not want it to be widened for now.</summary>
    Paused,

    /// <summary>A person has ended it.</summary>
    Aborted,
}

/// <summary>
/// How far the latest rollout of a fleet has come, retained on <c>{root}/~rollout</c>, so that any operator sees it and can pause it. '~' is in no device's id. Devices do not read it: what they do follows from the signed document alone,
/// so that whoever may write here can hold up a rollout, and do no more.
/// </summary>
internal sealed record RolloutRecord
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Name and version of this message.</summary>
    public string Schema { get; init; } = "edge.rollout/1";

    /// <summary>Version of the document.</summary>
    public required long Version { get; init; }

    /// <summary>Who signed it, or "unsigned".</summary>
    public required string KeyId { get; init; }

    /// <summary>Which devices come first.</summary>
    public long Seed { get; init; }

    /// <summary>Share of the devices that it has reached, percent.</summary>
    public double Percent { get; init; }

    /// <summary>The shares that it goes through.</summary>
    public IReadOnlyList<double> Stages { get; init; } = [];

    /// <summary>What is the matter with it.</summary>
    public RolloutState State { get; init; }

    /// <summary>Why, for a person.</summary>
    public string? Reason { get; init; }

    /// <summary>When this was written, UTC.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Where the fleet stood then.</summary>
    public RolloutSummary? Summary { get; init; }

    /// <summary>Its topic.</summary>
    internal static string TopicOf(string root) => $"{root}/~rollout";

    /// <summary>Reads it, without the summary; null when it is none.</summary>
    internal static RolloutRecord? Read(ReadOnlyMemory<byte> payload)
    {
        if (ReportReader.Root(payload) is not { } json || json.Text("schema") != "edge.rollout/1" || json.Whole("version") is not { } version || json.Text("keyId") is not { } keyId) return null;
        if (!Enum.TryParse(json.Text("state"), ignoreCase: true, out RolloutState state)) return null;
        var stages = json.Member("stages") is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().Take(101).Where(stage => stage.ValueKind == JsonValueKind.Number).Select(stage => stage.GetDouble()).ToArray() : [];
        return new RolloutRecord { Version = version, KeyId = keyId, Seed = json.Whole("seed") ?? 0, Percent = json.Number("percent") ?? 0, Stages = stages, State = state, Reason = json.Text("reason"), At = json.Time("at") ?? default };
    }

    /// <summary>The record as JSON.</summary>
    internal byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, s_json);
}

/// <summary>States in camelCase.</summary>
internal sealed class RolloutStateConverter() : JsonStringEnumConverter<RolloutState>(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
