using System.Net;
using System.Net.Sockets;

namespace Edge.LinkVictim;

/// <summary>TCP ports of 127.0.0.1 for tests.</summary>
public static class Ports
{
    /// <summary>A port that nobody listens on, from below those that the system deals out by itself: no neighbour's connection takes it before it is used.</summary>
    public static int Free()
    {
        while (true)
        {
            int port = Random.Shared.Next(20_000, 32_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: another.
            }
        }
    }
}
