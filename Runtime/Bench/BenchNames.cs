using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>Protocols and tracks by the names of the command line.</summary>
public static class BenchNames
{
    /// <summary>All protocols.</summary>
    public static IReadOnlyList<string> Protocols { get; } = [.. Enum.GetValues<Protocol>().Select(Of)];

    /// <summary>All tracks.</summary>
    public static IReadOnlyList<string> Tracks { get; } = [.. Enum.GetValues<Track>().Select(Of)];

    /// <summary>Name of a protocol.</summary>
    public static string Of(Protocol protocol) => protocol.ToString().ToLowerInvariant();

    /// <summary>Name of a track.</summary>
    public static string Of(Track track) => track == Track.SameBackbone ? "same-backbone" : "open";

    /// <summary>The protocol of that name; null: there is none.</summary>
    public static Protocol? FindProtocol(string name) => Enum.GetValues<Protocol>().Cast<Protocol?>().FirstOrDefault(p => Of(p!.Value) == name);

    /// <summary>The track of that name; null: there is none.</summary>
    public static Track? FindTrack(string name) => Enum.GetValues<Track>().Cast<Track?>().FirstOrDefault(t => Of(t!.Value) == name);
}
