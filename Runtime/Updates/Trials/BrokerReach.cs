using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Updates.Trials;

/// <summary>Whether a device on trial can still be told something else: a connection alone does not say that.</summary>
public static class BrokerReach
{
    /// <summary>Why no configuration would reach the device, or be taken by it, any more; null when both would. Pure.</summary>
    /// <param name="link">The link to the broker of the configuration on trial.</param>
    /// <param name="topics">The device's topics.</param>
    /// <param name="trust">What it takes from there.</param>
    public static string? Problem(LinkState link, Topics topics, ConfigTrust trust)
    {
        if (!link.Connected) return $"{link.Broker}: {link.LastError ?? "no answer yet"}";
        foreach (var refused in link.RefusedSubscriptions)
            if (refused.Topic == topics.ConfigDesired || refused.Topic == topics.ConfigKeys) return $"{link.Broker} does not let the device hear {refused.Topic}, so that it could not be told anything any more: {refused.Reason}";
        return trust == ConfigTrust.Nothing ? $"nothing that came from {link.Broker} would be taken: the device trusts no key, and the broker is not on it" : null;
    }
}
