using System.Buffers.Binary;
using System.Text;

namespace Edge.Telemetry.Mqtt;

/// <summary>
/// A queued message as the outbox holds it. Version u8 = 1, delivery u8 (the number of <see cref="Delivery"/>), time i64 (Unix milliseconds), name length u8, topic length u16, name, topic, payload; little-endian, UTF-8. The
/// outbox adds the checksum.
/// </summary>
internal static class StoredMessage
{
    private const byte Version = 1;
    private const int HeadBytes = 13;

    public static byte[] Write(OutboundMessage message, DateTimeOffset at)
    {
        int name = Encoding.UTF8.GetByteCount(message.Name), topic = Encoding.UTF8.GetByteCount(message.Topic);
        byte[] bytes = new byte[HeadBytes + name + topic + message.Payload.Length];
        (bytes[0], bytes[1], bytes[10]) = (Version, (byte)message.Delivery, checked((byte)name));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(2), at.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(11), checked((ushort)topic));
        Encoding.UTF8.GetBytes(message.Name, bytes.AsSpan(HeadBytes));
        Encoding.UTF8.GetBytes(message.Topic, bytes.AsSpan(HeadBytes + name));
        message.Payload.Span.CopyTo(bytes.AsSpan(HeadBytes + name + topic));
        return bytes;
    }

    /// <summary>Null: written by a version that this one does not know.</summary>
    public static (OutboundMessage Message, DateTimeOffset At)? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeadBytes || bytes[0] != Version || !Enum.IsDefined((Delivery)bytes[1])) return null;
        int name = bytes[10], topic = BinaryPrimitives.ReadUInt16LittleEndian(bytes[11..]);
        if (bytes.Length < HeadBytes + name + topic) return null;
        OutboundMessage message = new(
            string.Intern(Encoding.UTF8.GetString(bytes.Slice(HeadBytes, name))),
            string.Intern(Encoding.UTF8.GetString(bytes.Slice(HeadBytes + name, topic))),
            bytes[(HeadBytes + name + topic)..].ToArray(),
            (Delivery)bytes[1]);
        return (message, DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(bytes[2..])));
    }
}
