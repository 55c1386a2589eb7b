using System.Text.Json.Nodes;
using Edge.Runtime.Bench;
using Edge.Runtime.Bench.Reports;
using Edge.Runtime.Tests.Learning;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Tests.Bench;

/// <summary>The verbs as a person or a script meets them.</summary>
[Collection(nameof(FirstRound))]
public sealed class BenchCommandTests : IDisposable
{
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task Help_explains_every_option_and_lists_the_methods()
    {
        string help = (await RunAsync("bench", "--help")).Output;
        foreach (string option in new[] { "--data", "--protocol", "--methods", "--seeds", "--epochs", "--buffer", "--track", "--out", "--workers", "--validation", "--json", "--force" }) Assert.Matches($@"{option}\b.*\w", help);
        Assert.Contains("supconReplay", help);
        string usual = System.Text.RegularExpressions.Regex.Match(help, @"--methods\b[^\[]*\[default:\s*([^\]]+)\]", System.Text.RegularExpressions.RegexOptions.Singleline).Groups[1].Value;
        Assert.Equal(4, MethodList.Split(usual).Count);
        Assert.Empty(MethodList.Split(usual).SelectMany(MethodList.Problems));
        Assert.DoesNotContain("bench-cell", (await RunAsync("--help")).Output);
    }

    [Fact]
    public void What_the_benchmark_alone_can_try_is_a_setting_too()
    {
        Assert.Empty(MethodList.Split("er,edge:bench.firstSession=true,bench.viewWeight=0.3,epochs=2,er:bench.pretrain=first,bench.retention=herding").SelectMany(MethodList.Problems));
        Assert.Contains("expected 0 to 1", Assert.Single(MethodList.Problems("edge:bench.viewWeight=2")));
        Assert.Contains("is no setting", Assert.Single(MethodList.Problems("edge:bench.magic=true")));
    }

    [Fact]
    public async Task A_command_that_makes_no_sense_exits_64_with_all_its_problems()
    {
        var ended = await RunAsync("bench", "--methods", "sgd", "--seeds", "x", "--out", "r");
        Assert.Equal((64, ""), (ended.ExitCode, ended.Output));
        Assert.Equal(2, ended.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("There are ", ended.Errors);
        Assert.False(Directory.Exists(data["r"]));
        Assert.Equal(64, (await RunAsync("bench", "--workers", "0")).ExitCode);
        File.WriteAllBytes(data["noise"], [1, 0, 2]);
        var noise = await RunAsync("bench", "--data", "noise", "--out", "r"); // Once, and not by every one of twenty processes.
        Assert.Equal((70, ""), (noise.ExitCode, noise.Output));
        Assert.StartsWith("edge bench: noise: expected text", noise.Errors);
        var file = await RunAsync("bench", "--data", "noise", "--out", "noise");
        Assert.Equal((70, true), (file.ExitCode, file.Errors.EndsWith("Correct the path, or make it first.\n", StringComparison.Ordinal)));
        Assert.Equal(64, (await RunAsync("bench-report", "--from", "r", "--into", "README.md")).ExitCode);
        Assert.Equal(64, (await RunAsync("bench-report", "--from", "r", "--parts", "all")).ExitCode);
    }

    [Fact]
    public async Task A_cell_that_fails_stands_in_the_table_with_the_childs_words_and_the_exit_code_says_so()
    {
        File.WriteAllText(data["set.npz"], "no archive");
        string[] command = ["bench", "--data", "set.npz", "--methods", "naive", "--seeds", "7,9", "--epochs", "1", "--out", "r"];
        var ended = await RunAsync(command);
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("2 of 2 cells failed", ended.Errors);
        string report = File.ReadAllText(data["r/results.md"]);
        Assert.Matches(@"\| naive +\| +0 of 2 \| +failed \|", report);
        Assert.Contains("its process exited with 70: ", report);
        Assert.Contains("set.npz", report[report.IndexOf("**failed**", StringComparison.Ordinal)..]);
        Assert.Equal(2, Directory.GetFiles(data["r/cells"]).Length);

        var again = await RunAsync([.. command, "--json"]);
        Assert.Equal(1, again.ExitCode);
        Assert.Equal("report", (string)JsonNode.Parse(again.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!["event"]!);
    }

    [Fact]
    public async Task Data_that_is_not_there_is_said_once_before_any_cell_and_forgets_nothing_that_was_measured()
    {
        string[] command = ["bench", "--data", "/nowhere/set", "--methods", "naive", "--seeds", "7,9", "--out", "r"];
        var ended = await RunAsync(command);
        Assert.Equal(70, ended.ExitCode);
        Assert.Single(ended.Errors.Split('\n'), line => line.Contains("/nowhere/set", StringComparison.Ordinal));
        Assert.False(Directory.Exists(data["r/cells"]) && Directory.GetFiles(data["r/cells"]).Length > 0);

        File.WriteAllText(data["set.npz"], "no archive");
        command = ["bench", "--data", "set.npz", "--methods", "naive", "--seeds", "7,9", "--epochs", "1", "--out", "m", "--force"];
        Assert.Equal(1, (await RunAsync(command)).ExitCode);
        File.Delete(data["set.npz"]);
        Assert.Equal(70, (await RunAsync(command)).ExitCode);
        Assert.Equal(2, Directory.GetFiles(data["m/cells"]).Length);
    }

    [Fact]
    public async Task Ctrl_C_ends_the_run_and_leaves_what_is_over()
    {
        File.WriteAllText(data["set.npz"], "no archive");
        string[] command = ["bench", "--data", "set.npz", "--methods", "naive", "--seeds", "500", "--workers", "1", "--out", "r"];
        using (var bench = EdgeProgram.Start(data.Path, command))
        {
            await bench.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken); // How many cells there are.
            await bench.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken); // The first is over.
            await EdgeProgram.RunOtherAsync("kill", data.Path, "-INT", bench.Id.ToString());
            var ended = await EdgeProgram.EndAsync(bench);
            Assert.Equal(70, ended.ExitCode);
            Assert.Contains("edge bench: stopped; the cells that are over are in 'r'. Run the same command again to go on.", ended.Errors);
        }

        string[] over = Directory.GetFiles(data["r/cells"]);
        Assert.InRange(over.Length, 1, 499);
        Assert.DoesNotContain(over, file => file.Contains(".running.", StringComparison.Ordinal));
        using (new BenchFolder(data["r"]).Take())
        {
        }
    }

    [Fact]
    public async Task A_table_whose_cells_are_all_there_is_written_without_running_any()
    {
        Measured(data["r"]);
        var ended = await RunAsync("bench", "--methods", "naive,er:learningRate=0.01", "--seeds", "3", "--out", "r");
        Assert.Equal((0, ""), (ended.ExitCode, ended.Errors));
        Assert.Contains("6 cells, 6 of them measured before", ended.Output);
        Assert.Contains("| naive ", ended.Output);
        Assert.Equal(ResultFiles.Markdown(Cells.Report(Cells.Plan)), File.ReadAllText(data["r/results.md"]));
    }

    [Fact]
    public async Task A_document_is_filled_from_results()
    {
        Measured(data["r"]);
        File.WriteAllText(data["README.md"], "before\n<!-- bench:har -->\n<!-- /bench -->\nafter\n");
        string[] command = ["bench-report", "--from", "r", "--into", "README.md", "--marker", "har", "--parts", "table,run,loss,plots", "--plots", "pictures"];
        var ended = await RunAsync(command);
        Assert.Equal((0, ""), (ended.ExitCode, ended.Errors));
        string text = File.ReadAllText(data["README.md"]);
        Assert.StartsWith("before\n<!-- bench:har -->\n**uci-har**, tscil, track open\n", text);
        Assert.EndsWith(")\n<!-- /bench -->\nafter\n", text);
        foreach (string picture in new[] { "curves", "readouts", "drift" })
        {
            Assert.Contains($"](pictures/har.{picture}.svg)", text);
            Assert.True(File.Exists(data[$"pictures/har.{picture}.svg"]));
        }

        await RunAsync(command);
        Assert.Equal(text, File.ReadAllText(data["README.md"]));
        var refused = await RunAsync("bench-report", "--from", "r", "--into", "README.md", "--marker", "gas");
        Assert.Equal(70, refused.ExitCode);
        Assert.Contains("README.md: there is no line '<!-- bench:gas -->', only those of har.", refused.Errors);
    }

    [Fact]
    public async Task A_report_is_written_again_from_the_cells()
    {
        Measured(data["r"]);
        Assert.Equal(0, (await RunAsync("bench-report", "--from", "r")).ExitCode);
        Assert.Equal(ResultFiles.Markdown(Cells.Report(Cells.Plan)), File.ReadAllText(data["r/results.md"]));
        var missing = await RunAsync("bench-report", "--from", "nowhere");
        Assert.Equal(70, missing.ExitCode);
        Assert.Contains("Give a folder that 'edge bench --out' has written.", missing.Errors);
    }

    [Fact]
    public async Task A_cell_that_is_stopped_leaves_no_process_and_no_file()
    {
        var folder = new BenchFolder(data["r"]);
        using var held = folder.Take();
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new CellChild(folder, TimeProvider.System).RunAsync(Cells.Plan.Cells().First(), _ => { }, stop.Token));
        Assert.Empty(Directory.GetFiles(folder["cells"]));
    }

    [Fact]
    public void A_cell_runs_on_one_thread()
    {
        var environment = CellChild.StartInfo("s", "r").Environment;
        Assert.Equal(("1", "1", "PASSIVE"), (environment["OMP_NUM_THREADS"], environment["MKL_NUM_THREADS"], environment["OMP_WAIT_POLICY"]));
    }

    [Fact]
    public void The_machine_is_told_with_the_versions_of_the_natives()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+", Machine.Here.TorchSharp);
        Assert.Matches(@"^\d+\.\d+\.\d+", Machine.Here.Program);
        if (OperatingSystem.IsLinux() && Environment.Is64BitProcess && File.Exists(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so"))) Assert.Matches(@"^\d+\.\d+\.\d+", Machine.Here.LibTorch);
        Assert.NotEmpty(Machine.Here.Processor);
    }

    private static void Measured(string path)
    {
        var folder = new BenchFolder(path);
        using var held = folder.Take();
        folder.Write(Cells.Plan);
        foreach (CellSpec spec in Cells.Plan.Cells()) folder.Write(Cells.Record(spec));
    }

    private Task<Ended> RunAsync(params string[] arguments) => EdgeProgram.RunAsync(data.Path, arguments);
}
