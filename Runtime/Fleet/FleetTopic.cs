namespace Edge.Runtime.Fleet;

/// <summary>A topic of a fleet taken apart: <c>{root}/{device}/{suffix}</c>.</summary>
/// <param name="Device">The device's id.</param>
/// <param name="Suffix">What follows it, as in <see cref="Telemetry.Mqtt.Topics.Table"/>.</param>
internal readonly record struct FleetTopic(string Device, string Suffix)
{
    private const int MostDeviceCharacters = 128;

    /// <summary>The filter for one kind of topic of all devices.</summary>
    internal static string Filter(string root, string suffix) => $"{root}/+/{suffix}";

    /// <summary>Takes a topic apart; null when it is none of that root.</summary>
    internal static FleetTopic? Of(string root, string topic)
    {
        if (!topic.StartsWith(root, StringComparison.Ordinal) || topic.Length <= root.Length + 1 || topic[root.Length] != '/') return null;
        string rest = topic[(root.Length + 1)..];
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        bool isName = slash is > 0 and <= MostDeviceCharacters && !rest.AsSpan(0, slash).ContainsAny('$', '\uFFFD') && !rest[..slash].Any(char.IsControl);
        return isName && slash < rest.Length - 1 ? new FleetTopic(rest[..slash], rest[(slash + 1)..]) : null;
    }
}
