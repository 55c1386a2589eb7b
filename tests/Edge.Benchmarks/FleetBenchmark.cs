using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Edge.LinkVictim;

namespace Edge.Benchmarks;

/// <summary><c>fleet</c>: many simulated devices on one broker, the embedded one and a Mosquitto, as <c>edge watch</c> sees them, and what a device costs.</summary>
internal static class FleetBenchmark
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private sealed record Measured(string Broker, int Seen, JsonNode Report, double BrokerCpuPercent);

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var devices = new Option<int>("--devices") { Description = "Simulated devices.", DefaultValueFactory = _ => 200 };
        var seconds = new Option<double>("--seconds") { Description = "How long they are measured with each broker, once all are connected.", DefaultValueFactory = _ => 60 };
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output; the committed one is Runtime/results/fleet.md." };
        var command = new Command("fleet", "Simulated devices on one broker, the embedded one and a Mosquitto: whether 'edge watch' sees them all, and what one costs.") { devices, seconds, file };
        command.SetAction((parsed, cancel) => RunAsync(parsed.GetValue(devices), parsed.GetValue(seconds), parsed.GetValue(file), cancel));
        return command;
    }

    private static async Task RunAsync(int devices, double seconds, string? file, CancellationToken cancel)
    {
        if (!Broker.IsInstalled) throw new InvalidOperationException("mosquitto and mosquitto-clients are not installed (Debian: apt-get install mosquitto mosquitto-clients)");
        string scratch = Directory.CreateTempSubdirectory("edge-fleet-").FullName;
        using var mosquitto = new Broker(Path.Combine(scratch, "broker"));
        await mosquitto.StartAsync();
        Measured[] all = [await MeasureAsync(devices, seconds, null, cancel), await MeasureAsync(devices, seconds, mosquitto, cancel)];
        await mosquitto.StopAsync();
        Directory.Delete(scratch, recursive: true);

        List<string> lines =
        [
            "# A fleet on one broker", "",
            $"`edge simulate --devices {devices}` in one process, on the loopback interface, {seconds:0} s from when all are connected; meanwhile `edge watch --json` looks for a third of that time. Each device has the service's own link, reporter and handling of configuration; it has no outbox and no model: nothing is classified, trained or stored.",
            "", $"| what | {string.Join(" | ", all.Select(one => one.Broker))} |", $"|---|{string.Concat(all.Select(_ => "---:|"))}",
        ];
        Add("devices connected at the end", one => $"{one.Report["connectedCount"]} of {devices}");
        Add("devices that `edge watch` shows", one => $"{one.Seen} of {devices}");
        Add("messages acknowledged a second", one => Number((double)one.Report["messageCount"]! / (double)one.Report["seconds"]!, "0.0"));
        Add("processor of the simulation, % of a core for each device", one => Number((double)one.Report["cpuPercentPerDevice"]!, "0.000"));
        Add("memory of the simulation, KiB for each device", one => Number((double)one.Report["memoryKiBPerDevice"]!, "0"));
        Add("processor of the broker, % of a core", one => double.IsNaN(one.BrokerCpuPercent) ? "in the simulation's" : Number(one.BrokerCpuPercent, "0.0"));
        lines.AddRange(["", "Processor, memory and messages count from the first device's start, connecting included.", "", .. Machine.Facts()]);
        lines.Add($"- `dotnet run -c Release --project tests/Edge.Benchmarks -- fleet --devices {devices} --seconds {Number(seconds, "0.#")}`");
        Machine.Publish(lines, file);

        void Add(string what, Func<Measured, string> of) => lines.Add($"| {what} | {string.Join(" | ", all.Select(of))} |");
    }

    private static async Task<Measured> MeasureAsync(int devices, double seconds, Broker? broker, CancellationToken cancel)
    {
        using var simulation = Edge("simulate", ["--devices", $"{devices}", "--root", "fleet", "--json", .. broker is null ? ["--port", "0"] : new[] { "--broker", $"127.0.0.1:{broker.Port}" }]);
        try
        {
            string address = "";
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            patience.CancelAfter(s_patience);
            while (await simulation.StandardError.ReadLineAsync(patience.Token) is { } line)
            {
                if (address.Length == 0 && line.Split(" at ") is [_, var rest]) address = rest.Split(' ')[0];
                if (line.Contains($" {devices} of {devices} connected", StringComparison.Ordinal)) break;
            }

            var drained = simulation.StandardError.ReadToEndAsync(cancel);
            var (start, cpu) = (Stopwatch.GetTimestamp(), broker?.CpuTime ?? TimeSpan.Zero);
            using var watch = Edge("watch", ["--broker", address, "--root", "fleet", "--json", "--for", Number(seconds / 3, "0.#")]);
            var complaints = watch.StandardError.ReadToEndAsync(cancel);
            string watched = await watch.StandardOutput.ReadToEndAsync(cancel);
            await watch.WaitForExitAsync(cancel);
            int seen = watched.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).Where(line => (string?)line["event"] == "device").Select(line => (string)line["device"]!).Distinct(StringComparer.Ordinal).Count();
            var left = TimeSpan.FromSeconds(seconds) - Stopwatch.GetElapsedTime(start);
            if (left > TimeSpan.Zero) await Task.Delay(left, cancel);
            double brokerCpu = broker is null ? double.NaN : 100 * (broker.CpuTime - cpu) / Stopwatch.GetElapsedTime(start);
            using (var kill = Process.Start("/bin/kill", ["-INT", $"{simulation.Id}"])) await kill.WaitForExitAsync(cancel);
            string report = await simulation.StandardOutput.ReadToEndAsync(cancel);
            await simulation.WaitForExitAsync(cancel);
            if (simulation.ExitCode != 0) throw new InvalidOperationException($"edge simulate ended with {simulation.ExitCode}: {await drained}");
            if (seen == 0) throw new InvalidOperationException($"edge watch saw no device: {await complaints}");
            return new Measured(broker is null ? "embedded broker" : "Mosquitto", seen, JsonNode.Parse(report)!, brokerCpu);
        }
        finally
        {
            if (!simulation.HasExited) simulation.Kill();
        }
    }

    private static Process Edge(string verb, IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "edge"), [verb, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
