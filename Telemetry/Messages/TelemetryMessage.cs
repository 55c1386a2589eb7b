using System.Text.Json.Serialization;

namespace Edge.Telemetry.Messages;

/// <summary>
/// The envelope that every message starts with. (<see cref="BootId"/>, <see cref="Seq"/>) recognises a duplicate, which QoS 1 allows, and a gap shows what
/// was lost. The <see cref="Reporter"/>
/// fills it in.
/// </summary>
public abstract record TelemetryMessage
{
    /// <summary>The device.</summary>
    [JsonPropertyOrder(-50)]
    public string DeviceId { get; init; } = "";

    /// <summary>One start of the device's service.</summary>
    [JsonPropertyOrder(-40)]
    public string BootId { get; init; } = "";

    /// <summary>Number of the message within the boot, from 1, one sequence over all topics. 0: the last will, which is written before everything
    /// else.</summary>
    [JsonPropertyOrder(-30)]
    public long Seq { get; init; }

    /// <summary>When it was said by the device's clock, UTC, milliseconds.</summary>
    [JsonPropertyOrder(-20)]
    [JsonConverter(typeof(UtcMillisecondsConverter))]
    public DateTimeOffset Ts { get; init; }

    /// <summary>Kind and version of the message, <c>edge.{kind}/{version}</c>. The version grows when a field goes or changes its meaning, not when one is
    /// added.</summary>
    [JsonPropertyOrder(-10)]
    public abstract string Schema { get; }
}
