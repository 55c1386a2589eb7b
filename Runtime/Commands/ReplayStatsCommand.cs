using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Storage;

namespace Edge.Runtime.Commands;

/// <summary><c>edge replay stats</c>: what the memory holds, takes and has cost.</summary>
public static class ReplayStatsCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var command = new CodedCommand("stats", "Say what the store holds by class and role, what it takes on the disk, and what writing it has cost.", ReplayCommand.Codes) { ReplayCommand.Config, ReplayCommand.Copy, GlobalOptions.Json };
        ReplayCommand.Act(command, async (config, data, parsed, _) =>
        {
            using var buffer = ReplayCommand.Open(config, data, ReplayAccess.Look, parsed.GetValue(ReplayCommand.Copy));
            var stats = await buffer.StatsAsync();
            var classes = (await buffer.ListAsync()).GroupBy(e => e.Class, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => new ClassRow(g.Key, Count(g, ExampleRole.Replay), Count(g, ExampleRole.Anchor), Count(g, ExampleRole.Fresh))).ToList();
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(Json(stats, classes), GlobalOptions.OneLine));
            else Console.Write(Text(stats, classes));
            return ExitCode.Done;
        });
        return command;
    }

    private static int Count(IEnumerable<Example> examples, ExampleRole role) => examples.Count(e => e.Role == role);

    private static object Json(ReplayStats stats, IReadOnlyList<ClassRow> classes) => new
    {
        Classes = classes,
        AcknowledgedThroughId = stats.Counts.AcknowledgedCount,
        WaitingForRound = stats.Counts.FreshCount,
        stats.Counts.CorruptCount,
        stats.QuarantinedCount,
        stats.DataBytes,
        stats.LogBytes,
        stats.RecordBytes,
        stats.PageCount,
        stats.EmptyPageCount,
        stats.Wear.ExampleCount,
        stats.Wear.PayloadBytes,
        stats.Wear.WrittenBytes,
        WrittenBytesPerExample = Math.Round(stats.Wear.BytesPerExample, 1),
        WriteAmplification = Math.Round(stats.Wear.Amplification, 3),
        stats.Copies,
        stats.PutAside,
    };

    private static string Text(ReplayStats stats, IReadOnlyList<ClassRow> classes)
    {
        int width = Math.Max(5, classes.Select(c => c.Class.Length).DefaultIfEmpty().Max());
        var lines = new List<string> { $"{"class".PadRight(width)} {"replay",8} {"anchor",8} {"fresh",8}" };
        lines.AddRange(classes.Select(c => $"{c.Class.PadRight(width)} {c.Replay,8} {c.Anchor,8} {c.Fresh,8}"));
        lines.Add($"{"all".PadRight(width)} {classes.Sum(c => c.Replay),8} {classes.Sum(c => c.Anchor),8} {classes.Sum(c => c.Fresh),8}");
        lines.Add("");
        lines.Add(Line($"ids given       up to {stats.Counts.AcknowledgedCount}"));
        lines.Add(Line($"wait for round  {stats.Counts.FreshCount} examples, those kept for replay included"));
        lines.Add(Line($"data file       {stats.DataBytes} bytes, {stats.EmptyPageCount} of {stats.PageCount} pages empty; log {stats.LogBytes} bytes"));
        lines.Add(Line($"records         {stats.RecordBytes} bytes; {stats.Counts.CorruptCount} damaged, {stats.QuarantinedCount} ever quarantined"));
        lines.Add(Line($"written         {stats.Wear.WrittenBytes} bytes for {stats.Wear.ExampleCount} examples: {stats.Wear.BytesPerExample:0} an example, {stats.Wear.Amplification:0.00} per byte of samples; replay.db and its journal only"));
        lines.Add(Line($"copies          {stats.Copies.Count}{(stats.Copies is [.., var newest] ? Line($", the newest {newest.Name} of {newest.TakenAt:u}, {newest.Bytes} bytes") : "")}"));
        foreach (string aside in stats.PutAside) lines.Add($"put aside       {aside}");
        return string.Concat(lines.Select(line => line + "\n"));

        static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
    }

    private sealed record ClassRow(string Class, int Replay, int Anchor, int Fresh);
}
