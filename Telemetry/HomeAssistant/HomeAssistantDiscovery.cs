using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.HomeAssistant;

/// <summary>
/// The device discovery message of Home Assistant's MQTT integration: one retained message that describes the device, and for each value shown the topic of the plain contract where it stands. Empty and retained it takes the
/// device back. No message of the contract is made for Home Assistant's sake.
/// </summary>
public static class HomeAssistantDiscovery
{
    /// <summary>Name in drop counters.</summary>
    public const string MessageName = "homeAssistant";

    /// <summary>What is agreed about the topic, with <c>homeAssistant.discovery</c> on.</summary>
    public static readonly OptInTopicRow Row = new(
        MessageName, "{homeAssistantPrefix}/device/{objectId}/config", TopicDirection.FromDevice, 1, true, "at start, after every reconnect and when the configuration changes; empty, once discovery is off or its topic another");

    /// <summary>How long a drift alarm shows, seconds.</summary>
    private const int AlarmSeconds = 600;

    /// <summary>The topic of a device's announcement.</summary>
    /// <param name="prefix">First level(s), as Home Assistant has it.</param>
    /// <param name="deviceId">The device; what no object id may have becomes '_', and then eight digits of its hash follow, so that <c>a.b</c> is not <c>a_b</c>.</param>
    public static string TopicOf(string prefix, string deviceId) => $"{prefix}/device/{ObjectId(deviceId)}/config";

    /// <summary>Announces the device; sent again after every reconnect.</summary>
    /// <param name="prefix">First level(s) of the topic.</param>
    /// <param name="topics">The device's topics.</param>
    /// <param name="version">Version of the service.</param>
    /// <param name="summarySeconds">Seconds between summaries: after three without one a value is unavailable.</param>
    public static OutboundMessage Announce(string prefix, Topics topics, string version, double summarySeconds)
    {
        ArgumentNullException.ThrowIfNull(topics);
        return new OutboundMessage(MessageName, TopicOf(prefix, topics.DeviceId), Config(topics, version, summarySeconds), Delivery.LatestState);
    }

    /// <summary>Takes an announcement back.</summary>
    /// <param name="topic">Where it was made.</param>
    public static OutboundMessage Withdraw(string topic) => new(MessageName, topic, ReadOnlyMemory<byte>.Empty, Delivery.LatestState);

    private static byte[] Config(Topics topics, string version, double summarySeconds)
    {
        string id = ObjectId(topics.DeviceId);
        int expires = (int)Math.Ceiling(Math.Max(30, 3 * summarySeconds));
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter json = new(buffer);
        json.WriteStartObject();
        json.WriteStartObject("device");
        json.WriteStartArray("identifiers");
        json.WriteStringValue($"edge_{id}");
        json.WriteEndArray();
        Write(json, ("name", topics.DeviceId), ("model", "Edge"), ("sw_version", version));
        json.WriteEndObject();
        json.WriteStartObject("origin");
        Write(json, ("name", "edge"), ("sw_version", version));
        json.WriteEndObject();
        json.WriteStartArray("availability");
        json.WriteStartObject();
        Write(json, ("topic", topics.Status), ("value_template", "{{ 'online' if value_json.state == 'online' else 'offline' }}"));
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteNumber("qos", 1);

        json.WriteStartObject("components");
        Sensor("class", "Class", topics.Prediction, "{{ value_json.latest['class'] if value_json.latest is defined else 'None' }}", expires, ("icon", "mdi:run"));
        Sensor("confidence", "Confidence", topics.Prediction, "{{ (100 * value_json.latest.confidence) | round(1) if value_json.latest is defined else 'None' }}", expires, ("unit_of_measurement", "%"), ("state_class", "measurement"));
        Sensor("windows_per_second", "Windows per second", topics.Prediction, "{{ value_json.windowsPerSecond }}", expires, ("unit_of_measurement", "1/s"), ("state_class", "measurement"), ("entity_category", "diagnostic"));
        Sensor("latency", "Latency (99 %)", topics.Prediction, "{{ value_json.latencyP99Ms }}", expires, ("unit_of_measurement", "ms"), ("device_class", "duration"), ("state_class", "measurement"), ("entity_category", "diagnostic"));
        Sensor("accuracy", "Accuracy on the anchors", topics.Status, "{{ value_json.anchorAccuracyPercent if value_json.anchorAccuracyPercent is defined else 'None' }}", null, ("unit_of_measurement", "%"), ("state_class", "measurement"));
        Sensor("forgetting", "Worst forgetting", topics.Status, "{{ value_json.worstForgetting.points if value_json.worstForgetting is defined else 'None' }}", null, ("unit_of_measurement", "%"), ("state_class", "measurement"));
        Sensor("snapshot", "Snapshot", topics.Status, "{{ value_json.snapshotId }}", null, ("entity_category", "diagnostic"));
        Begin("drift", "binary_sensor", "Drift", topics.Drift, "{{ 'ON' if value_json.alarm else 'OFF' }}");
        Write(json, ("device_class", "problem"), ("json_attributes_topic", topics.Drift));
        json.WriteNumber("off_delay", AlarmSeconds);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();

        void Sensor(string key, string name, string topic, string template, int? expireAfter, params ReadOnlySpan<(string, string)> rest)
        {
            Begin(key, "sensor", name, topic, template);
            Write(json, rest);
            if (expireAfter is { } seconds) json.WriteNumber("expire_after", seconds);
            json.WriteEndObject();
        }

        void Begin(string key, string platform, string name, string topic, string template)
        {
            json.WriteStartObject(key);
            Write(json, ("platform", platform), ("unique_id", $"edge_{id}_{key}"), ("name", name), ("state_topic", topic), ("value_template", template));
        }
    }

    private static void Write(Utf8JsonWriter json, params ReadOnlySpan<(string Name, string Value)> fields)
    {
        foreach ((string name, string value) in fields) json.WriteString(name, value);
    }

    /// <summary>Letters, digits, '_' and '-' are what Home Assistant takes. An id of these alone stays as it is.</summary>
    private static string ObjectId(string deviceId)
    {
        string taken = new([.. deviceId.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_')]);
        return taken == deviceId ? taken : $"{taken}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(deviceId)).AsSpan(0, 4))}";
    }
}
