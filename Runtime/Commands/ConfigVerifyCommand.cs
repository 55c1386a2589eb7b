using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Edge.Config;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.Trust;

namespace Edge.Runtime.Commands;

/// <summary><c>edge config verify ENVELOPE</c>: whose it is and what is in it.</summary>
internal static class ConfigVerifyCommand
{
    internal static Command Create()
    {
        var file = new Argument<string>("envelope") { Description = "What 'edge config sign' wrote." };
        var keys = new Option<string>("--keys") { Description = "List of trusted keys, as a device has it.", Required = true };
        var basis = new Option<string?>("--base") { Description = "The device's own file, with which the configuration is merged and compared; without it the defaults." };
        var command = new CodedCommand("verify", "Look at an envelope as a device would: whether a trusted key signed it, for whom it is, and what it changes there.", ConfigCommand.Codes("a device would refuse it", "the device's own file is refused")) { file, keys, basis, GlobalOptions.Json };
        ConfigCommand.Act(command, async (parsed, cancel) =>
        {
            var ring = await InputFile.ReadAsync(parsed.GetValue(keys)!, bytes => KeyRing.Read(bytes), cancel);
            var envelope = await InputFile.ReadAsync(parsed.GetValue(file)!, bytes => SignedEnvelope.Read(bytes), cancel);
            if (EnvelopeCheck.Of(envelope, ring, KeyRole.Config) is { } untrusted) return Tell(parsed, new { isTrusted = false, code = untrusted.Word, reason = untrusted.Text }, [untrusted.ToString()], ExitCode.Finding);
            var payload = DesiredPayload.Read(envelope.Payload);
            var own = RunningConfig.Read(parsed.GetValue(basis));
            if (!own.Verdict.IsValid) return RunCommand.Refused(own.Verdict);
            var merged = own.Under(payload.Config, parsed.GetValue(file)!);
            var diff = merged.Config is { } config ? ConfigDiff.Between(own.Verdict.Config!, config) : null;
            var signer = ring.Find(envelope.KeyId, KeyRole.Config)!;
            string[] lines =
            [
                $"signed by       {signer.Id} ({signer.Name}, {signer.Algorithm})",
                $"version         {payload.Version}",
                $"for             {Target(payload)}",
                $"not after       {payload.NotAfter?.ToString("u", CultureInfo.InvariantCulture) ?? "any time"}",
                $"runtime         {payload.MinimumRuntime?.ToString() ?? "any"}",
                .. diff is not null ? ConfigDiffCommand.Lines(diff) : merged.Problems.Select(problem => $"refused         {problem}"),
            ];
            return Tell(parsed, new { isTrusted = true, keyId = signer.Id, payload.Version, payload.Target, payload.NotAfter, payload.Rollout, minimumRuntime = payload.MinimumRuntime?.ToString(), isValid = merged.IsValid, hash = merged.IsValid ? merged.Hash : null, problems = merged.Problems, change = diff is null ? null : ConfigDiffCommand.Word(diff.Heaviest) }, lines, merged.IsValid ? ExitCode.Done : ExitCode.Finding);
        });
        return command;
    }

    private static int Tell(ParseResult parsed, object what, IReadOnlyList<string> lines, int code)
    {
        if (parsed.GetValue(GlobalOptions.Json)) Console.WriteLine(JsonSerializer.Serialize(what, GlobalOptions.OneLine));
        else foreach (string line in lines) Console.WriteLine(line);
        return code;
    }

    private static string Target(DesiredPayload payload)
    {
        string[] parts =
        [
            .. payload.Target.Fleet is { } fleet ? new[] { $"fleet {fleet}" } : [],
            .. payload.Target.Group is { } group ? new[] { $"group {group}" } : [],
            .. payload.Target.Device is { } device ? new[] { $"device {device}" } : [],
            .. payload.Rollout is { } rollout ? new[] { string.Create(CultureInfo.InvariantCulture, $"{rollout.Percent} % of the devices (seed {rollout.Seed})") } : [],
        ];
        return parts.Length > 0 ? string.Join(", ", parts) : "every device that trusts the key";
    }
}
