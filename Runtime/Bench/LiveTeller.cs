using Edge.Trainer.Bench;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Edge.Runtime.Bench;

/// <summary>Tells on a terminal: a bar over all cells, one for each that runs, and what the latest brought.</summary>
public sealed class LiveTeller(IAnsiConsole console, TimeProvider time) : IBenchTeller
{
    private const int LatestCount = 8;
    private static readonly TimeSpan s_beat = TimeSpan.FromMilliseconds(250);
    private readonly RunningCells cells = new(time);
    private readonly Queue<CellRecord> latest = new();

    /// <inheritdoc/>
    public Task AroundAsync(int cellCount, int keptCount, Func<Task> work)
    {
        cells.Begin(cellCount, keptCount);
        return console.Live(Picture()).AutoClear(true).StartAsync(async context =>
        {
            var run = work();
            while (await Task.WhenAny(run, Task.Delay(s_beat, time)) != run) context.UpdateTarget(Picture());
            await run;
        });
    }

    /// <inheritdoc/>
    public void Started(CellSpec spec) => cells.Started(spec);

    /// <inheritdoc/>
    public void Moved(CellSpec spec, CellProgress progress) => cells.Moved(spec, progress);

    /// <inheritdoc/>
    public void Ended(CellRecord record)
    {
        cells.Ended(record);
        lock (latest)
        {
            latest.Enqueue(record);
            if (latest.Count > LatestCount) latest.Dequeue();
        }
    }

    /// <summary>One picture.</summary>
    public IRenderable Picture()
    {
        var now = cells.Now();
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().NoWrap()).AddColumn();
        double share = now.CellCount == 0 ? 1 : (now.DoneCount + now.Running.Sum(r => r.Progress.Share)) / now.CellCount;
        grid.AddRow("[bold]all cells[/]", Bar(share), $"{now.DoneCount}/{now.CellCount}{(now.FailedCount > 0 ? $", [red]{now.FailedCount} failed[/]" : "")}, {CellTold.Span(now.Elapsed)} gone{CellTold.Left(now)}");
        foreach (var (spec, progress) in now.Running) grid.AddRow(Markup.Escape(CellTold.Name(spec)), Bar(progress.Share), Markup.Escape(CellTold.Place(progress)));
        List<IRenderable> rows = [grid];
        lock (latest) rows.AddRange(latest.Select(record => new Text(OneLine($"{CellTold.Name(record.Spec)}: {CellTold.Outcome(record)}"), new Style(record.Result is null ? Color.Red : Color.Grey))));
        return new Panel(new Rows(rows)).Header(" edge bench (Ctrl-C stops; the same command goes on) ").Border(BoxBorder.Rounded).Expand();
    }

    /// <summary>Cut to what fits between the borders.</summary>
    private string OneLine(string text)
    {
        int room = Math.Max(20, console.Profile.Width - 4);
        return text.Length <= room ? text : text[..(room - 1)] + "…";
    }

    private static string Bar(double share)
    {
        int full = (int)Math.Round(Math.Clamp(share, 0, 1) * 20);
        return $"[{(share >= 1 ? "green" : "blue")}]{new string('█', full)}[/][grey]{new string('░', 20 - full)}[/]";
    }
}
