using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Runtime.Fleet.Simulation;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Runtime.Commands;

/// <summary><c>edge simulate</c>: a fleet in one process, to try dashboards and rollouts on.</summary>
internal static class SimulateCommand
{
    private static readonly string Codes = ExitCode.List("on Ctrl-C or after --for", fault: "the port is taken, or a file is in the way", config: null) + " A broker that is not there is waited for.";
    private static readonly TimeSpan s_progress = TimeSpan.FromSeconds(5);

    /// <summary>The verb.</summary>
    internal static Command Create()
    {
        var devices = new Option<int>("--devices") { Description = $"How many, 1 to {SimulatedFleet.MostDevices}.", DefaultValueFactory = _ => 10 };
        devices.Validators.Add(CommandNumber.Within(devices, 1, SimulatedFleet.MostDevices, "devices"));
        var port = new Option<int>("--port") { Description = "TCP port of the embedded broker on 127.0.0.1 that is used without --broker; 0: any free one, printed.", DefaultValueFactory = _ => 1883 };
        port.Validators.Add(CommandNumber.Within(port, 0, 65_535, "(TCP port)"));
        var seconds = new Option<double?>("--for") { Description = "End by itself after that many seconds; without it on Ctrl-C." };
        seconds.Validators.Add(CommandNumber.Within(seconds, 0.1, 4_000_000, "seconds"));
        var seed = new Option<int>("--seed") { Description = "Chooses what each device goes through and which ones fail.", DefaultValueFactory = _ => 1 };
        var failing = new Option<double>("--failing") { Description = "Share of the devices that fail health in every trial of a configuration, percent: too slow, broken windows, a silent sensor, a full disk, in turn.", DefaultValueFactory = _ => 0 };
        failing.Validators.Add(CommandNumber.Within(failing, 0, 100, "percent"));
        var restarts = new Option<double>("--restarts") { Description = "Restarts of a device in an hour, on average.", DefaultValueFactory = _ => 0 };
        restarts.Validators.Add(CommandNumber.Within(restarts, 0, 3600, "restarts an hour"));
        var pace = new Option<double>("--pace") { Description = "How often drift, questions and training rounds come, against the usual (every 10, 5 and 4 minutes).", DefaultValueFactory = _ => 1 };
        pace.Validators.Add(CommandNumber.Within(pace, 0, 1000, "times the usual"));
        var prefix = new Option<string>("--prefix") { Description = "Beginning of every device's id; a number follows.", DefaultValueFactory = _ => "sim-" };
        var fleetName = new Option<string>("--fleet") { Description = "device.fleet of all of them.", DefaultValueFactory = _ => "" };
        var groups = new Option<string>("--groups") { Description = "Names with commas between; each device is in one of them, in turn.", DefaultValueFactory = _ => "" };
        var keys = new Option<string?>("--keys-file") { Description = "Keys that the devices trust ('edge config keyring'); without it they take unsigned configuration, from a broker on this machine only." };
        var command = FleetLink.AddTo(new CodedCommand(
            "simulate",
            "Run many simulated devices in this process. Links, messages and the handling of configuration from the air are the service's own; windows, drift, questions and training are drawn, and nothing is classified or trained. " +
            "Without --broker an embedded broker runs with them, which keeps at most 1000 messages for a client that falls behind. Ends with what a device took of processor and memory.",
            Codes)
        {
            devices, port, seconds, seed, failing, restarts, pace, prefix, fleetName, groups, keys, GlobalOptions.Json,
        });
        ConfigCommand.Act(command, "", async (parsed, cancel) =>
        {
            await using var broker = parsed.GetResult(FleetLink.Broker) is { Implicit: false } ? null : await EmbeddedBroker.StartAsync(parsed.GetValue(port), NullLogger.Instance, cancel);
            var reach = await FleetLink.ReachAsync(parsed, "simulated", cancel);
            if (broker is not null) reach = reach with { Host = EmbeddedBroker.Host, Port = broker.Port };
            using var fleet = new SimulatedFleet(
                new SimulationOptions
                {
                    Reach = reach,
                    Root = parsed.GetValue(FleetLink.Root)!,
                    DeviceCount = parsed.GetValue(devices),
                    Prefix = parsed.GetValue(prefix)!,
                    Fleet = parsed.GetValue(fleetName)!,
                    Groups = parsed.GetValue(groups)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
                    FailingPercent = parsed.GetValue(failing),
                    Pace = parsed.GetValue(pace),
                    RestartsPerHour = parsed.GetValue(restarts),
                    KeysFile = parsed.GetValue(keys) is { } file ? Path.GetFullPath(file) : "",
                    Seed = parsed.GetValue(seed),
                },
                TimeProvider.System);
            Console.Error.WriteLine($"{fleet.Devices.Count} devices, {fleet.Devices[0].Id} to {fleet.Devices[^1].Id}, at {reach.Host}:{reach.Port}{(broker is not null ? " (embedded broker)" : "")}");
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            if (parsed.GetValue(seconds) is { } limit) stop.CancelAfter(TimeSpan.FromSeconds(limit));
            SimulationReport last;
            var run = fleet.RunAsync(stop.Token);
            using (var timer = new PeriodicTimer(s_progress))
            {
                try
                {
                    while (!run.IsCompleted && await timer.WaitForNextTickAsync(stop.Token)) Console.Error.WriteLine(Line(fleet.Report()));
                }
                catch (OperationCanceledException) when (stop.IsCancellationRequested)
                {
                    // Its end.
                }

                last = fleet.Report(); // As it was while they lived.
            }

            await run;
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(last, GlobalOptions.OneLine));
            else Print(last, broker is not null);
            return ExitCode.Done;
        });
        return command;
    }

    private static string Line(SimulationReport report) => string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Seconds:0} s: {report.ConnectedCount} of {report.DeviceCount} connected, {report.MessageCount} messages, {report.OnTrialCount} on trial; {Words(report.Attempts)}{report.CpuSeconds / report.Seconds * 100:0} % of a core, {report.MemoryMiB:0} MiB");

    private static string Words(IReadOnlyDictionary<string, int> attempts) => attempts.Count == 0 ? "" : string.Join(", ", attempts.Select(pair => $"{pair.Value} {pair.Key}")) + "; ";

    private static void Print(SimulationReport report, bool embedded)
    {
        string with = embedded ? " (the embedded broker's share included)" : "";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.DeviceCount} devices, {report.ConnectedCount} connected at the end, {report.FailingCount} that fail trials; {report.MessageCount} messages in {report.Seconds:0.0} s, {report.MessageCount / report.Seconds:0.0} a second"));
        Console.WriteLine($"running with {string.Join(", ", report.ActiveConfigs.Select(pair => $"{pair.Key}: {pair.Value}"))}{(report.Attempts.Count > 0 ? $"; latest attempts {string.Join(", ", report.Attempts.Select(pair => $"{pair.Key}: {pair.Value}"))}" : "")}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"processor {report.CpuSeconds:0.00} s, {report.CpuPercentPerDevice:0.000} % of a core for each device{with}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"memory {report.MemoryMiB:0.0} MiB, {report.MemoryBeforeMiB:0.0} before the devices: {report.MemoryKiBPerDevice:0} KiB for each device{with}"));
    }
}
