using System.CommandLine;
using System.Globalization;
using System.Text;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.Trust;

namespace Edge.Runtime.Commands;

/// <summary><c>edge config sign FILE</c>: a signed envelope around a configuration or a list of keys.</summary>
internal static class ConfigSignCommand
{
    internal static Command Create()
    {
        var file = new Argument<string>("file") { Description = "What a device is to change, as a merge patch (RFC 7396) over its own file; with --keys a list of trusted keys." };
        var key = new Option<string>("--key") { Description = "Private key (NAME.key.pem).", Required = true };
        var output = new Option<string?>("--out") { Description = "Where the envelope goes; without it standard output." };
        var keys = new Option<bool>("--keys") { Description = "FILE is a list of trusted keys, and KEY has the role keys." };
        var version = new Option<long>("--version") { Description = "Version of the document, from 1; it must grow with every change of its content. A list of keys has its own inside." };
        var notAfter = new Option<DateTimeOffset?>("--not-after") { Description = "From when on no device takes it any more, such as 2027-01-31T00:00:00Z; without it never." };
        var fleet = new Option<string?>("--fleet") { Description = "For devices with that device.fleet only." };
        var group = new Option<string?>("--group") { Description = "For devices that have it among device.groups only." };
        var device = new Option<string?>("--device") { Description = "For that device only." };
        var rollout = new Option<double?>("--rollout") { Description = "For that share of the devices only, percent. Sign the same FILE again under the same version with a larger share to go on." };
        var seed = new Option<long>("--seed") { Description = "Which devices come first in a rollout; keep it while the share grows.", DefaultValueFactory = _ => 0 };
        var runtime = new Option<string?>("--minimum-runtime") { Description = "Lowest version of the service that may take it." };
        var basis = new Option<string?>("--base") { Description = "The device's own file, over which FILE is checked; without it the defaults." };
        var command = new CodedCommand("sign", "Check a configuration as a device would, and put it into a signed envelope.", ConfigCommand.Codes(config: "the configuration is refused")) { file, key, output, keys, version, notAfter, fleet, group, device, rollout, seed, runtime, basis };
        rollout.Validators.Add(CommandNumber.Within(rollout, 0, 100, "percent"));
        command.Validators.Add(result =>
        {
            if (result.GetValue(keys)) return;
            if (result.GetResult(version) is not { Tokens: [var given] }) result.AddError("--version is missing: the version of the document, from 1, higher than that of any document before it whose content was another; such as --version 7. (With --keys the list has its own inside.)");
            else if (long.TryParse(given.Value, CultureInfo.InvariantCulture, out long number) && number < 1) result.AddError($"--version {given.Value}: expected a whole number from 1 on.");
        });
        ConfigCommand.Act(command, async (parsed, cancel) =>
        {
            using var signer = await InputFile.ReadAsync(parsed.GetValue(key)!, SigningKey.FromPem, cancel);
            string source = parsed.GetValue(file)!;
            byte[] payload;
            if (parsed.GetValue(keys))
            {
                payload = (await InputFile.ReadAsync(source, bytes => KeyRing.Read(bytes), cancel)).Write();
            }
            else
            {
                byte[] content = await File.ReadAllBytesAsync(source, cancel);
                var own = RunningConfig.Read(parsed.GetValue(basis));
                if (!own.Verdict.IsValid) return RunCommand.Refused(own.Verdict);
                if (own.Under(content, source) is { IsValid: false } refused) return RunCommand.Refused(refused);
                payload = DesiredPayload.Write(
                    parsed.GetValue(version), content, new UpdateTarget(parsed.GetValue(fleet), parsed.GetValue(group), parsed.GetValue(device)), parsed.GetValue(notAfter),
                    parsed.GetValue(rollout) is { } percent ? new Rollout(percent, parsed.GetValue(seed)) : null, parsed.GetValue(runtime));
            }

            byte[] envelope = SignedEnvelope.Sign(signer, payload).Write();
            if (envelope.Length > SignedEnvelope.MaxBytes) throw new FormatException($"the envelope has {envelope.Length} bytes, and a device looks at {SignedEnvelope.MaxBytes} at most");
            if (parsed.GetValue(output) is { } path) await File.WriteAllBytesAsync(path, envelope, cancel);
            else Console.WriteLine(Encoding.UTF8.GetString(envelope));
            return ExitCode.Done;
        });
        return command;
    }
}
