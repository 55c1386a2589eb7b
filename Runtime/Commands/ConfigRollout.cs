using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Runtime.Fleet.Rollouts;
using Edge.Runtime.Updates.Envelopes;

namespace Edge.Runtime.Commands;

/// <summary>The part of <c>edge config</c> that brings one document to many devices.</summary>
internal static class ConfigRollout
{
    /// <summary>Sends a document to a share of the fleet, and with <paramref name="watches"/> to growing ones.</summary>
    internal static async Task<int> RunAsync(ParseResult parsed, RolloutOptions options, string source, byte[] message, bool watches, CancellationToken cancel)
    {
        string root = parsed.GetValue(FleetLink.Root)!;
        bool json = parsed.GetValue(GlobalOptions.Json);
        using var key = await KeyAsync(parsed.GetValue(options.Key), cancel);
        var plan = new RolloutPlan
        {
            Document = InputFile.Parse(source, message, bytes => RolloutDocument.Of(bytes, key)),
            Root = root,
            Stages = options.Stages(parsed),
            Seed = parsed.GetValue(options.Seed),
            Groups = parsed.GetValue(options.Groups)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            MaxFailedPercent = parsed.GetValue(options.MaxFailed),
            StageLimit = TimeSpan.FromSeconds(parsed.GetValue(options.StageSeconds)),
            Watches = watches,
            Resumes = parsed.GetValue(options.Resume),
        };
        await using var fleet = await FleetLink.OpenAsync(parsed, RolloutRun.Filters(root), cancel);
        void Tell(RolloutRecord record) => Console.WriteLine(json ? JsonSerializer.Serialize(JsonDocument.Parse(record.Write()).RootElement, GlobalOptions.OneLine) : Line(record));
        var end = await new RolloutRun(plan, fleet.Link.Inbound, (messages, stop) => fleet.PublishAsync(messages, stop), Tell, TimeProvider.System).RunAsync(cancel);
        if (end.State is RolloutState.Paused or RolloutState.Aborted) Tell(end); // Somebody else said so.
        if (fleet.Link.State.ReceivedDroppedCount is > 0 and var missed) Console.Error.WriteLine($"{missed} reports came faster than they were read; see 'edge config status --summary'");
        if (!json && end.State == RolloutState.Stopped) Console.Error.WriteLine("go on with --resume and a higher --max-failed-percent; or take it back with 'edge config abort --back-to FILE'");
        return !watches || end.State == RolloutState.Done ? ExitCode.Done : ExitCode.Finding;
    }

    /// <summary>Shows where the fleet stands with the latest rollout.</summary>
    internal static async Task<int> ShowAsync(ParseResult parsed, CancellationToken cancel)
    {
        var (record, board, _) = await LookAsync(parsed, [], cancel);
        if (record is null)
        {
            Console.Error.WriteLine("no rollout was made under this root");
            return ExitCode.Finding;
        }

        record = record with { Summary = board!.Summary() };
        Console.WriteLine(parsed.GetValue(GlobalOptions.Json) ? JsonSerializer.Serialize(JsonDocument.Parse(record.Write()).RootElement, GlobalOptions.OneLine) : Line(record));
        return ExitCode.Done;
    }

    /// <summary>What the broker has kept of a fleet: the latest rollout, where each device stands with it, and the documents that it wants of them.</summary>
    internal static async Task<(RolloutRecord? Record, RolloutBoard? Board, IReadOnlyDictionary<string, byte[]> Kept)> LookAsync(ParseResult parsed, IReadOnlyList<string> suffixes, CancellationToken cancel)
    {
        string root = parsed.GetValue(FleetLink.Root)!;
        await using var fleet = await FleetLink.OpenAsync(parsed, [.. RolloutRun.Filters(root), .. suffixes.Select(suffix => $"{root}/+/{suffix}")], cancel);
        var messages = await Fleet.RetainedMessages.GatherAsync(fleet.Link.Inbound, TimeProvider.System, cancel);
        var record = messages.Where(message => message.Topic == RolloutRecord.TopicOf(root)).Select(message => RolloutRecord.Read(message.Payload)).LastOrDefault(read => read is not null);
        if (record is null) return (null, null, new Dictionary<string, byte[]>());
        var board = new RolloutBoard(root, record.Version, record.KeyId, record.Seed) { Percent = record.Percent };
        foreach (var message in messages) board.Hear(message); // Who is there,
        board.AllSent();
        foreach (var message in messages) board.Hear(message); // and what it has said since it was sent.
        var kept = messages.Where(message => !message.Payload.IsEmpty && Fleet.FleetTopic.Of(root, message.Topic) is var (_, suffix) && suffixes.Contains(suffix))
            .GroupBy(message => Fleet.FleetTopic.Of(root, message.Topic)!.Value.Device, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last().Payload.ToArray(), StringComparer.Ordinal);
        return (record, board, kept);
    }

    /// <summary>Reads a private key; null when none is named.</summary>
    internal static async Task<SigningKey?> KeyAsync(string? file, CancellationToken cancel) => file is null ? null : await InputFile.ReadAsync(file, SigningKey.FromPem, cancel);

    /// <summary>A record in one line.</summary>
    internal static string Line(RolloutRecord record) =>
        string.Create(CultureInfo.InvariantCulture, $"version {record.Version} at {record.Percent:0.##} %, {record.State.ToString().ToLowerInvariant()}: {record.Summary}{(record.Reason is { } reason ? $"\n  {reason}" : "")}");
}
