using System.CommandLine;
using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trials;
using Edge.Runtime.Updates.Trust;
using Edge.Runtime.View;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Edge.Runtime.Commands;

/// <summary><c>edge run</c>: the service.</summary>
public static class RunCommand
{
    private const double MostSeconds = 4_000_000; // 46 days; a timer takes no more than 49.

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var config = new Option<string?>("--config", "-c") { Description = "Configuration file; without it the defaults: a simulated IMU, a broker on 127.0.0.1, data in ./edge-data." };
        var headless = new Option<bool>("--headless") { Description = "No live view; structured log lines (JSON) on standard error. Automatic when standard output is not a terminal." };
        var untilEnd = new Option<bool>("--until-end") { Description = "For a recorded stream: say so if it has no end (it ends the run by itself in any case)." };
        var seconds = new Option<double?>("--for") { Description = "Stop by itself after that many seconds." };
        seconds.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && double.TryParse(token.Value, out double value) && value is not (> 0 and <= MostSeconds)) result.AddError($"--for {value}: expected more than 0 and at most {MostSeconds} seconds. Leave it out to run until stopped.");
        });
        var fresh = new Option<bool>("--fresh") { Description = "Begin with an empty data directory; the old one is renamed to NAME.old-TIME." };
        var command = new CodedCommand("run", "Run the device: classify, learn, export, swap, report.", ExitCode.List("stopped, or its stream has ended", fault: "a fault of this program, or the disk or another service is in the way")) { config, headless, untilEnd, seconds, fresh, GlobalOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            await Task.Yield(); // Ctrl-C is listened to only once the action has returned for the first time.
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            if (parsed.GetValue(seconds) is { } limit) stop.CancelAfter(TimeSpan.FromSeconds(limit));
            return await RunAsync(
                parsed.GetValue(config), parsed.GetValue(headless) || Console.IsOutputRedirected, parsed.GetValue(untilEnd), parsed.GetValue(fresh), parsed.GetValue(GlobalOptions.Json), stop.Token);
        });
        return command;
    }

    private static async Task<int> RunAsync(string? configPath, bool headless, bool untilEnd, bool fresh, bool json, CancellationToken stopping)
    {
        NativeMemory.Limit();
        var document = RunningConfig.Read(configPath);
        if (!document.Verdict.IsValid) return Refused(document.Verdict);
        var config = document.Verdict.Config!;
        if (untilEnd && config.Sensor.Kind == "simulated")
        {
            Console.Error.WriteLine("--until-end needs a stream that ends; sensor.kind 'simulated' has none. Leave the option out, or stop with --for SECONDS.");
            return ExitCode.Usage;
        }

        var events = new RecentEvents(8, TimeProvider.System);
        using var logFactory = LoggerFactory.Create(builder => AddLogging(builder, headless || json, events));
        var log = logFactory.CreateLogger("Edge.Runtime.Run");
        try
        {
            if (fresh) SetAside(config.Device.DataDirectory);
            using var data = DataDirectory.Take(config.Device.DataDirectory);
            EmbeddedBroker? broker = null;
            try
            {
                var request = new RunRequest();
                var updates = OpenUpdates(data, config, log);
                string lastEnd = "";
                bool wasInterrupted = true; // What a process finds on trial was ended with the one before.
                while (true)
                {
                    var active = UpdateStart.Choose(document, updates.Machine, new KeptReadOut(data.ReadOut, data.Config), lastEnd, log, wasInterrupted);
                    (lastEnd, wasInterrupted) = ("", true);
                    ServiceOutcome outcome;
                    try
                    {
                        using var start = updates.Machine.State.Phase == ConfigPhase.Trial ? new StartLimit(active.Verdict.Config!.Updates, TimeProvider.System, span => EndHangingStart(span, log)) : null;
                        var telemetry = active.Verdict.Config!.Telemetry;
                        if (broker is not null && !Serves(broker, telemetry))
                        {
                            await broker.DisposeAsync();
                            broker = null;
                        }

                        if (telemetry.Broker == "embedded") broker ??= await EmbeddedBroker.StartAsync(telemetry.Port, log, stopping);
                        var settings = new ServiceSettings { Active = active, Updates = updates, Data = data, Broker = broker, LiveView = !headless && !json, Events = events, AddLogging = builder => AddLogging(builder, headless || json, events), Started = () => start?.Over() };
                        outcome = await ServiceHost.RunAsync(settings, request, stopping);
                    }
                    catch (Exception e) when (updates.Machine.State.Phase == ConfigPhase.Trial && e is not OperationCanceledException)
                    {
                        // What is on trial cannot even start: back to what could.
                        ServiceLog.OverlaySetAside(log, e.Message);
                        updates.Machine.RollBack([new Reason(ReasonCode.StartFailed, e.Message)]);
                        request.After(hasFault: true, isOnTrial: true, isStopping: false);
                        continue;
                    }

                    switch (request.After(outcome.Fault is not null, updates.Machine.State.Phase == ConfigPhase.Trial, stopping.IsCancellationRequested))
                    {
                        case AfterRun.Again:
                            wasInterrupted = false;
                            continue;
                        case AfterRun.AnotherAttempt:
                            lastEnd = outcome.Fault!;
                            ServiceLog.TrialFault(log, lastEnd);
                            continue;
                        case AfterRun.Fault:
                            Console.Error.WriteLine($"edge stopped on a fault: {outcome.Fault}");
                            return ExitCode.Fault;
                    }

                    Report(outcome.Summary, json);
                    return ExitCode.Done;
                }
            }
            finally
            {
                if (broker is not null) await broker.DisposeAsync();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return ExitCode.Done; // Stopped before the service was up.
        }
        catch (Exception e) when (e is IOException or InvalidDataException or InvalidOperationException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"edge run: {DeviceCommand.WithRemedy(e)}");
            return ExitCode.Fault;
        }
    }

    /// <summary>Whoever supervises the process starts it again; the attempt is counted already.</summary>
    private static void EndHangingStart(TimeSpan span, ILogger log)
    {
        ServiceLog.StartHangs(log, span.TotalSeconds);
        Console.Error.WriteLine($"edge stopped: a start with a configuration on trial did not come to its end within {span.TotalSeconds:0} s. Started again, it tries once more, or goes back to the configuration before.");
        Environment.Exit(ExitCode.Fault);
    }

    private static UpdateState OpenUpdates(DataDirectory data, DeviceConfig config, ILogger log)
    {
        var clock = new SystemDeviceClock(TimeProvider.System);
        var machine = ConfigMachine.Open(data.Config, clock);
        foreach (string damage in machine.Damage) ServiceLog.UpdateStateDamaged(log, damage);
        var keys = KeyRingStore.Open(config.Updates.KeysFile, data.Config);
        if (keys.Damage is { } problem) ServiceLog.KeysDamaged(log, problem);
        if (!keys.IsUnsignedMode && keys.Damage is null) machine.ForgetVersionsOf(id => id == KeyId.Unsigned || keys.Ring.Find(id, KeyRole.Config) is not null);
        return new UpdateState(machine, keys, clock);
    }

    /// <summary>Prints every problem of a configuration.</summary>
    internal static int Refused(ConfigVerdict verdict)
    {
        foreach (var problem in verdict.Problems) Console.Error.WriteLine($"{verdict.Source}: {problem}");
        if (verdict.OmittedProblemCount > 0) Console.Error.WriteLine($"{verdict.Source}: {verdict.OmittedProblemCount} more problems are not shown.");
        return ExitCode.Config;
    }

    private static bool Serves(EmbeddedBroker broker, TelemetrySection telemetry) => telemetry.Broker == "embedded" && (telemetry.Port == 0 || telemetry.Port == broker.Port);

    private static void AddLogging(ILoggingBuilder builder, bool toStandardError, RecentEvents events)
    {
        builder.SetMinimumLevel(LogLevel.Information);
        if (toStandardError) builder.AddJsonConsole(options =>
            {
                options.UseUtcTimestamp = true;
                options.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            }).AddConsole(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        else builder.AddProvider(events);
    }

    private static void SetAside(string directory)
    {
        if (!Directory.Exists(directory)) return;
        using var held = DataDirectory.Take(directory); // Not from under another service.
        Directory.Move(directory, $"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))}.old-{TimeProvider.System.GetUtcNow():yyyyMMddTHHmmss}");
    }

    private static void Report(RunSummary summary, bool json)
    {
        if (json) Console.WriteLine(JsonSerializer.Serialize(summary, GlobalOptions.OneLine));
        else SummaryTable.Write(AnsiConsole.Console, summary);
    }
}
