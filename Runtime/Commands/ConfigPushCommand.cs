using System.CommandLine;
using System.Text.Json;
using Edge.Runtime.Fleet;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Commands;

/// <summary><c>edge config push ENVELOPE</c>: tells a device what is desired of it.</summary>
internal static class ConfigPushCommand
{
    private static readonly string[] s_good = ["applied", "unchanged"];
    private static readonly string[] s_bad = ["refused", "rolledBack", "deferred", "superseded"];

    internal static Command Create()
    {
        var file = new Argument<string>("envelope") { Description = "What 'edge config sign' wrote; or, for a device that takes unsigned configuration, {\"version\": 7, \"config\": {…}}." };
        var device = new Option<string>("--device") { Description = "The device's id in topics; or --rollout." };
        var keys = new Option<bool>("--keys") { Description = "It is a signed list of trusted keys." };
        var all = new Option<bool>("--all") { Description = "With --keys: to every device that was heard of." };
        var watch = new Option<bool>("--watch") { Description = "Wait for what becomes of it, each step a line; with --keys --all until every device that is there has answered." };
        var rollout = new RolloutOptions();
        var timeout = new Option<double>("--timeout") { Description = "How long --watch waits, seconds; the trial takes updates.trialSeconds of the new configuration.", DefaultValueFactory = _ => 180 };
        timeout.Validators.Add(CommandNumber.Within(timeout, 0.1, 4_000_000, "seconds"));
        var command = FleetLink.AddTo(new CodedCommand(
            "push",
            "Publish a document, retained: a device that is away takes it when it comes back. " +
            "With --rollout it goes to a share of all devices, and with --watch from one of --stages to the next.",
            ConfigCommand.LinkCodes("with --watch: it was refused, put off, rolled back or superseded; with --rollout: it stopped before the last stage, because too many devices failed, or by 'edge config pause' or 'abort'; with --all: a device refused it, or gave no answer", more: ", or nothing was heard in time"))
        {
            file, device, keys, all, watch, timeout, GlobalOptions.Json,
        });
        rollout.AddTo(command);
        command.Validators.Add(result =>
        {
            if (new[] { result.GetValue(device) is not null, rollout.IsMeant(result), result.GetValue(all) }.Count(named => named) != 1) result.AddError("name either one --device, or with --rollout (or --stages) a share of all of them, or with --keys --all every one.");
            if (rollout.IsMeant(result) && result.GetValue(keys)) result.AddError("--keys goes to one --device, or with --all to every one.");
            if (result.GetValue(all) && !result.GetValue(keys)) result.AddError("--all is for --keys; a configuration goes to all by --rollout 100.");
        });
        ConfigCommand.Act(command, async (parsed, cancel) =>
        {
            string source = parsed.GetValue(file)!;
            byte[] message = await File.ReadAllBytesAsync(source, cancel);
            if (rollout.IsMeant(parsed.CommandResult)) return await ConfigRollout.RunAsync(parsed, rollout, source, message, parsed.GetValue(watch), cancel);
            if (parsed.GetValue(all)) return await ConfigKeysPush.RunAsync(parsed, source, message, parsed.GetValue(watch), TimeSpan.FromSeconds(parsed.GetValue(timeout)), cancel);
            var topics = new Topics(parsed.GetValue(FleetLink.Root)!, parsed.GetValue(device)!);
            bool json = parsed.GetValue(GlobalOptions.Json);
            bool watches = parsed.GetValue(watch) && !parsed.GetValue(keys);
            var (version, keyId) = watches ? InputFile.Parse(source, message, Named) : (0, "");
            await using var fleet = await FleetLink.OpenAsync(parsed, watches ? [topics.ConfigReported] : [], cancel);
            await fleet.PublishAsync(parsed.GetValue(keys) ? topics.ConfigKeys : topics.ConfigDesired, message, cancel);
            if (!watches) return ExitCode.Done;

            using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            late.CancelAfter(TimeSpan.FromSeconds(parsed.GetValue(timeout)));
            try
            {
                await foreach (var heard in fleet.Link.Inbound.ReadAllAsync(late.Token))
                {
                    if (heard.Retained || AttemptReport.Of(heard.Payload) is not { } attempt || !(attempt.IsOf(version, keyId) || attempt.IsUnread)) continue;
                    Console.WriteLine(json ? JsonSerializer.Serialize(attempt.Json, GlobalOptions.OneLine) : $"{attempt.Result}{attempt.ReasonLines}");
                    if (s_good.Contains(attempt.Result)) return ExitCode.Done;
                    if (s_bad.Contains(attempt.Result)) return ExitCode.Finding;
                }
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new IOException($"nothing was heard of it within {parsed.GetValue(timeout):0.#} s. It stays published, and the device takes it when it can; see 'edge config status'");
            }

            return ExitCode.Fault;
        });
        return command;
    }

    private static (long Version, string KeyId) Named(byte[] message)
    {
        if (!SignedEnvelope.IsMeant(message)) return (DesiredPayload.Read(message).Version, KeyId.Unsigned);
        var envelope = SignedEnvelope.Read(message);
        return (DesiredPayload.Read(envelope.Payload).Version, envelope.KeyId);
    }
}
