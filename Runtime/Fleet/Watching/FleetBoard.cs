using System.Text.Json;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Fleet.Watching;

/// <summary>A change of one device.</summary>
/// <param name="Row">As it is now; null when it was removed.</param>
/// <param name="Device">Which.</param>
/// <param name="Changed">What differs; empty when it is new or was removed.</param>
internal sealed record RowChange(string Device, DeviceRow? Row, IReadOnlyList<string> Changed);

/// <summary>
/// All devices of a fleet, from their messages. A device is there from its first message on, and goes when its retained status is cleared. Memory: one row per device, at most <paramref name="capacity"/>; messages of further devices
/// are counted and not looked at. Not thread-safe.
/// </summary>
/// <param name="root">telemetry.topicRoot of the fleet.</param>
/// <param name="staleAfter">A device that says it is there and of which nothing is heard for that long is stale.</param>
/// <param name="time">This machine's clock.</param>
/// <param name="capacity">Most devices.</param>
internal sealed class FleetBoard(string root, TimeSpan staleAfter, TimeProvider time, int capacity = 10_000)
{
    private const double MostForgettingPoints = 5; // As the live view of `edge run` has it.
    private static readonly string[] s_suffixes = ["status", "prediction", "drift", "forgetting", "snapshot", "config/reported", "training"];
    private static readonly TimeSpan s_driftIsNews = TimeSpan.FromMinutes(10);
    private readonly Dictionary<string, DeviceRow> rows = new(StringComparer.Ordinal);

    /// <summary>Topics that it wants to hear.</summary>
    internal static IReadOnlyList<string> Filters(string root) =>
        [.. s_suffixes.Select(suffix => FleetTopic.Filter(root, suffix))];

    /// <summary>Messages of devices that there was no room for.</summary>
    internal long TurnedAwayCount { get; private set; }

    /// <summary>Devices.</summary>
    internal int Count => rows.Count;

    /// <summary>All rows: trouble first, the worst at the top, then by name.</summary>
    internal IReadOnlyList<DeviceRow> Rows => [.. rows.Values.OrderByDescending(row => row.Trouble.Count > 0 ? (int)row.Trouble[0] : -1).ThenByDescending(row => row.Trouble.Count).ThenBy(row => row.Device, StringComparer.Ordinal)];

    /// <summary>Takes a message; null when nothing changed that is shown.</summary>
    internal RowChange? Hear(InboundMessage message)
    {
        if (FleetTopic.Of(root, message.Topic) is not var (device, suffix)) return null;
        if (message.Payload.IsEmpty) return suffix == "status" && rows.Remove(device) ? new RowChange(device, null, []) : null;
        if (ReportReader.Root(message.Payload) is not { } json) return null;
        bool isKnown = rows.TryGetValue(device, out var before);
        if (!isKnown && rows.Count >= capacity)
        {
            TurnedAwayCount++;
            return null;
        }

        before ??= new DeviceRow(device);
        var now = time.GetUtcNow();
        var said = json.Time("ts") is { } ts ? ts < now ? ts : now : (DateTimeOffset?)null; // A clock that runs ahead must not say that the device was heard of later.
        bool isByBroker = suffix == "status" && json.Text("reason") == StatusMessage.LastWillReason; // The last will was written when the device connected, and is no sign of life.
        var seen = isByBroker ? null : message.Retained ? said : now;
        var heard = Take(before, suffix, json, said ?? now) with { LastSeen = seen > before.LastSeen || before.LastSeen is null ? seen ?? before.LastSeen : before.LastSeen };
        return Put(before, heard, isKnown);
    }

    /// <summary>Looks at the clock: what became stale meanwhile, and what is no news any more.</summary>
    internal IReadOnlyList<RowChange> Tick()
    {
        var changes = new List<RowChange>();
        foreach (var row in rows.Values.ToArray())
        {
            if (Put(row, row, isKnown: true) is { } change) changes.Add(change);
        }

        return changes;
    }

    private RowChange? Put(DeviceRow before, DeviceRow now, bool isKnown)
    {
        bool stale = now.State is not "offline" && (now.LastSeen is not { } seen || time.GetUtcNow() - seen > staleAfter);
        now = now with { Stale = stale };
        now = now with { Trouble = TroubleOf(now) };
        rows[now.Device] = now;
        var changed = now.ChangedSince(before);
        return !isKnown ? new RowChange(now.Device, now, []) : changed.Count > 0 ? new RowChange(now.Device, now, changed) : null;
    }

    private static DeviceRow Take(DeviceRow row, string suffix, JsonElement json, DateTimeOffset said) => suffix switch
    {
        "status" => row with { State = json.Text("state"), Reason = json.Text("reason"), Snapshot = json.Text("snapshotId") ?? row.Snapshot },
        "prediction" => row with { Snapshot = json.Text("snapshotId") ?? row.Snapshot, MessagesDropped = Sum(json.Member("messagesDropped")) },
        "drift" when json.Flag("alarm") => row with { Drift = new DriftShown(json.Text("what") ?? json.Text("detector"), json.Text("channel"), Round(json.Number("score"), 2), said, (row.Drift?.AlarmCount ?? 0) + 1) },
        "forgetting" => row with { WorstForgetting = Worst(json), AnchorAccuracyPercent = Round(json.Number("averageAccuracyPercent"), 1) ?? row.AnchorAccuracyPercent },
        "snapshot" => row with
        {
            Snapshot = json.Text("snapshotId") ?? row.Snapshot,
            AnchorAccuracyPercent = Round(json.Text("event") == "refused" ? json.Number("previousAnchorAccuracyPercent") : json.Number("anchorAccuracyPercent"), 1) ?? row.AnchorAccuracyPercent,
        },
        "config/reported" => row with
        {
            Config = json.Member("lastAttempt") is { } attempt
                ? new ConfigShown(json.Member("active")?.Whole("version"), attempt.Whole("version"), attempt.Text("result"), attempt.Texts("codes"))
                : new ConfigShown(json.Member("active")?.Whole("version"), null, null, []),
        },
        _ => row,
    };

    private List<DeviceTrouble> TroubleOf(DeviceRow row)
    {
        var trouble = new List<DeviceTrouble>();
        if (row.State == "offline") trouble.Add(row.Reason switch { StatusMessage.LastWillReason => DeviceTrouble.Lost, "fault" => DeviceTrouble.Fault, _ => DeviceTrouble.Stopped });
        if (row.Stale) trouble.Add(DeviceTrouble.Stale);
        if (row.Config?.Result == "rolledBack") trouble.Add(DeviceTrouble.RolledBack);
        if (row.Config?.Result == "refused") trouble.Add(DeviceTrouble.Refused);
        if (row.WorstForgetting?.Points > MostForgettingPoints) trouble.Add(DeviceTrouble.Forgetting);
        if (row.Drift is { } drift && time.GetUtcNow() - drift.At < s_driftIsNews) trouble.Add(DeviceTrouble.Drifting);
        if (row.MessagesDropped > 0) trouble.Add(DeviceTrouble.Dropping);
        trouble.Sort((one, other) => other.CompareTo(one));
        return trouble;
    }

    private static WorstForgetting? Worst(JsonElement json)
    {
        if (json.Member("perClass") is not { ValueKind: JsonValueKind.Array } classes) return null;
        WorstForgetting? worst = null;
        foreach (var one in classes.EnumerateArray())
        {
            if (one.Text("class") is { } name && Round(one.Number("forgettingPoints"), 1) is { } points && (worst is null || points > worst.Points)) worst = new WorstForgetting(name, points);
        }

        return worst;
    }

    private static long? Sum(JsonElement? counts)
    {
        if (counts is not { ValueKind: JsonValueKind.Object } all) return null;
        long sum = 0;
        foreach (var count in all.EnumerateObject()) sum += count.Value.ValueKind == JsonValueKind.Number && count.Value.TryGetInt64(out long value) ? value : 0;
        return sum;
    }

    private static double? Round(double? value, int digits) => value is { } number ? Math.Round(number, digits) : null;
}
