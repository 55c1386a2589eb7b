using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Telemetry.Messages;

/// <summary>How messages become JSON: camelCase, enumerations as camelCase words, fields without a value left out, no reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(FiniteNumberConverter)])]
[JsonSerializable(typeof(StatusMessage))]
[JsonSerializable(typeof(PredictionMessage))]
[JsonSerializable(typeof(DriftMessage))]
[JsonSerializable(typeof(ForgettingMessage))]
[JsonSerializable(typeof(ForgettingAlarmMessage))]
[JsonSerializable(typeof(TrainingMessage))]
[JsonSerializable(typeof(SnapshotMessage))]
[JsonSerializable(typeof(SnapshotRequestMessage))]
[JsonSerializable(typeof(ConfigReportedMessage))]
[JsonSerializable(typeof(LabelRequestMessage))]
[JsonSerializable(typeof(LabelResultMessage))]
[JsonSerializable(typeof(ReplayMessage))]
internal sealed partial class TelemetryJson : JsonSerializerContext;

/// <summary>Enumerations as camelCase words; numbers are not accepted.</summary>
internal sealed class CamelCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>Writes null for NaN and infinity, which JSON does not have: a broken measurement must not keep the message from being sent.</summary>
internal sealed class FiniteNumberConverter : JsonConverter<double>
{
    public override bool HandleNull => true;

    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        if (double.IsFinite(value))
        {
            writer.WriteNumberValue(value);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}

/// <summary>ISO 8601 in UTC with exactly three decimals: <c>2026-01-31T23:59:59.123Z</c>.</summary>
internal sealed class UtcMillisecondsConverter : JsonConverter<DateTimeOffset>
{
    private const string Format = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        DateTimeOffset.TryParseExact(reader.GetString(), Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at)
            ? at
            : throw new JsonException($"Expected a time like 2026-01-31T23:59:59.123Z.");

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToUniversalTime().ToString(Format, CultureInfo.InvariantCulture));
}
