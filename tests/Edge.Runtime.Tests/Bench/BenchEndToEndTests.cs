using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Edge.Runtime.Bench;
using Edge.Runtime.Tests.Learning;
using Edge.Storage;

namespace Edge.Runtime.Tests.Bench;

/// <summary>Real cells on a small file of sines, from the command to the table.</summary>
[Collection(nameof(FirstRound))]
public sealed class BenchEndToEndTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(300);
    private readonly DataFolder data = new();

    public BenchEndToEndTests() => NpzWriter.Write(data["sines.npz"], Sines());

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task The_same_command_twice_gives_the_same_table()
    {
        string[] command = ["bench", "--data", "sines.npz", "--methods", "naive,er:batchSize=16", "--seeds", "2", "--epochs", "2", "--out", "r"];
        var first = await RunAsync([.. command, "--workers", "2"]);
        Assert.Equal((0, ""), (first.ExitCode, first.Errors));
        string table = File.ReadAllText(data["r/results.md"]);
        Assert.Matches(@"\| naive +\|", table);
        Assert.Matches(@"\| er:batchSize=16 +\|", table);
        Assert.DoesNotContain("failed", table);
        var records = Directory.GetFiles(data["r/cells"]).Select(file => JsonSerializer.Deserialize<CellRecord>(File.ReadAllBytes(file), CellRecord.Json)!).ToList();
        Assert.Equal(4, records.Count);
        Assert.All(records, record => Assert.InRange(record.Result!.TrainingSeconds, 0.001, record.WallSeconds * Environment.ProcessorCount));

        var second = await RunAsync([.. command, "--workers", "2"]);
        Assert.Equal((0, ""), (second.ExitCode, second.Errors));
        Assert.Contains("4 cells, 4 of them measured before", second.Output);
        Assert.Equal(table, File.ReadAllText(data["r/results.md"]));

        Assert.Equal(0, (await RunAsync([.. command, "--force", "--workers", "1"])).ExitCode);
        Assert.Equal(Figures(table), Figures(File.ReadAllText(data["r/results.md"])));
    }

    [Fact]
    public async Task Workers_end_with_a_run_that_is_killed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "looks for the workers in /proc");
        using var bench = EdgeProgram.Start(data.Path, "bench", "--data", "sines.npz", "--methods", "er", "--seeds", "2", "--epochs", "1000", "--workers", "2", "--out", "r");
        int[] workers = [];
        try
        {
            await UntilAsync(() => (workers = WorkersOf(bench.Id)).Length == 2, "two workers run");
            await EdgeProgram.RunOtherAsync("kill", data.Path, "-KILL", bench.Id.ToString(CultureInfo.InvariantCulture));
            await bench.WaitForExitAsync(TestContext.Current.CancellationToken);
            await UntilAsync(() => !workers.Any(IsRunning), "the workers have ended");
            Assert.Empty(Directory.GetFiles(data["r/cells"], "*.result.json")); // They stopped; they did not get to the end.
        }
        finally
        {
            foreach (int worker in workers.Where(IsRunning)) Process.GetProcessById(worker).Kill();
            if (!bench.HasExited) bench.Kill(entireProcessTree: true);
        }
    }

    private static string Figures(string table) => string.Join('\n', table[..table.IndexOf("## Cost", StringComparison.Ordinal)].Split('\n').Where(line => !line.StartsWith("- measured:", StringComparison.Ordinal)));

    private static async Task UntilAsync(Func<bool> holds, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < s_patience, $"waited {s_patience.TotalSeconds} s until {what}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static int[] WorkersOf(int parent) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture)).Where(id => Stat(id) is { } s && s.Parent == parent && Read(id, "cmdline").Contains("bench-cell", StringComparison.Ordinal))];

    private static bool IsRunning(int id) => Stat(id) is { State: not "Z" } && Read(id, "cmdline").Contains("bench-cell", StringComparison.Ordinal);

    /// <summary>State and parent of a process, from what stands behind its name in brackets; null: there is none.</summary>
    private static (string State, int Parent)? Stat(int id)
    {
        string[] words = Read(id, "stat").Split(") ")[^1].Split(' ');
        return words.Length > 2 ? (words[0], int.Parse(words[1], CultureInfo.InvariantCulture)) : null;
    }

    private static string Read(int id, string what)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/{what}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // It ended in the meantime, or is another's.
        }
    }

    /// <summary>Four classes of sines of 1 to 4 periods, 24 windows each.</summary>
    private static LabelledWindows Sines()
    {
        var (random, window) = (new Random(1), new WindowShape(3, 32, 50));
        int[] classes = [.. Enumerable.Range(0, 96).Select(i => i % 4)];
        return new LabelledWindows
        {
            Window = window,
            Values = [.. classes.SelectMany(c => Enumerable.Range(0, window.ValueCount).Select(k => (float)Math.Sin(2 * Math.PI * (c + 1) * k / 32) + 0.2f * random.NextSingle()))],
            Classes = classes,
            Subjects = new int[96],
            ClassNames = ["one", "two", "three", "four"],
        };
    }

    private Task<Ended> RunAsync(string[] arguments) => EdgeProgram.RunAsync(data.Path, arguments);
}
