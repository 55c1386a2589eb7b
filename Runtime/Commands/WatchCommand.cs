using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Runtime.Fleet.Watching;
using Edge.Telemetry.Mqtt;
using Spectre.Console;

namespace Edge.Runtime.Commands;

/// <summary><c>edge watch</c>: a fleet at a glance.</summary>
internal static class WatchCommand
{
    private static readonly string Codes = ExitCode.List("on Ctrl-C or after --for", "not a single device was heard of by then", "a file cannot be read", config: null) + " A broker that is not there is waited for.";
    private const int PrintedWidth = 300; // A pipe has none: nothing is left out.
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_glance = TimeSpan.FromSeconds(2);
    private static readonly JsonSerializerOptions s_json = new(GlobalOptions.OneLine) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = { new JsonStringEnumConverter<DeviceTrouble>(JsonNamingPolicy.CamelCase) } };

    /// <summary>The verb.</summary>
    internal static Command Create()
    {
        var seconds = new Option<double?>("--for") { Description = "End by itself after that many seconds; without it on Ctrl-C, and where standard output is no terminal after 2." };
        seconds.Validators.Add(CommandNumber.Within(seconds, 0.1, 4_000_000, "seconds"));
        var stale = new Option<double>("--stale-after") { Description = "A device that says it is there and of which nothing is heard for that many seconds is stale; more than telemetry.summarySeconds of the devices.", DefaultValueFactory = _ => 60 };
        stale.Validators.Add(CommandNumber.Within(stale, 1, 86_400, "seconds"));
        var command = FleetLink.AddTo(new CodedCommand(
            "watch",
            "Watch a fleet: each device's state, snapshot, accuracy on its anchors, the class that is forgotten most, the latest drift alarm or how far it is from one, configuration, messages given up, and when it was last heard of; trouble first. " +
            "With --json a line for each change ({\"event\": \"device\" | \"removed\" | \"broker\" | \"missed\", …}). Where standard output is no terminal it prints the table once.",
            Codes)
        {
            seconds, stale, GlobalOptions.Json,
        });
        ConfigCommand.Act(command, "", async (parsed, cancel) =>
        {
            string root = parsed.GetValue(FleetLink.Root)!;
            var board = new FleetBoard(root, TimeSpan.FromSeconds(parsed.GetValue(stale)), TimeProvider.System);
            bool json = parsed.GetValue(GlobalOptions.Json);
            bool live = !json && !Console.IsOutputRedirected;
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            if (parsed.GetValue(seconds) is { } limit) stop.CancelAfter(TimeSpan.FromSeconds(limit));
            else if (!json && !live) stop.CancelAfter(s_glance);
            await using var fleet = await FleetLink.BeginAsync(parsed, FleetBoard.Filters(root), cancel);
            try
            {
                if (live) await AnsiConsole.Live(Picture(board, fleet.Link)).AutoClear(false).StartAsync(context => WatchAsync(fleet.Link, board, _ => { }, () => context.UpdateTarget(Picture(board, fleet.Link)), stop.Token));
                else await WatchAsync(fleet.Link, board, json ? line => Console.WriteLine(JsonSerializer.Serialize(line, s_json)) : _ => { }, () => { }, stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                // Its end.
            }

            if (!json && !live)
            {
                AnsiConsole.Profile.Width = PrintedWidth;
                AnsiConsole.Write(FleetTable.Picture(board, fleet.Link.State, TimeProvider.System.GetUtcNow(), PrintedWidth, int.MaxValue));
            }

            return board.Count > 0 ? ExitCode.Done : ExitCode.Finding;
        });
        return command;
    }

    private static Spectre.Console.Rendering.IRenderable Picture(FleetBoard board, MqttLink link) => FleetTable.Picture(board, link.State, TimeProvider.System.GetUtcNow(), AnsiConsole.Profile.Width, AnsiConsole.Profile.Height);

    private static async Task WatchAsync(MqttLink link, FleetBoard board, Action<object> tell, Action draw, CancellationToken stop)
    {
        var (wasConnected, missed) = ((bool?)null, 0L);
        using var timer = new PeriodicTimer(s_look);
        do
        {
            var state = link.State;
            if (state.Connected != wasConnected && (state.Connected || wasConnected is not null || state.LastError is not null))
            {
                tell(new { @event = "broker", connected = state.Connected, broker = state.Broker, since = state.Since, error = state.Connected ? null : state.LastError });
                wasConnected = state.Connected;
            }

            while (link.Inbound.TryRead(out var message)) Tell(board.Hear(message));
            foreach (var change in board.Tick()) Tell(change);
            if (state.ReceivedDroppedCount > missed) tell(new { @event = "missed", messageCount = (missed = state.ReceivedDroppedCount) });
            draw();
        }
        while (await timer.WaitForNextTickAsync(stop));

        void Tell(RowChange? change)
        {
            if (change is { Row: { } row }) tell(new { @event = "device", at = TimeProvider.System.GetUtcNow(), changed = change.Changed, row.Device, row.State, row.Reason, row.Snapshot, row.AnchorAccuracyPercent, row.WorstForgetting, row.Drift, row.DriftAlarmCount, row.DriftScore, row.Config, row.MessagesDropped, row.LastSeen, row.Stale, row.Trouble });
            else if (change is not null) tell(new { @event = "removed", at = TimeProvider.System.GetUtcNow(), change.Device });
        }
    }
}
