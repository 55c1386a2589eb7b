using System.Net;
using System.Net.Sockets;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>A broker of MQTT 3.1.1 that answers CONNECT, SUBSCRIBE and PINGREQ and never acknowledges a message.</summary>
internal sealed class ForgetfulBroker : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Task _accepting;

    public ForgetfulBroker()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

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

    private static async Task AnswerAsync(TcpClient client)
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
                    byte kind = (byte)(head[0] >> 4);
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
                    byte[] answer = kind switch
                    {
                        1 => [0x20, 2, 0, 0],
                        8 => [0x90, 5, body[0], body[1], 1, 1, 1], // Three topics are subscribed to.
                        12 => [0xD0, 0],
                        _ => [],
                    };
                    await stream.WriteAsync(answer);
                }
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
            }
        }
    }
}
