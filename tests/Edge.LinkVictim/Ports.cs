using System.Net;
using System.Net.Sockets;

namespace Edge.LinkVictim;

/// <summary>TCP ports of 127.0.0.1 for tests.</summary>
public static class Ports
{
    private static readonly string s_folder = Path.Combine(Path.GetTempPath(), $"edge-test-ports-{Environment.UserName}");
    private static readonly List<FileStream> s_held = []; // Until this process ends.

    /// <summary>A port that nobody listens on and that no other test is given while this process lives, from below those that the system deals out by itself: no neighbour's connection takes it before it is used.</summary>
    public static int Free()
    {
        Directory.CreateDirectory(s_folder);
        while (true)
        {
            int port = Random.Shared.Next(20_000, 32_000);
            FileStream? mine = null;
            try
            {
                mine = new FileStream(Path.Combine(s_folder, $"{port}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                lock (s_held) s_held.Add(mine);
                return port;
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                mine?.Dispose(); // Taken, or given to another: another.
            }
        }
    }
}
