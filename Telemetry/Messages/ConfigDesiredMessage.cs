namespace Edge.Telemetry.Messages;

/// <summary>The configuration that the fleet wants a device to run with.</summary>
/// <param name="Version">Version, grows with every change; from 1.</param>
/// <param name="Config">The exact bytes of the configuration document as they were sent, UTF-8, an object.</param>
public sealed record ConfigDesiredMessage(long Version, ReadOnlyMemory<byte> Config)
{
    /// <summary>Name and version of this message.</summary>
    public const string SchemaName = "edge.config-desired/1";

    private static readonly string[] Known = ["version", "config"];

    /// <summary>Reads the payload of <c>…/config/desired</c>; never throws. What stands inside <c>config</c> is for the configuration's own reader to
    /// judge.</summary>
    public static MessageVerdict<ConfigDesiredMessage> Read(ReadOnlyMemory<byte> payload)
    {
        StrictObject json = StrictObject.Read(payload, Known);
        ulong? version = json.WholeNumber("version");
        ReadOnlyMemory<byte>? config = json.Object("config");
        if (version is 0 or > long.MaxValue)
        {
            json.Problems.Add(new MessageProblem("version", version.Value.ToString(), $"1 to {long.MaxValue}", "Count versions from 1."));
        }

        return new(json.Problems.Count == 0 && version is { } v && config is { } c ? new ConfigDesiredMessage((long)v, c) : null, json.Problems);
    }
}
