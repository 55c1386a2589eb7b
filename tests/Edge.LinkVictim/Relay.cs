using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Edge.LinkVictim;

/// <summary>What the network between device and broker does.</summary>
public enum Weather
{
    /// <summary>Bytes go both ways.</summary>
    Clear,

    /// <summary>Bytes wait, and go on when it clears: a cable that was out for a moment.</summary>
    Held,

    /// <summary>Bytes vanish in both directions and nobody is told; connections that lost some are reset when it clears.</summary>
    Dropping,
}

/// <summary>A TCP relay on 127.0.0.1 before a broker.</summary>
public sealed class Relay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> sockets = new();
    private readonly int brokerPort;
    private readonly Task accepting;
    private volatile Weather weather;

    /// <summary>Starts one.</summary>
    public Relay(int brokerPort)
    {
        this.brokerPort = brokerPort;
        listener.Start();
        accepting = AcceptAsync();
    }

    /// <summary>Where the device connects to.</summary>
    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>What the network does.</summary>
    public Weather Weather
    {
        get => weather;
        set
        {
            weather = value;
            foreach (var (socket, hasLost) in sockets)
            {
                if (hasLost && value == Weather.Clear) socket.Close(0);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        weather = Weather.Clear;
        foreach (var socket in sockets.Keys) socket.Close(0);
        await accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                _ = RelayAsync(await listener.AcceptSocketAsync());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task RelayAsync(Socket near)
    {
        using var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (near)
        {
            near.NoDelay = true;
            sockets[near] = sockets[far] = false;
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, brokerPort);
                await Task.WhenAny(CopyAsync(near, far), CopyAsync(far, near));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
            }

            sockets.TryRemove(near, out _);
            sockets.TryRemove(far, out _);
        }
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and int count)
            {
                while (weather == Weather.Held) await Task.Delay(5);
                if (weather == Weather.Dropping) sockets[from] = sockets[to] = true;
                if (sockets[from]) continue; // A stream with a hole is of no use to anybody.
                await to.SendAsync(buffer.AsMemory(0, count));
            }

            while (weather != Weather.Clear) await Task.Delay(5); // Nobody hears of the end either.
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or KeyNotFoundException)
        {
        }
    }
}
