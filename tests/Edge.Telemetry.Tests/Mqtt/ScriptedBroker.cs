using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>A PUBLISH at QoS 1 as the broker saw it.</summary>
/// <param name="Topic">Topic.</param>
/// <param name="Payload">Payload as text.</param>
/// <param name="Reason">Reason code of its PUBACK; null: it got none.</param>
internal sealed record Offered(string Topic, string Payload, byte? Reason)
{
    /// <summary>Whether the broker took it.</summary>
    public bool IsTaken => Reason < 0x80;
}

/// <summary>A broker of MQTT 5 for one client at a time that answers each message with the reason code that a test wants (MQTT 5, 3.4.2.1), and hands nothing on.</summary>
internal sealed class ScriptedBroker : IAsyncDisposable
{
    /// <summary>No SUBACK at all.</summary>
    public const byte Silence = 0xFF;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentQueue<Offered> _seen = new();
    private readonly Task _accepting;
    private volatile Func<string, string, byte?> _answer;

    /// <param name="answer">Reason code for topic and payload; null: no answer.</param>
    public ScriptedBroker(Func<string, string, byte?> answer)
    {
        _answer = answer;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public Func<string, string, byte?> Answer
    {
        set => _answer = value;
    }

    /// <summary>Reason code of the SUBACK for a topic filter (MQTT 5, 3.9.3).</summary>
    public Func<string, byte> Grant { get; set; } = _ => 1;

    /// <summary>Reason code of the DISCONNECT with which a message on this topic ends the connection (MQTT 5, 3.14.2.1); null: it does not.</summary>
    public Func<string, byte?> End { get; set; } = _ => null;

    /// <summary>Topic filters that were asked for, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Everything that was offered, in order.</summary>
    public IReadOnlyList<Offered> Seen => [.. _seen];

    /// <summary>Payloads that were taken on a topic, in order.</summary>
    public IReadOnlyList<string> TakenOn(string topic) => [.. _seen.Where(one => one.IsTaken && one.Topic == topic).Select(one => one.Payload)];

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _ = AnswerAsync(await _listener.AcceptTcpClientAsync());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using (client)
        {
            NetworkStream stream = client.GetStream();
            byte[] head = new byte[1];
            try
            {
                while (true)
                {
                    await stream.ReadExactlyAsync(head);
                    byte first = head[0];
                    int length = 0, shift = 0;
                    do
                    {
                        await stream.ReadExactlyAsync(head);
                        length |= (head[0] & 127) << shift;
                        shift += 7;
                    }
                    while (head[0] >= 128);
                    byte[] body = new byte[length];
                    await stream.ReadExactlyAsync(body);
                    byte[] answer = (first >> 4) switch
                    {
                        1 => [0x20, 3, 0, 0, 0],
                        3 when (first & 0b110) == 0b010 => Published(body),
                        8 => Subscribed(body),
                        12 => [0xD0, 0],
                        _ => [],
                    };
                    await stream.WriteAsync(answer);
                    if (answer is [0xE0, ..]) return;
                }
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
            }
        }
    }

    private byte[] Published(byte[] body)
    {
        int topicBytes = BinaryPrimitives.ReadUInt16BigEndian(body), at = 2 + topicBytes;
        string topic = Encoding.UTF8.GetString(body, 2, topicBytes);
        (byte high, byte low) = (body[at], body[at + 1]);
        at += 2;
        string payload = Encoding.UTF8.GetString(body.AsSpan(at + 1 + body[at])); // Properties of less than 128 bytes.
        byte? reason = End(topic) is null ? _answer(topic, payload) : null;
        _seen.Enqueue(new Offered(topic, payload, reason));
        if (End(topic) is { } end) return [0xE0, 2, end, 0];
        return reason is { } code ? [0x40, 4, high, low, code, 0] : [];
    }

    private byte[] Subscribed(byte[] body)
    {
        List<byte> granted = [];
        for (int at = 3 + body[2], length; at < body.Length; at += 2 + length + 1)
        {
            length = BinaryPrimitives.ReadUInt16BigEndian(body.AsSpan(at));
            string topic = Encoding.UTF8.GetString(body, at + 2, length);
            Asked.Enqueue(topic);
            granted.Add(Grant(topic));
        }

        return granted.Contains(Silence) ? [] : [0x90, (byte)(3 + granted.Count), body[0], body[1], 0, .. granted];
    }
}
