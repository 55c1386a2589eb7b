using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Runtime.Stages;
using Edge.Storage;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Edge.Runtime.View;

/// <summary>The terminal view: what the device sees, knows, learns and forgets, four times a second.</summary>
public sealed class LiveViewStage(
    ServiceState state, ReplayBuffer buffer, RecentEvents events, DeviceConfig config, RoundSchedule schedule, IServiceProvider services, TimeProvider time, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    private readonly MqttLink? link = services.GetService<MqttLink>();

    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken stopping) => AnsiConsole.Live(Picture()).AutoClear(true).StartAsync(async context =>
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250), time);
        while (await timer.WaitForNextTickAsync(stopping)) context.UpdateTarget(Picture());
    });

    /// <summary>One picture.</summary>
    public IRenderable Picture() => new Rows(
        new Columns(Panel("now", Now()), Panel("learning", Learning())) { Expand = true },
        Panel("classes", Classes()),
        Panel("events (Ctrl-C stops)", new Rows(events.Lines.DefaultIfEmpty("…").Select(line => new Text(line) { Overflow = Overflow.Ellipsis }))));

    private Grid Now()
    {
        var latest = state.Latest;
        return Pairs(
            ("prediction", latest is { } p ? $"[bold]{Markup.Escape(p.Class)}[/] {p.Confidence * 100:0} %" : "no window yet"),
            ("truth", latest?.Truth is { } truth ? (truth == latest.Value.Class ? "[green]" : "[red]") + Markup.Escape(truth) + "[/]" : "-"),
            ("windows", $"{state.WindowsSeen} at {state.WindowsPerSecond():0.0}/s, {state.WindowsDropped} dropped{(state.WindowsBroken > 0 ? $", {state.WindowsBroken} broken" : "")}"),
            ("latency", $"p50 {state.LatencyMs(50):0.00} ms, p99 {state.LatencyMs(99):0.00} ms on {state.Provider}"),
            ("drift", $"{Bar(state.DriftScore)} {state.DriftScore:0.00}, {state.DriftAlarms} alarms"),
            ("broker", Broker()));
    }

    private Grid Learning()
    {
        var counts = buffer.Counts;
        int needed = schedule.NeededFor(RoundSchedule.Examples);
        return Pairs(
            ("snapshot", state.Snapshot is { } snapshot ? $"{snapshot.Id}" + (snapshot.AnchorAccuracy is { } accuracy ? $" ({accuracy:0.0} % on anchors)" : " (untrained)") : "none"),
            ("read-out", services.GetRequiredService<ReadOutSlot>().LatestName),
            ("round", state.Round is { } round ? $"{round.Round}: {Bar(round.StepCount is > 0 and { } all ? (round.Step ?? 0) / (double)all : 0)} {round.Step ?? 0}/{round.StepCount ?? 0} loss {round.Loss:0.000}" : "waiting for labels"),
            ("rounds", $"{state.RoundsRun} run, {state.RoundsFailed} failed"),
            ("snapshots", $"{state.SnapshotsPromoted} promoted, {state.SnapshotsRefused} refused"),
            ("buffer", $"{counts.ReplayCount}/{config.Replay.Capacity} replay, {counts.AnchorCount}/{config.Replay.AnchorCapacity} anchors"),
            ("fresh", $"{Bar(counts.FreshCount / (double)needed)} {counts.FreshCount}/{needed} to the next round"));
    }

    private Table Classes()
    {
        var counts = buffer.Counts;
        var memory = state.Memory.ToDictionary(m => m.Class, StringComparer.Ordinal);
        var table = new Table().Border(TableBorder.None).AddColumns("class", "replay", "anchors", "accuracy", "best", "forgetting").Expand();
        for (int column = 1; column < 6; column++) table.Columns[column].RightAligned();
        foreach (string name in config.Labels.Classes)
        {
            var known = memory.GetValueOrDefault(name);
            table.AddRow(
                Markup.Escape(name), $"{counts.Replay.GetValueOrDefault(name)}", $"{counts.Anchors.GetValueOrDefault(name)}", known is null ? "-" : $"{known.AccuracyPercent:0.0} %",
                known is null ? "-" : $"{known.BestPercent:0.0} %", known is null ? "-" : $"{(known.ForgettingPoints > 5 ? "[red]" : "[green]")}{known.ForgettingPoints:0.0}[/]");
        }

        return table;
    }

    private string Broker() => link?.State is { } broker
        ? $"{(broker.Connected ? "[green]connected[/]" : "[red]not connected[/]")} {Markup.Escape(broker.Broker)}, {broker.PublishedCount} sent, {broker.QueuedCount} queued"
        : "none";

    private static Grid Pairs(params (string Name, string Value)[] pairs)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().Width(11)).AddColumn();
        foreach (var (name, value) in pairs) grid.AddRow($"[grey]{name}[/]", value);
        return grid;
    }

    private static string Bar(double share)
    {
        int full = (int)Math.Round(Math.Clamp(share, 0, 1) * 12);
        return $"[{(share >= 1 ? "yellow" : "blue")}]{new string('█', full)}[/][grey]{new string('░', 12 - full)}[/]";
    }

    private static Panel Panel(string header, IRenderable content) => new Panel(content).Header($" {header} ").Border(BoxBorder.Rounded).Expand();
}
