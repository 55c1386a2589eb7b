using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Edge.Runtime.Tests.Fleet;

/// <summary>A broker of MQTT 5 on 127.0.0.1 that takes every client, acknowledges messages except those to one topic, and ends all connections when it is told to.</summary>
internal sealed class WithholdingBroker : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly List<TcpClient> clients = [];
    private readonly string withheld;
    private readonly Task accepting;
    private int acknowledgedCount;
    private bool hasWithheld;

    public WithholdingBroker(string withheld)
    {
        this.withheld = withheld;
        listener.Start();
        accepting = AcceptAsync();
    }

    public string Address => listener.LocalEndpoint.ToString()!;

    /// <summary>Messages acknowledged so far.</summary>
    public int AcknowledgedCount => Volatile.Read(ref acknowledgedCount);

    /// <summary>Whether one to the topic has come.</summary>
    public bool HasWithheld => Volatile.Read(ref hasWithheld);

    /// <summary>Ends every connection.</summary>
    public void HangUp()
    {
        lock (clients)
        {
            foreach (var client in clients) client.Close();
            clients.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        HangUp();
        await accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var client = await listener.AcceptTcpClientAsync();
                lock (clients) clients.Add(client);
                _ = AnswerAsync(client);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                var stream = client.GetStream();
                byte[] one = new byte[1];
                while (true)
                {
                    await stream.ReadExactlyAsync(one);
                    int kind = one[0] >> 4, length = 0, shift = 0;
                    do
                    {
                        await stream.ReadExactlyAsync(one);
                        length |= (one[0] & 127) << shift;
                        shift += 7;
                    }
                    while (one[0] >= 128);
                    byte[] body = new byte[length];
                    await stream.ReadExactlyAsync(body);
                    byte[] answer = kind switch
                    {
                        1 => [0x20, 3, 0, 0, 0], // CONNECT: CONNACK.
                        3 => Acknowledge(body),
                        12 => [0xD0, 0], // PINGREQ: PINGRESP.
                        _ => [],
                    };
                    await stream.WriteAsync(answer);
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Its end.
        }
    }

    /// <summary>PUBLISH of QoS 1: the topic and its length, the packet's id, the rest.</summary>
    private byte[] Acknowledge(byte[] body)
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(body);
        if (Encoding.UTF8.GetString(body, 2, length) == withheld)
        {
            Volatile.Write(ref hasWithheld, true);
            return [];
        }

        Interlocked.Increment(ref acknowledgedCount);
        return [0x40, 2, body[2 + length], body[3 + length]];
    }
}
