using Edge.Runtime.Bench;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Tests.Bench;

/// <summary>What a run does with the cells that are there, those that fail and those that are cut off.</summary>
public sealed class BenchRunTests : IDisposable
{
    private readonly DataFolder data = new();
    private readonly BenchFolder folder;
    private readonly IDisposable held;

    public BenchRunTests() => held = (folder = new BenchFolder(data["results"])).Take();

    public void Dispose()
    {
        held.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task A_second_run_measures_nothing_again()
    {
        Assert.Equal(6, (await RunAsync(Cells.Plan)).StartedCells.Count);
        var again = await RunAsync(Cells.Plan);
        Assert.Equal((0, 6), (again.StartedCells.Count, again.Kept));
    }

    [Fact]
    public async Task A_plan_with_more_seeds_and_methods_measures_only_what_is_new()
    {
        await RunAsync(Cells.Plan);
        var more = await RunAsync(Cells.Plan with { Methods = [.. Cells.Plan.Methods, "er"], Seeds = [1, 2, 3, 4] });
        Assert.Equal(["naive 4", "er 1", "er 2", "er 3", "er 4", "er:learningRate=0.01 4"], more.StartedCells.Select(c => $"{c.Method} {c.Seed}").OrderBy(n => n.Split(' ')[0] switch { "naive" => 0, "er" => 1, _ => 2 }).ThenBy(n => n));
    }

    [Fact]
    public async Task Cells_of_another_spec_or_of_another_version_are_measured_again()
    {
        await RunAsync(Cells.Plan);
        Assert.Equal(6, (await RunAsync(Cells.Plan with { Epochs = 6 })).StartedCells.Count);
        var old = Cells.Plan.Cells().First();
        folder.Write(Cells.Record(old) with { BenchVersion = BenchVersion.Current + 1 });
        Assert.Equal([old], (await RunAsync(Cells.Plan)).StartedCells);
    }

    [Fact]
    public async Task A_record_that_was_torn_is_measured_again()
    {
        await RunAsync(Cells.Plan);
        var torn = Cells.Plan.Cells().Last();
        string file = Path.Combine(folder["cells"], BenchFolder.CellName(torn) + ".json");
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..100]);
        Assert.Equal([torn], (await RunAsync(Cells.Plan)).StartedCells);
    }

    [Fact]
    public async Task Force_measures_everything_again()
    {
        await RunAsync(Cells.Plan);
        Assert.Equal(6, (await RunAsync(Cells.Plan, force: true)).StartedCells.Count);
    }

    [Fact]
    public async Task A_cell_that_fails_is_not_tried_again_until_the_next_run_and_holds_up_no_other()
    {
        var first = await RunAsync(Cells.Plan, (spec, _, _) => Task.FromResult(spec.Seed == 2 ? Cells.Failed(spec, "signal 9 ended its process") : Cells.Record(spec)));
        Assert.Equal(6, first.StartedCells.Count);
        Assert.Equal("signal 9 ended its process", folder.Read(Cells.Plan.Cell("uci-har", "naive", 2))!.Failure);
        var second = await RunAsync(Cells.Plan);
        Assert.All(second.StartedCells, spec => Assert.Equal(2, spec.Seed));
        Assert.Equal(2, second.StartedCells.Count);
        Assert.All(Cells.Plan.Cells(), spec => Assert.NotNull(folder.Read(spec)!.Result));
    }

    [Fact]
    public async Task A_run_that_is_stopped_keeps_what_is_over_and_the_next_goes_on()
    {
        using var stop = new CancellationTokenSource();
        int begun = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(
            Cells.Plan,
            async (spec, _, cancel) =>
            {
                if (++begun == 4)
                {
                    await stop.CancelAsync();
                    await Task.Delay(Timeout.Infinite, cancel);
                }

                return Cells.Record(spec);
            },
            cancel: stop.Token));
        Assert.Equal(3, Cells.Plan.Cells().Count(spec => folder.Read(spec) is not null));
        Assert.Equal(3, (await RunAsync(Cells.Plan)).StartedCells.Count);
    }

    [Fact]
    public async Task No_more_cells_run_at_a_time_than_there_are_workers()
    {
        int running = 0, most = 0;
        var gate = new Lock();
        await RunAsync(
            Cells.Plan,
            async (spec, _, cancel) =>
            {
                lock (gate) most = Math.Max(most, ++running);
                await Task.Delay(20, cancel);
                lock (gate) running--;
                return Cells.Record(spec);
            },
            workers: 2);
        Assert.Equal(2, most);
    }

    [Fact]
    public void Two_runs_never_measure_into_one_folder()
    {
        var refused = Assert.Throws<IOException>(() => folder.Take());
        Assert.Contains($"another 'edge bench' works in '{folder.Path}'", refused.Message);
        Assert.Contains("--out", refused.Message);
    }

    [Fact]
    public async Task The_plan_is_read_back_as_it_was_written()
    {
        await RunAsync(Cells.Plan);
        Assert.Equal(Cells.Plan.Command, folder.ReadPlan().Command);
        Assert.Equal(Cells.Plan.Cells(), folder.ReadPlan().Cells());
        Assert.Contains("--out", Assert.Throws<InvalidDataException>(() => new BenchFolder(data["nowhere"]).ReadPlan()).Message);
    }

    [Fact]
    public void A_cell_is_named_so_that_a_person_knows_it_and_no_two_share_a_name()
    {
        var spec = Cells.Plan.Cell("/data/my set.zip#One", "er:learningRate=0.01", 3);
        Assert.Matches("^my_set.zip_One.tscil.er_learningRate=0.01.seed3.[0-9a-f]{8}$", BenchFolder.CellName(spec));
        CellSpec[] others = [spec with { Epochs = 6 }, spec with { BufferShare = 0.1 }, spec with { Track = Track.SameBackbone }, spec with { Validation = true }, spec with { Data = "/other/my set.zip#One" }];
        Assert.Equal(6, others.Append(spec).Select(BenchFolder.CellName).Distinct().Count());
    }

    private async Task<NotingTeller> RunAsync(BenchPlan plan, CellRunner? runner = null, int workers = 1, bool force = false, CancellationToken? cancel = null)
    {
        var teller = new NotingTeller();
        await new BenchRun(folder, runner ?? ((spec, _, _) => Task.FromResult(Cells.Record(spec))), teller).RunAsync(plan, workers, force, cancel ?? TestContext.Current.CancellationToken);
        return teller;
    }
}
