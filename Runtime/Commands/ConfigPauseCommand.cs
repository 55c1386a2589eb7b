using System.CommandLine;
using Edge.Runtime.Fleet.Rollouts;

namespace Edge.Runtime.Commands;

/// <summary><c>edge config pause</c>: a rollout is not widened for now.</summary>
internal static class ConfigPauseCommand
{
    internal static Command Create()
    {
        var reason = new Option<string>("--reason") { Description = "Why, for whoever looks at it.", DefaultValueFactory = _ => "paused by an operator" };
        var command = FleetLink.AddTo(new CodedCommand(
            "pause",
            "Do not widen the rollout that runs, wherever its 'edge config push --watch' runs. Devices that have taken it go on; from those that have said nothing of it whoever runs that push takes it back. Take it up again with 'edge config push --resume'.",
            ConfigCommand.LinkCodes("none runs"))
        {
            reason,
        });
        ConfigCommand.Act(command, async (parsed, cancel) =>
        {
            var (record, board, _) = await ConfigRollout.LookAsync(parsed, [], cancel);
            if (record is not { State: RolloutState.Running })
            {
                Console.Error.WriteLine(record is null ? "no rollout was made under this root" : $"the rollout of version {record.Version} is {record.State.ToString().ToLowerInvariant()} already");
                return ExitCode.Finding;
            }

            record = record with { State = RolloutState.Paused, Reason = parsed.GetValue(reason), At = TimeProvider.System.GetUtcNow(), Summary = board!.Summary() };
            await using var fleet = await FleetLink.OpenAsync(parsed, [], cancel);
            await fleet.PublishAsync(RolloutRecord.TopicOf(parsed.GetValue(FleetLink.Root)!), record.Write(), cancel);
            Console.WriteLine(ConfigRollout.Line(record));
            return ExitCode.Done;
        });
        return command;
    }
}
