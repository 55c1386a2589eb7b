using System.Net;

namespace Edge.Telemetry.Mqtt;

/// <summary>What can be said of a broker from its address alone.</summary>
public static class BrokerAddress
{
    /// <summary>
    /// True when the broker is on this machine: "localhost" or a literal address of the loopback interface (127.0.0.0/8, ::1). Other names are not looked up,
    /// because
    /// what a name means is up to whoever answers for it; they count as elsewhere.
    /// </summary>
    /// <param name="host">Host name or address; IPv6 with or without brackets.</param>
    public static bool IsLoopback(string host)
    {
        ArgumentNullException.ThrowIfNull(host);
        string bare = host is ['[', .., ']'] ? host[1..^1] : host;
        return bare.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(bare, out IPAddress? address) && IPAddress.IsLoopback(address));
    }
}
