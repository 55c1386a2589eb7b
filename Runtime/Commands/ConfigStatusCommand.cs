using System.CommandLine;
using System.Text.Json;
using Edge.Runtime.Fleet;

namespace Edge.Runtime.Commands;

/// <summary><c>edge config status</c>: what devices last said of their configuration.</summary>
internal static class ConfigStatusCommand
{
    internal static Command Create()
    {
        var device = new Option<string?>("--device") { Description = "One device; without it all." };
        var wait = new Option<double>("--wait") { Description = "How long to listen for retained reports, seconds.", DefaultValueFactory = _ => 1 };
        wait.Validators.Add(CommandNumber.Within(wait, 0, 4_000_000, "seconds"));
        var summary = new Option<bool>("--summary") { Description = "Instead: where all devices stand with the latest rollout, in numbers that add up." };
        var command = FleetLink.AddTo(new CodedCommand("status", "Show the retained reports of a fleet: the active configuration of each device, what became of the latest attempt to change it and how many windows that cost, and what the device believes.", ConfigCommand.LinkCodes("no device has reported"))
        {
            device, wait, summary, GlobalOptions.Json,
        });
        ConfigCommand.Act(command, async (parsed, cancel) =>
        {
            if (parsed.GetValue(summary)) return await ConfigRollout.ShowAsync(parsed, cancel);
            await using var fleet = await FleetLink.OpenAsync(parsed, [$"{parsed.GetValue(FleetLink.Root)}/{parsed.GetValue(device) ?? "+"}/config/reported"], cancel);
            await Task.Delay(TimeSpan.FromSeconds(parsed.GetValue(wait)), cancel);
            var reports = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
            while (fleet.Link.Inbound.TryRead(out var heard))
            {
                if (FleetTopic.Of(parsed.GetValue(FleetLink.Root)!, heard.Topic) is var (id, _) && ReportReader.Root(heard.Payload) is { } report) reports[id] = report;
            }

            foreach (var (id, report) in reports) Console.WriteLine(parsed.GetValue(GlobalOptions.Json) ? JsonSerializer.Serialize(report, GlobalOptions.OneLine) : Line(id, report));
            if (reports.Count == 0) Console.Error.WriteLine("no device has reported to this broker under this root");
            return reports.Count > 0 ? ExitCode.Done : ExitCode.Finding;
        });
        return command;
    }

    /// <summary>A device in a line, with a line more for each reason, note and problem. What is missing or of another type is left out; no text can move the cursor.</summary>
    internal static string Line(string id, JsonElement report)
    {
        string text = $"{id}  active {(report.Member("active") is { } active ? Named(active) ?? active.Text("source") ?? "?" : "?")} ({Short(report.Member("active")?.Text("hash"))})";
        List<string> below = [];
        if (report.Member("lastAttempt") is { } attempt)
        {
            string? version = Named(attempt);
            text += $", last {(version is null ? "" : version + " ")}{attempt.Text("result") ?? "?"} at {attempt.Text("at") ?? "?"}{Cost(attempt.Whole("gapWindows"))}";
            below.AddRange([.. attempt.WholeTexts("reasons"), .. attempt.WholeTexts("notes")]);
        }

        text += $", trusts {report.Text("trust") ?? "?"}{(report.Whole("keysVersion") is { } keys ? $" by keys version {keys}" : "")}";
        below.AddRange(report.WholeTexts("keysProblems").Select(problem => $"keys: {problem}"));
        return text + string.Concat(below.Select(line => $"\n  {line}"));
    }

    private static string? Named(JsonElement document) => document.Whole("version") is { } version ? $"version {version}" : null;

    private static string Cost(long? gapWindows) => gapWindows switch
    {
        null => "", // Not known (yet), or it never ran.
        0 => ", no window lost",
        1 => ", 1 window lost",
        _ => $", {gapWindows} windows lost",
    };

    private static string Short(string? hash) => hash is { Length: > 12 } ? hash[..12] : hash ?? "?";
}
