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
        var heard = Take(before, suffix, json, said ?? now, now) with { LastSeen = seen > before.LastSeen || before.LastSeen is null ? seen ?? before.LastSeen : before.LastSeen };
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

    private static DeviceRow Take(DeviceRow row, string suffix, JsonElement json, DateTimeOffset said, DateTimeOffset now) => suffix switch
    {
        "status" => Told(Measured(row with { State = json.Text("state"), Reason = json.Text("reason"), Snapshot = json.Text("snapshotId") ?? row.Snapshot }, json.Number("anchorAccuracyPercent"), WorstIn(json), said), json, now),
        "prediction" => row with { Snapshot = json.Text("snapshotId") ?? row.Snapshot, MessagesDropped = Sum(json.Member("messagesDropped")), DriftScore = Round(json.Number("driftScore"), 2) ?? row.DriftScore },
        "drift" when json.Flag("alarm") => Rang(row, new DriftShown(json.Text("what") ?? json.Text("detector"), json.Text("channel"), Round(json.Number("score"), 2), json.Whole("windowId"), said), counted: null),
        "forgetting" => Measured(row, json.Number("overallAccuracyPercent"), WorstOf(json), said),
        "snapshot" => Measured(
            row with { Snapshot = json.Text("snapshotId") ?? row.Snapshot },
            json.Text("event") == "refused" ? json.Number("previousAnchorAccuracyPercent") : json.Number("anchorAccuracyPercent"),
            null,
            said),
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

    /// <summary>What was measured on the anchors; what a message does not say stays as it was.</summary>
    private static DeviceRow Measured(DeviceRow row, double? accuracyPercent, WorstForgetting? worst, DateTimeOffset said) => (accuracyPercent is null && worst is null) || said < row.AnchorsSaidAt
        ? row
        : row with { AnchorAccuracyPercent = Round(accuracyPercent, 1) ?? row.AnchorAccuracyPercent, WorstForgetting = worst ?? row.WorstForgetting, AnchorsSaidAt = said };

    /// <summary>Takes what a status says of drift.</summary>
    private static DeviceRow Told(DeviceRow row, JsonElement json, DateTimeOffset now)
    {
        if (json.Whole("driftAlarms") is not { } count) return row; // The last will, which was written before any.
        if (json.Member("latestDrift") is not { } drift || drift.Time("at") is not { } at) return row with { DriftAlarmCount = count };
        return Rang(row, new DriftShown(drift.Text("what"), drift.Text("channel"), Round(drift.Number("score"), 2), drift.Whole("windowId"), at < now ? at : now), count);
    }

    /// <summary>Takes an alarm, which is told twice: in a message of its own and in the status. One that was waiting for the broker meanwhile is no news.</summary>
    private static DeviceRow Rang(DeviceRow row, DriftShown drift, long? counted)
    {
        bool isKnown = row.Drift is { } shown && (drift.At < shown.At || (drift.WindowId is { } window && window == shown.WindowId));
        return row with { Drift = isKnown ? row.Drift : drift, DriftAlarmCount = counted ?? (isKnown ? row.DriftAlarmCount : (row.DriftAlarmCount ?? 0) + 1) };
    }

    private static WorstForgetting? WorstIn(JsonElement status) => status.Member("worstForgetting") is { } worst && worst.Text("class") is { } name && Round(worst.Number("points"), 1) is { } points ? new WorstForgetting(name, points) : null;

    private static WorstForgetting? WorstOf(JsonElement forgetting)
    {
        if (forgetting.Member("perClass") is not { ValueKind: JsonValueKind.Array } classes) return null;
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
