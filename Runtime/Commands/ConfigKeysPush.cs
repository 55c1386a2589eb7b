using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Runtime.Fleet;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.Trust;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Commands;

/// <summary>The part of <c>edge config push --keys --all</c> that brings one list of trusted keys to every device that was heard of.</summary>
internal static class ConfigKeysPush
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    /// <summary>Publishes it to each of them, retained, and when it is watched waits until every one that is there has answered.</summary>
    internal static async Task<int> RunAsync(ParseResult parsed, string source, byte[] message, bool watches, TimeSpan patience, CancellationToken cancel)
    {
        string root = parsed.GetValue(FleetLink.Root)!;
        long version = InputFile.Parse(source, message, bytes => KeyRing.Read(SignedEnvelope.Read(bytes).Payload).Version);
        await using var fleet = await FleetLink.OpenAsync(parsed, [FleetTopic.Filter(root, "status"), FleetTopic.Filter(root, "config/reported")], cancel);
        var devices = new SortedDictionary<string, Entry>(StringComparer.Ordinal);
        foreach (var heard in await RetainedMessages.GatherAsync(fleet.Link.Inbound, TimeProvider.System, cancel)) Hear(devices, root, heard);
        if (devices.Count == 0) throw new IOException($"no device was heard of under '{root}'; see --root, and 'edge watch'");
        await fleet.PublishAsync([.. devices.Keys.Select(device => (new Topics(root, device).ConfigKeys, message))], cancel);
        if (!watches)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"version {version} is published for {devices.Count} devices"));
            return ExitCode.Done;
        }

        long start = TimeProvider.System.GetTimestamp();
        while (devices.Values.Any(entry => entry.IsThere && !entry.HasTaken(version) && entry.Problem is null) && TimeProvider.System.GetElapsedTime(start) < patience)
        {
            await Task.Delay(s_look, cancel);
            while (fleet.Link.Inbound.TryRead(out var heard)) Hear(devices, root, heard);
        }

        var refused = devices.Where(pair => !pair.Value.HasTaken(version) && pair.Value.Problem is not null).ToDictionary(pair => pair.Key, pair => pair.Value.Problem!);
        int taken = devices.Values.Count(entry => entry.HasTaken(version)), away = devices.Values.Count(entry => !entry.IsThere && !entry.HasTaken(version) && entry.Problem is null);
        int silent = devices.Count - taken - refused.Count - away;
        if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { version, total = devices.Count, taken, refused, silent, away }, GlobalOptions.OneLine));
        else Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"version {version}, {devices.Count} devices: {taken} trust it, {refused.Count} refused it, {silent} silent, {away} away, which take it when they come back{string.Concat(refused.Select(pair => $"\n  {pair.Key}: {pair.Value}"))}"));
        return refused.Count + silent == 0 ? ExitCode.Done : ExitCode.Finding;
    }

    private static void Hear(SortedDictionary<string, Entry> devices, string root, InboundMessage message)
    {
        if (FleetTopic.Of(root, message.Topic) is not var (device, suffix)) return;
        if (ReportReader.Root(message.Payload) is not { } json)
        {
            if (message.Payload.IsEmpty && suffix == "status") devices.Remove(device); // Taken out of the fleet.
            return;
        }

        if (!devices.TryGetValue(device, out var entry)) devices.Add(device, entry = new Entry());
        if (suffix == "status") entry.IsThere = json.Text("state") is "online" or "starting";
        if (suffix != "config/reported") return;
        entry.Version = json.Whole("keysVersion");
        entry.Problem = message.Retained || json.Texts("keysProblems") is not [var problem, ..] ? null : problem; // What was refused before was another list.
    }

    private sealed class Entry
    {
        public bool IsThere { get; set; }

        public long? Version { get; set; }

        public string? Problem { get; set; }

        public bool HasTaken(long version) => Version >= version;
    }
}
