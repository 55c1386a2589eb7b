using System.Text.Json.Nodes;
using Edge.Runtime.Bench;
using Edge.Trainer.Bench;
using Microsoft.Extensions.Time.Testing;
using Spectre.Console;

namespace Edge.Runtime.Tests.Bench;

/// <summary>What a person or a script hears while a run goes on.</summary>
public sealed class TellerTests
{
    private static readonly CellSpec s_first = Cells.Plan.Cell("uci-har", "naive", 1), s_second = Cells.Plan.Cell("uci-har", "naive", 2), s_third = Cells.Plan.Cell("uci-har", "naive", 3);
    private readonly FakeTimeProvider time = new();

    [Fact]
    public async Task A_log_has_a_line_for_each_cell_that_is_over_and_one_every_half_minute()
    {
        var output = new StringWriter { NewLine = "\n" };
        await TellAsync(new LineTeller(output, time));
        Assert.Equal(
            [
                "10 cells, 4 of them measured before",
                "[4/10] running: uci-har tscil naive seed 1 step 2/3, learning 50 %; uci-har tscil naive seed 2 starting 0 %, about 5 min 30 s left",
                "[5/10] uci-har tscil naive seed 1: A_T 80.3 %, forgetting 19.5, 4.0 s, about 2 min 30 s left",
                "[6/10] uci-har tscil naive seed 2: FAILED: it broke, 4.0 s, about 1 min 00 s left",
            ],
            output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task A_script_gets_an_object_a_line()
    {
        var output = new StringWriter { NewLine = "\n" };
        var teller = new JsonTeller(output);
        await TellAsync(teller);
        teller.Reported("results.md", 1);
        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(["plan", "started", "started", "progress", "finished", "failed", "report"], lines.Select(l => (string)l["event"]!));
        Assert.Equal((1, "tscil"), ((int)lines[4]["cell"]!["seed"]!, (string)lines[4]["cell"]!["protocol"]!));
        Assert.Equal(80.333, (double)lines[4]["averageAccuracyPercent"]!, 1e-3);
        Assert.Equal("it broke", (string)lines[5]["reason"]!);
    }

    [Fact]
    public async Task A_terminal_shows_all_cells_those_that_run_and_the_latest()
    {
        var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = 140;
        var teller = new LiveTeller(console, TimeProvider.System);
        await TellAsync(teller);
        teller.Moved(s_third, new CellProgress(0, 3, 0.25, "learning [x]"));
        output.GetStringBuilder().Clear();
        console.Write(teller.Picture());
        string text = output.ToString();
        Assert.Contains("6/10, 1 failed", text);
        Assert.Matches(@"█{5}░{15} +step 1/3, learning \[x\] 25 %", text);
        Assert.Contains("uci-har tscil naive seed 2: FAILED: it broke", text);
    }

    private Task TellAsync(IBenchTeller teller) => teller.AroundAsync(10, 4, () =>
    {
        teller.Started(s_first);
        teller.Started(s_second);
        teller.Moved(s_first, new CellProgress(1, 3, 0.5, "learning"));
        time.Advance(TimeSpan.FromSeconds(30));
        teller.Ended(Cells.Record(s_first));
        teller.Ended(Cells.Failed(s_second, "it broke"));
        return Task.CompletedTask;
    });
}
