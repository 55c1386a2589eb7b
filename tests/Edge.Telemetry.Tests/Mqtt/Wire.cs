using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>A TCP relay on 127.0.0.1 before a broker, to cut the link's connection in the middle.</summary>
internal sealed class Wire : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly int _brokerPort;
    private readonly Task _accepting;
    private volatile bool _cut;

    public Wire(int brokerPort, bool cut = false)
    {
        (_brokerPort, _cut) = (brokerPort, cut);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections that were let through.</summary>
    public int ConnectionCount { get; private set; }

    /// <summary>Resets every connection, without a DISCONNECT, and lets no new one through.</summary>
    public void Cut()
    {
        _cut = true;
        foreach (Socket socket in _sockets.Keys)
        {
            socket.Close(0);
        }
    }

    /// <summary>Lets new connections through again.</summary>
    public void Mend() => _cut = false;

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        Cut();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket near;
            try
            {
                near = await _listener.AcceptSocketAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            if (_cut)
            {
                near.Close(0);
                continue;
            }

            ConnectionCount++;
            _ = RelayAsync(near);
        }
    }

    private async Task RelayAsync(Socket near)
    {
        using Socket far = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (near)
        {
            near.NoDelay = true;
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, _brokerPort);
                _sockets[near] = _sockets[far] = true;
                await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
            }
            catch (SocketException)
            {
            }
            finally
            {
                _sockets.TryRemove(near, out _);
                _sockets.TryRemove(far, out _);
            }
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and int count)
            {
                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }
}
