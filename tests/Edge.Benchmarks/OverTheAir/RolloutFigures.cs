using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Edge.Benchmarks.OverTheAir;

/// <summary>A rollout in stages over simulated devices of which a fifth fails health: it stops by itself, is resumed, and its summary adds up.</summary>
internal static class RolloutFigures
{
    private const int FailingPercent = 20, MaxFailedPercent = 15;
    private const string Root = "rollout";

    public static async Task<IReadOnlyList<string>> MeasureAsync(ConfigLoad load, Action<string> tell)
    {
        string folder = Directory.CreateTempSubdirectory("edge-config-rollout-").FullName;
        using var simulation = new Process { StartInfo = new ProcessStartInfo(EdgeVerb.Program, ["simulate", "--devices", $"{load.DeviceCount}", "--failing", $"{FailingPercent}", "--port", "0", "--root", Root, "--json"]) { RedirectStandardError = true, RedirectStandardOutput = true } };
        try
        {
            string broker = await BeginAsync(simulation, load.DeviceCount);
            tell($"{load.DeviceCount} devices at {broker}");
            string document = Path.Combine(folder, "v7.json");
            await File.WriteAllTextAsync(document, """{ "version": 7, "config": { "drift": { "threshold": 7 }, "updates": { "trialSeconds": 2 } } }""");
            string[] push = ["config", "push", document, "--broker", broker, "--root", Root, "--rollout", "10", "--stages", "50,100", "--watch", "--stage-seconds", "120", "--json"];

            long start = Stopwatch.GetTimestamp();
            var stopped = await EdgeVerb.RunAsync(folder, [.. push, "--max-failed-percent", $"{MaxFailedPercent}"], 0, 1);
            double toStop = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var summary = await SummaryAsync(folder, broker);
            var watched = (await EdgeVerb.RunAsync(folder, ["watch", "--json", "--broker", broker, "--root", Root, "--for", "3"], 0)).Lines.Select(line => JsonNode.Parse(line)!.AsObject()).Where(line => (string?)line["event"] == "device").ToList();
            int back = watched.GroupBy(line => (string)line["device"]!).Select(lines => lines.Last()).Count(line => (string?)line["config"]?["result"] == "rolledBack" && line["config"]!["activeVersion"] is null);
            tell($"it stopped: {stopped.Lines[^1]}");

            start = Stopwatch.GetTimestamp();
            await EdgeVerb.RunAsync(folder, [.. push, "--max-failed-percent", "100", "--resume"], 0);
            double toEnd = Stopwatch.GetElapsedTime(start).TotalSeconds;
            var done = await SummaryAsync(folder, broker);
            int failing = load.DeviceCount * FailingPercent / 100;
            return
            [
                "## A rollout whose devices fail", "",
                $"{load.DeviceCount} simulated devices (links, state machine and health of the service; windows drawn), of which {FailingPercent} % fail their trial; 10 % → 50 % → 100 %, stopped above {MaxFailedPercent} % failed; `updates.trialSeconds` 2. Then resumed whoever fails.", "",
                "| what | stopped | resumed | bar |", "|---|---:|---:|---|",
                $"| state | {summary.State} | {done.State} | stopped, then done |",
                $"| share reached, % | {summary.Percent} | {done.Percent} | less than 100, then 100 |",
                $"| devices reached | {summary.Targeted} | {done.Targeted} | |",
                $"| active | {summary.Active} | {done.Active} | then {load.DeviceCount - failing} |",
                $"| rolled back | {summary.RolledBack} | {done.RolledBack} | then {failing} |",
                $"| of them back on their own file, as `edge watch` sees them | {back} | | {summary.RolledBack} |",
                $"| under way, refused or silent | {summary.Others} | {done.Others} | then 0 |",
                $"| not reached yet | {summary.Waiting} | {done.Waiting} | then 0 |",
                $"| sum of all counts | {summary.Sum} | {done.Sum} | {load.DeviceCount} |",
                string.Create(CultureInfo.InvariantCulture, $"| seconds | {toStop:0.0} | {toEnd:0.0} | |"),
            ];
        }
        finally
        {
            if (!simulation.HasExited)
            {
                simulation.Kill(entireProcessTree: true);
                await simulation.WaitForExitAsync();
            }

            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Starts it, and waits until every device is connected.</summary>
    /// <returns>HOST:PORT of its broker.</returns>
    private static async Task<string> BeginAsync(Process simulation, int count)
    {
        simulation.Start();
        _ = simulation.StandardOutput.ReadToEndAsync();
        using var late = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        string broker = "";
        while (await simulation.StandardError.ReadLineAsync(late.Token) is { } line)
        {
            if (line.Split(" at ") is [_, var address]) broker = address.Split(' ')[0];
            if (!line.Contains($" {count} of {count} connected", StringComparison.Ordinal)) continue;
            _ = simulation.StandardError.ReadToEndAsync(CancellationToken.None);
            return broker;
        }

        throw new InvalidOperationException("the simulation ended before its devices were connected");
    }

    private static async Task<Counts> SummaryAsync(string folder, string broker)
    {
        var json = JsonNode.Parse((await EdgeVerb.RunAsync(folder, ["config", "status", "--summary", "--json", "--broker", broker, "--root", Root], 0)).Lines[^1])!;
        var summary = json["summary"]!;
        int Of(string name) => (int)summary[name]!;
        return new Counts((string)json["state"]!, (double)json["percent"]!, Of("targeted"), Of("active"), Of("rolledBack"), Of("underWay") + Of("refused") + Of("silent"), Of("waiting"), Of("notTargeted"));
    }

    private sealed record Counts(string State, double Percent, int Targeted, int Active, int RolledBack, int Others, int Waiting, int NotTargeted)
    {
        public int Sum => Active + RolledBack + Others + Waiting + NotTargeted;
    }
}
