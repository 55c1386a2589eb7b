using System.CommandLine;
using Edge.Runtime.Fleet.Rollouts;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Commands;

/// <summary>
/// <c>edge config abort</c>: nobody takes a rollout's document any more, and with <c>--back-to</c> those that have taken it go back. A version cannot be taken back, only followed: going back is a document of a higher version whose
/// content is old.
/// </summary>
internal static class ConfigAbortCommand
{
    private const string DesiredSuffix = "config/desired";

    internal static Command Create()
    {
        var reason = new Option<string>("--reason") { Description = "Why, for whoever looks at it.", DefaultValueFactory = _ => "aborted by an operator" };
        var backTo = new Option<string?>("--back-to") { Description = "What devices that have taken it, or may have, go back to: a document as for push, of a higher version than the rollout's, whose content is old ({} is the device's own file). Without it they keep what they have." };
        var key = new Option<string?>("--key") { Description = "Private key (NAME.key.pem) that the rollout was signed with; none for an unsigned one." };
        var command = FleetLink.AddTo(new CodedCommand(
            "abort",
            "End the latest rollout for good: the same document goes to all that have not taken it for a share of 0 %, so that none takes it any more, also when it comes back later.",
            ConfigCommand.LinkCodes("there is none to end"))
        {
            reason, backTo, key,
        });
        ConfigCommand.Act(command, async (parsed, cancel) =>
        {
            string root = parsed.GetValue(FleetLink.Root)!;
            using var signer = await ConfigRollout.KeyAsync(parsed.GetValue(key), cancel);
            var before = parsed.GetValue(backTo) is { } file ? await InputFile.ReadAsync(file, bytes => RolloutDocument.Of(bytes, signer), cancel) : null;
            var (record, board, kept) = await ConfigRollout.LookAsync(parsed, [DesiredSuffix], cancel);
            if (record is null or { State: RolloutState.Aborted })
            {
                Console.Error.WriteLine(record is null ? "no rollout was made under this root" : $"the rollout of version {record.Version} is aborted already");
                return ExitCode.Finding;
            }

            if ((signer?.Id ?? KeyId.Unsigned) != record.KeyId) throw new IOException($"the rollout of version {record.Version} is signed by {record.KeyId}; name that key with --key");
            if (before is not null && before.Version <= record.Version) throw new IOException($"--back-to has version {before.Version}; devices that took version {record.Version} take only a higher one, with the old content");

            string[] goBack = before is null ? [] : [.. board!.MayHaveIt];
            var messages = goBack.Select(device => (new Topics(root, device).ConfigDesired, before!.For(null, null)))
                .Concat(kept.Where(pair => !goBack.Contains(pair.Key, StringComparer.Ordinal)).Select(pair => (pair.Key, Document: DocumentOf(pair.Value, signer))).Where(pair => pair.Document?.Version == record.Version)
                    .Select(pair => (new Topics(root, pair.Key).ConfigDesired, pair.Document!.For(new Rollout(0, record.Seed), null)))).ToArray();
            record = record with { State = RolloutState.Aborted, Reason = parsed.GetValue(reason), At = TimeProvider.System.GetUtcNow(), Summary = board!.Summary() };
            await using var fleet = await FleetLink.OpenAsync(parsed, [], cancel);
            await fleet.PublishAsync(RolloutRecord.TopicOf(root), record.Write(), cancel); // First: whoever widens it stops.
            await fleet.PublishAsync(messages, cancel);
            Console.WriteLine(ConfigRollout.Line(record));
            Console.WriteLine(before is null ? $"no further device takes it; {record.Summary!.Active + record.Summary.UnderWay} that have it keep it" : $"no further device takes it; {goBack.Length} that have it, or may have, are sent version {before.Version}");
            return ExitCode.Done;
        });
        return command;
    }

    private static RolloutDocument? DocumentOf(byte[] message, SigningKey? signer)
    {
        try
        {
            return RolloutDocument.Of(message, signer);
        }
        catch (FormatException)
        {
            return null; // Not from a rollout.
        }
    }
}
