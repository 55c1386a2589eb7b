using System.CommandLine;
using System.Text.Json;
using Edge.Runtime.Doctor;
using Edge.Runtime.Updates;

namespace Edge.Runtime.Commands;

/// <summary><c>edge doctor</c>: what is there and what is missing, each with a remedy.</summary>
public static class DoctorCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var config = new Option<string?>("--config", "-c") { Description = "Configuration file to check against; without it the defaults." };
        var command = new CodedCommand("doctor", "Say what this machine has and what it lacks, each with a remedy.", ExitCode.List("nothing is missing", "something that the configuration needs is missing")) { config, GlobalOptions.Json };
        command.SetAction(async (parsed, cancel) =>
        {
            var active = RunningConfig.Read(parsed.GetValue(config));
            if (!active.Verdict.IsValid) return RunCommand.Refused(active.Verdict);
            var findings = await Checkup.RunAsync(active.Verdict.Config!, cancel);
            if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(new { findings }, Checkup.Json));
            else foreach (var finding in findings) Console.WriteLine(finding);
            return findings.Any(f => f.State == FindingState.Missing) ? ExitCode.Finding : ExitCode.Done;
        });
        return command;
    }
}
