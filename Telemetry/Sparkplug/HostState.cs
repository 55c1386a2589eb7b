using System.Text.Json;

namespace Edge.Telemetry.Sparkplug;

/// <summary>
/// What a primary host application says of itself, <c>{"online": bool, "timestamp": milliseconds}</c>. A message older than the latest that counted says nothing: it is the late death of an earlier session (Sparkplug 3.0,
/// tck-id-message-flow-edge-node-birth-publish-phid-wait-timestamp and -phid-offline). Not thread-safe.
/// </summary>
internal sealed class HostState
{
    private long? _timestamp;

    /// <summary>Whether the host is there, by the latest message that counts.</summary>
    public bool IsOnline { get; private set; }

    /// <summary>A connection begins, and nothing is known of the host until its STATE comes on it; what came before still decides which message is too old to count.</summary>
    public void Forget() => IsOnline = false;

    /// <summary>Takes a message. False: it does not count.</summary>
    public bool Take(ReadOnlyMemory<byte> payload)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(payload);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("online", out JsonElement online) || online.ValueKind is not (JsonValueKind.True or JsonValueKind.False)) return false;
            if (!root.TryGetProperty("timestamp", out JsonElement at) || at.ValueKind != JsonValueKind.Number || !at.TryGetInt64(out long timestamp) || timestamp < _timestamp) return false;
            (_timestamp, IsOnline) = (timestamp, online.GetBoolean());
            return true;
        }
        catch (JsonException)
        {
            return false; // The text "ONLINE" of Sparkplug 2.2, or nothing at all.
        }
    }
}
