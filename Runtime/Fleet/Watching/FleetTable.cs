using System.Globalization;
using Edge.Telemetry.Mqtt;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Edge.Runtime.Fleet.Watching;

/// <summary>The fleet for a terminal: a line about the broker, a line of totals, and as many devices as fit, trouble first.</summary>
internal static class FleetTable
{
    private const int LinesAround = 8; // Broker, totals, blank, header, what is left out, and the prompt.
    private const int MostCellCharacters = 60;

    private static readonly string[] s_headers = ["device", "state", "trouble", "anchors", "worst forgetting", "drift", "config", "seen", "dropped", "snapshot"];

    /// <summary>One picture. Columns that do not fit are left out from the right.</summary>
    /// <param name="board">The devices.</param>
    /// <param name="link">How the connection is doing.</param>
    /// <param name="now">Time.</param>
    /// <param name="width">Characters of a line.</param>
    /// <param name="height">Lines that there is room for; the rest of the devices is counted at the end.</param>
    internal static IRenderable Picture(FleetBoard board, LinkState link, DateTimeOffset now, int width, int height)
    {
        var rows = board.Rows;
        int shown = Math.Min(rows.Count, Math.Max(1, height - LinesAround));
        var cells = rows.Take(shown).Select(row => Cells(row, now)).ToArray();
        var lines = new List<IRenderable> { Line(Broker(link, now)), Line(Totals(rows)), Text.Empty };
        int[] widths = [.. s_headers.Select((header, column) => Math.Min(MostCellCharacters, cells.Select(row => row[column].Text.Length).Append(header.Length).Max()))];
        int columns = 1;
        while (columns < widths.Length && widths.Take(columns + 1).Sum() + (2 * columns) <= width) columns++;
        lines.Add(Line($"[grey]{string.Join("  ", s_headers.Take(columns).Select((header, column) => header.PadRight(widths[column])))}[/]"));
        lines.AddRange(cells.Select(row => Line(string.Join("  ", row.Take(columns).Select((cell, column) => Padded(cell, widths[column]))))));
        if (shown < rows.Count) lines.Add(Line($"[grey]and {rows.Count - shown} more, {(rows[shown].Trouble.Count > 0 ? "some with trouble" : "all well")}[/]"));
        if (link.ReceivedDroppedCount > 0) lines.Add(Line($"[yellow]{link.ReceivedDroppedCount} messages came faster than they were read, and are missing here[/]"));
        if (board.TurnedAwayCount > 0) lines.Add(Line($"[yellow]more devices than this view takes: {board.TurnedAwayCount} messages of others were not looked at[/]"));
        return new Rows(lines);
    }

    private static Markup Line(string markup) => new(markup) { Overflow = Overflow.Ellipsis };

    private static string Padded(Cell cell, int width)
    {
        string text = cell.Text.Length > width ? cell.Text[..(width - 1)] + "…" : cell.Text.PadRight(width);
        return cell.Colour is { } colour ? $"[{colour}]{Markup.Escape(text)}[/]" : Markup.Escape(text);
    }

    private static string Broker(LinkState link, DateTimeOffset now) => link.Connected
        ? $"[green]connected[/] to {Markup.Escape(link.Broker)}{(link.ReconnectCount > 0 ? $", {link.ReconnectCount} reconnects" : "")}{(link.LastError is { } past ? $" [grey]({Markup.Escape(past)})[/]" : "")}"
        : $"[red]not connected[/] to {Markup.Escape(link.Broker)} for {Age(now - link.Since)}: {Markup.Escape(link.LastError ?? "no answer yet")}; what follows is what was last heard";

    private static string Totals(IReadOnlyList<DeviceRow> rows)
    {
        int Of(DeviceTrouble trouble) => rows.Count(row => row.Trouble.Contains(trouble));
        string troubles = string.Join(", ", Enum.GetValues<DeviceTrouble>().OrderDescending().Where(trouble => Of(trouble) > 0).Select(trouble => $"{Of(trouble)} {Word(trouble)}"));
        return $"[bold]{rows.Count}[/] devices, {rows.Count(row => row.State == "online" && !row.Stale)} online{(troubles.Length > 0 ? $"; {troubles}" : "")}";
    }

    private static Cell[] Cells(DeviceRow row, DateTimeOffset now)
    {
        string colour = row.Trouble.Count == 0 ? "green" : row.Trouble[0] >= DeviceTrouble.Refused ? "red" : "yellow";
        return
        [
            new(row.Device),
            new($"{row.State ?? "?"}{(row.Reason is { } reason ? $" ({reason})" : "")}", colour),
            new(string.Join(", ", row.Trouble.Select(Word)), colour),
            new(row.AnchorAccuracyPercent is { } accuracy ? $"{accuracy:0.0} %" : "-"),
            new(row.WorstForgetting is { } worst ? $"{worst.Points:0.0} {worst.Class}" : "-"),
            new(Drift(row, now)),
            new(row.Config is { } config ? Config(config) : "-"),
            new(row.LastSeen is { } seen ? Age(now - seen) : "-", row.Stale ? "red" : "grey"),
            new(row.MessagesDropped is > 0 and { } dropped ? $"{dropped}" : "-", row.MessagesDropped > 0 ? "yellow" : null),
            new(row.Snapshot ?? "-"),
        ];
    }

    /// <summary>The latest alarm; where there was none, how far it is from one.</summary>
    private static string Drift(DeviceRow row, DateTimeOffset now) =>
        row.Drift is { } drift ? $"{drift.What ?? "?"}{(drift.Channel is { } channel ? $" {channel}" : "")} {drift.Score:0.0}, {Age(now - drift.At)}"
        : row.DriftScore is { } score ? $"none, {score:0.00} of 1"
        : row.DriftAlarmCount is not null ? "none"
        : "-";

    private static string Config(ConfigShown config)
    {
        string active = config.ActiveVersion is { } version ? $"v{version}" : "file";
        return config.Result is null || (config.Result is "applied" or "unchanged" && config.AttemptVersion == config.ActiveVersion)
            ? active
            : $"{active}; v{config.AttemptVersion?.ToString(CultureInfo.InvariantCulture) ?? "?"} {config.Result}{(config.Codes.Count > 0 ? $" ({string.Join(", ", config.Codes)})" : "")}";
    }

    private static string Word(DeviceTrouble trouble) => trouble == DeviceTrouble.RolledBack ? "rolled back" : trouble.ToString().ToLowerInvariant();

    private static string Age(TimeSpan age) => age.TotalSeconds < 0 ? "0 s" : age.TotalSeconds < 120 ? $"{age.TotalSeconds:0} s" : age.TotalMinutes < 120 ? $"{age.TotalMinutes:0} min" : $"{age.TotalHours:0} h";

    private readonly record struct Cell(string Text, string? Colour = null);
}
