namespace Edge.Telemetry.Messages;

/// <summary>The configuration that the fleet wants a device to run with, signed or not. Telemetry only carries it: what is in it, and whether it is believed, is for the service to judge.</summary>
public static class ConfigDesiredMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.config-desired/2";
}

/// <summary>The keys that a device is to trust from now on, signed by one that it trusts with that.</summary>
public static class ConfigKeysMessage
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.config-keys/1";
}
