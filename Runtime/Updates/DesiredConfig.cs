using System.Text.Json.Nodes;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Updates;

/// <summary>
/// Judges configuration that comes over the air: applied when it is valid, refused with all reasons when it is not, and either way reported. Nothing is written before all checks have passed.
/// </summary>
public sealed class DesiredConfig(RunningConfig active, string directory, bool brokerIsLoopback, ConfigAttempt? lastAttempt, TimeProvider time)
{
    // What runs, or what was accepted since and will run after the restart that is under way: two documents may come before it.
    private (long? Version, string Hash) newest = (active.Overlay?.Version, active.Verdict.Hash);

    /// <summary>The latest attempt; null before the first.</summary>
    public ConfigAttempt? LastAttempt { get; private set; } = lastAttempt;

    /// <summary>Judges one desired document.</summary>
    /// <returns>True when it was accepted and the service must start again with it.</returns>
    public bool Judge(ReadOnlyMemory<byte> payload)
    {
        var message = ConfigDesiredMessage.Read(payload);
        if (!message.IsValid) return Refuse(null, null, [.. message.Reasons]);

        long version = message.Message.Version;
        var reasons = new List<string>();
        var updates = active.Verdict.Config!.Updates;
        if (!updates.Accept) reasons.Add("updates.accept is false on this device; change it in the device's own config file");
        if (!brokerIsLoopback) reasons.Add("it is not signed, and the broker is not on the loopback interface; unsigned configuration is taken only from a broker on the device itself");
        if (version < newest.Version) reasons.Add($"version {version} is older than the active version {newest.Version}; send a higher version, with the old content if that is what you want");

        var overlay = new AcceptedOverlay(version, Parse(message.Message.Config));
        var verdict = active.Merge(overlay);
        reasons.AddRange(verdict.Problems.Select(problem => problem.ToString()));
        if (verdict.Config is { } wanted && wanted.Device != active.Verdict.Config.Device) reasons.Add("device.id and device.dataDirectory cannot be changed over the air: the device would not find its memory again");
        if (reasons.Count == 0 && verdict.Hash == newest.Hash) return Note(version, verdict.Hash, ConfigResult.Unchanged, []);
        if (version == newest.Version) reasons.Add($"version {version} is active with other content; give every change a new version");
        if (reasons.Count > 0) return Refuse(version, verdict.Hash, reasons);

        try
        {
            RunningConfig.Keep(directory, overlay);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Refuse(version, verdict.Hash, [$"it could not be written: {e.Message}"]);
        }

        newest = (version, verdict.Hash);
        Note(version, verdict.Hash, ConfigResult.Applied, []);
        return true;
    }

    /// <summary>The state to report.</summary>
    public ConfigReportedMessage Report() => new()
    {
        Active = new Telemetry.Messages.ActiveConfig(active.Overlay?.Version, active.Verdict.Hash, active.Source),
        LastAttempt = LastAttempt,
    };

    private static JsonObject Parse(ReadOnlyMemory<byte> config) => JsonNode.Parse(config.Span)!.AsObject();

    private bool Refuse(long? version, string? hash, IReadOnlyList<string> reasons) => Note(version, hash, ConfigResult.Refused, reasons);

    private bool Note(long? version, string? hash, ConfigResult result, IReadOnlyList<string> reasons)
    {
        // A retained message comes again after every connect: that what was applied is active is no news.
        bool known = result == ConfigResult.Unchanged && LastAttempt is { Result: ConfigResult.Applied } && LastAttempt.Hash == hash;
        if (!known) LastAttempt = new ConfigAttempt(version, hash, result, reasons, time.GetUtcNow());
        return false;
    }
}
