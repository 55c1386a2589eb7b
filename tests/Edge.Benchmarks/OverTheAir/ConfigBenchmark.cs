using System.CommandLine;
using Edge.LinkVictim;

namespace Edge.Benchmarks.OverTheAir;

/// <summary>How much is measured.</summary>
/// <param name="KillTimes">Kills at each point; 0: one at each kind of point.</param>
/// <param name="EnvelopeCount">Mutated envelopes.</param>
/// <param name="FileCount">Mutated files.</param>
/// <param name="LiveCount">Live changes.</param>
/// <param name="RestartCount">Changes that restart the pipeline.</param>
/// <param name="HarmTimes">How often each harmful document is sent.</param>
/// <param name="TrialSeconds">updates.trialSeconds of the device that gets them.</param>
/// <param name="GraceSeconds">updates.graceSeconds of it.</param>
/// <param name="DeviceCount">Simulated devices of the rollout.</param>
internal sealed record ConfigLoad(int KillTimes, int EnvelopeCount, int FileCount, int LiveCount, int RestartCount, int HarmTimes, double TrialSeconds, double GraceSeconds, int DeviceCount)
{
    /// <summary>What the table is made of.</summary>
    public static ConfigLoad Full { get; } = new(10, 1200, 600, 200, 10, 1, 60, 30, 100);

    /// <summary>To see that the program works; its figures are none.</summary>
    public static ConfigLoad Quick { get; } = new(0, 504, 100, 20, 2, 1, 20, 5, 30); // A round must fall into a trial.
}

/// <summary><c>config</c>: what configuration from the air costs and what it survives, against its bars.</summary>
internal static class ConfigBenchmark
{
    private static readonly (string Name, Func<ConfigLoad, Action<string>, Task<IReadOnlyList<string>>> Measure)[] s_parts =
    [
        ("kills", KillFigures.MeasureAsync),
        ("hostile", HostileFigures.MeasureAsync),
        ("live", LiveFigures.MeasureAsync),
        ("restarts", RestartFigures.MeasureAsync),
        ("harm", HarmFigures.MeasureAsync),
        ("rollout", RolloutFigures.MeasureAsync),
    ];

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var quick = new Option<bool>("--quick") { Description = "Little of everything, to see that it works: four minutes or so instead of half an hour. Write its report elsewhere with --out." };
        var only = new Option<string[]>("--only") { Description = $"Some parts alone: {string.Join(", ", s_parts.Select(part => part.Name))}.", AllowMultipleArgumentsPerToken = true };
        only.AcceptOnlyFromAmong([.. s_parts.Select(part => part.Name)]);
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output.", DefaultValueFactory = _ => "Runtime/results/config.md" };
        var command = new Command("config", "Configuration over the air: kills at every write, hostile input, time to active, windows lost, time to roll back, a rollout whose devices fail. Needs mosquitto.") { quick, only, file };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(quick), parsed.GetValue(only) ?? [], parsed.GetValue(file)));
        return command;
    }

    private static async Task<int> RunAsync(bool quick, string[] only, string? file)
    {
        if (!Broker.IsInstalled) throw new InvalidOperationException("mosquitto and mosquitto-clients are not installed (Debian: apt-get install mosquitto mosquitto-clients)");
        var load = quick ? ConfigLoad.Quick : ConfigLoad.Full;
        List<string> lines = ["# Configuration over the air", ""];
        if (quick) lines.AddRange(["A quick run: it shows that the program works, and measures nothing.", ""]);
        int failed = 0;
        foreach (var (name, measure) in s_parts.Where(part => only.Length == 0 || only.Contains(part.Name)))
        {
            Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {name}");
            try
            {
                lines.AddRange(await measure(load, said => Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {name}: {said}")));
            }
            catch (Exception e)
            {
                failed++;
                Console.Error.WriteLine(e);
                lines.AddRange([$"## {name}", "", $"Not measured: {e.Message.Split('\n')[0]}"]);
            }

            lines.Add("");
        }

        lines.AddRange(Machine.Facts());
        lines.Add($"- edge {Runtime.Product.Version}; {MosquittoVersion()}; device, broker and operator on one machine");
        lines.Add($"- `dotnet run -c Release --project tests/Edge.Benchmarks -- config{(quick ? " --quick" : "")}{string.Concat(only.Select(part => $" --only {part}"))}`");
        if (file is not null && Path.GetDirectoryName(file) is { Length: > 0 } parent) Directory.CreateDirectory(parent);
        Machine.Publish(lines, file);
        return failed == 0 ? 0 : 1;
    }

    private static string MosquittoVersion()
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(Broker.Find("mosquitto")!, ["-h"]) { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd().Split('\n')[0];
    }
}
