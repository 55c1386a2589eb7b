using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Edge.Runtime.Commands;

/// <summary><c>edge config status</c>: what devices last said of their configuration.</summary>
internal static class ConfigStatusCommand
{
    internal static Command Create()
    {
        var device = new Option<string?>("--device") { Description = "One device; without it all." };
        var wait = new Option<double>("--wait") { Description = "How long to listen for retained reports, seconds.", DefaultValueFactory = _ => 1 };
        var summary = new Option<bool>("--summary") { Description = "Instead: where all devices stand with the latest rollout, in numbers that add up." };
        var command = FleetLink.AddTo(new Command("status", $"Show the retained reports of a fleet: the active configuration of each device, what became of the latest attempt to change it, and what the device believes. {ConfigCommand.Codes}")
        {
            device, wait, summary, GlobalOptions.Json,
        });
        ConfigCommand.Act(command, async (parsed, cancel) =>
        {
            if (parsed.GetValue(summary)) return await ConfigRollout.ShowAsync(parsed, cancel);
            await using var fleet = await FleetLink.OpenAsync(parsed, [$"{parsed.GetValue(FleetLink.Root)}/{parsed.GetValue(device) ?? "+"}/config/reported"], cancel);
            await Task.Delay(TimeSpan.FromSeconds(parsed.GetValue(wait)), cancel);
            var reports = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
            while (fleet.Link.Inbound.TryRead(out var heard))
            {
                try
                {
                    if (JsonNode.Parse(heard.Payload.Span) is JsonObject report) reports[heard.Topic.Split('/')[^3]] = report;
                }
                catch (JsonException)
                {
                    // Whoever published this there is no device.
                }
            }

            foreach (var (id, report) in reports) Console.WriteLine(parsed.GetValue(GlobalOptions.Json) ? report.ToJsonString() : Line(id, report));
            if (reports.Count == 0) Console.Error.WriteLine("no device has reported to this broker under this root");
            return reports.Count > 0 ? ExitCode.Done : ExitCode.Finding;
        });
        return command;
    }

    private static string Line(string id, JsonObject report)
    {
        var (active, attempt) = (report["active"], report["lastAttempt"]);
        string running = $"{id}  active {(active?["version"] is { } version ? $"version {version}" : (string?)active?["source"])} ({Short((string?)active?["hash"])})";
        string last = attempt is null ? "" : $", last {(attempt["version"] is { } tried ? $"version {tried} " : "")}{attempt["result"]} at {attempt["at"]}";
        return $"{running}{last}, trusts {(string?)report["trust"] ?? "?"}{string.Concat(attempt?["reasons"]?.AsArray().Select(reason => $"\n  {reason}") ?? [])}";
    }

    private static string Short(string? hash) => hash is { Length: > 12 } ? hash[..12] : hash ?? "?";
}
