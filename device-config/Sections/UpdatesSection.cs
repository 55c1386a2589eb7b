namespace Edge.Config;

/// <summary>Which configuration is accepted over the air.</summary>
public sealed record UpdatesSection
{
    /// <summary>Whether a desired configuration is taken from the broker at all.</summary>
    /// <value>Default true, and then only from a broker on the loopback interface, because desired configuration is not signed yet. From any other broker it is
    /// refused with that reason.</value>
    public bool Accept { get; init; } = true;
}
