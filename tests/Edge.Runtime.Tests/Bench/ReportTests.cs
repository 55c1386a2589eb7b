using System.Text;
using System.Text.Json.Nodes;
using Edge.Runtime.Bench;
using Edge.Runtime.Bench.Reports;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Tests.Bench;

/// <summary>What a reader of the results gets to see.</summary>
public sealed class ReportTests : IDisposable
{
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void The_interval_is_Students_with_the_seeds_less_one()
    {
        var estimate = Estimate.Of([1, 2, 3, 4, 5])!;
        Assert.Equal(3, estimate.Mean);
        Assert.Equal(2.7764451051977987 * Math.Sqrt(2.5 / 5), estimate.HalfWidth!.Value, 1e-9); // t(0.975) with 4 degrees of freedom, from a table.
        Assert.Equal("3.0 ± 2.0", Estimate.Text(estimate));
        Assert.Equal("7.00", Estimate.Text(Estimate.Of([7]), 2));
        Assert.Equal("0.0 ± 0.0", Estimate.Text(Estimate.Of([-0.01, -0.01])));
        Assert.Null(Estimate.Of([]));
    }

    [Fact]
    public void The_table_has_a_row_for_each_method_and_says_what_was_measured()
    {
        // A_T: (51, 52, 53 + 90 + 100) / 3; forgetting: (90 - end + 0) / 2; learning: 280 / 3; incremental: (90 + 85 + A_T) / 3.
        string text = TablePart.Text(Cells.Report(Cells.Plan));
        Assert.StartsWith("**uci-har**, tscil, track open\n\n| method ", text);
        Assert.Matches(@"\| method +\| seeds \| +A_T, % \| +forgetting \| learning, % \| incremental, % \| +CKA old \| +drift \| read-out +\|", text);
        Assert.Matches(@"\| naive +\| +3 \| 80.7 ± 0.8 \| 19.0 ± 1.2 \| +93.3 ± 0.0 \| +85.2 ± 0.3 \| 0.70 ± 0.00 \| 0.250 ± 0.000 \| ridge \(2\); head \(1\) \|", text);
        Assert.Contains("\n| er:learningRate=0.01 |", text);
    }

    [Fact]
    public void The_same_cells_give_the_same_report_byte_for_byte()
    {
        var (first, second) = (Cells.Report(Cells.Plan), Cells.Report(Cells.Plan));
        Assert.Equal(ResultFiles.Markdown(first), ResultFiles.Markdown(second));
        Assert.Equal(ResultsJson.Utf8(first), ResultsJson.Utf8(second));
        Assert.Equal(Plots.Of(first), Plots.Of(second));
    }

    [Fact]
    public void Runs_of_one_command_on_other_days_and_machines_differ_in_the_line_that_says_so_and_in_the_costs_alone()
    {
        var first = Cells.Report(Cells.Plan);
        var second = BenchReport.Of(Cells.Plan, spec => Cells.Record(spec) with
        {
            Result = Cells.Result(spec) with { TrainingSeconds = 99 },
            WallSeconds = 100,
            EndedAt = DateTimeOffset.UnixEpoch,
            Machine = Cells.Machine with { Processor = "Another" },
        });
        Assert.NotEqual(ResultFiles.Markdown(first), ResultFiles.Markdown(second));
        Assert.Equal(Compared(first), Compared(second));
        Assert.Equal(Plots.Of(first), Plots.Of(second));
        Assert.NotEqual(ResultsJson.Utf8(first), ResultsJson.Utf8(second));
        Assert.Equal(WithoutTiming(first), WithoutTiming(second));

        static string Compared(BenchReport report)
        {
            string text = ResultFiles.Markdown(report);
            string[] lines = text[..text.IndexOf("## Cost", StringComparison.Ordinal)].Split('\n');
            Assert.Single(lines, line => line.StartsWith("- measured: ", StringComparison.Ordinal));
            return string.Join('\n', lines.Where(line => !line.StartsWith("- measured: ", StringComparison.Ordinal)));
        }

        static string WithoutTiming(BenchReport report)
        {
            var document = JsonNode.Parse(ResultsJson.Utf8(report))!.AsObject();
            Assert.True(document.Remove("timing"));
            return document.ToJsonString();
        }
    }

    [Fact]
    public void The_header_says_how_to_measure_it_again()
    {
        string text = ResultFiles.Markdown(Cells.Report(Cells.Plan));
        foreach (string line in new[]
        {
            "- command: `edge bench --data uci-har --protocol tscil --methods naive,er:learningRate=0.01 --seeds 3 --epochs 5 --buffer 0.05 --track open`",
            "- measured: 2026-05-04 on Some Processor (2 cores), .NET 10, TorchSharp 0.107.0, libtorch 2.10.0, edge 0.1.0+abc",
            $"- epochs 5, 3 seeds (1, 2, 3), buffer 5 % of the training windows, one thread per cell, bench version {BenchVersion.Current}",
            "- judged on the test split",
            "- uci-har: 7352 windows to learn from, 2947 to judge on",
        }) Assert.Contains(line + "\n", text);
        Assert.Contains("no early stopping", text);
        Assert.Contains("the test split was not read", ResultFiles.Markdown(Cells.Report(Cells.Plan with { Validation = true })));
    }

    [Fact]
    public void Cells_that_failed_and_cells_that_are_missing_are_told_with_the_reason()
    {
        var report = BenchReport.Of(Cells.Plan, spec => spec.Method == "naive" ? Cells.Failed(spec, "its process exited with 70: no such data set | here") : spec.Seed == 1 ? null : Cells.Record(spec));
        string text = TablePart.Text(report);
        Assert.Matches(@"\| naive +\| +0 of 3 \| +failed \|", text);
        Assert.Matches(@"\| er:learningRate=0.01 +\| +2 of 3 \| +80.8 ± ", text);
        Assert.Contains("- **failed**: naive on uci-har, seed 1, 2, 3: its process exited with 70: no such data set | here\n", text);
        Assert.Contains("- **not run yet**: er:learningRate=0.01 on uci-har, seed 1\n", text);
        Assert.Equal(3, report.FailedCount);
        Assert.Contains("nothing yet", ResultFiles.Markdown(BenchReport.Of(Cells.Plan, _ => null)));
    }

    [Fact]
    public void Domains_are_shown_before_they_are_learnt()
    {
        string text = TablePart.Text(Cells.Report(Cells.Plan with { Protocol = Protocol.Domain }));
        Assert.Matches(@"\| method +\| accuracy, % on +\| +plain \| +rotated \| +dead channel \|", text);
        Assert.Matches(@"\| naive +\| before it is learnt +\| +– \| +20.0 ± 0.0 \| +30.0 ± 0.0 \|", text);
        Assert.Matches(@"\| naive +\| right after +\| +90.0 ± 0.0 \| +90.0 ± 0.0 \| +100.0 ± 0.0 \|", text);
        Assert.Matches(@"\| naive +\| after the last +\| +52.0 ± 2.5 \| +90.0 ± 0.0 \| +100.0 ± 0.0 \|", text);
    }

    [Fact]
    public void Few_shots_have_a_row_for_each_count()
    {
        string text = TablePart.Text(Cells.Report(Cells.Plan with { Protocol = Protocol.FewShot }));
        Assert.Matches(@"\| naive +\| +3 \| +1 \| +50.0 ± 0.0 \| +95.0 ± 0.0 \| +90.0 ± 0.0 \| +5.0 ± 0.0 \|", text);
        Assert.Matches(@"\| naive +\| +3 \| +5 \| +82.0 ± 2.5 \| +95.0 ± 0.0 \| +94.0 ± 0.0 \| +1.0 ± 0.0 \|", text);
        Assert.DoesNotContain("A_T", text);
    }

    [Fact]
    public void Where_the_loss_sits_is_told_for_the_end_and_for_every_step()
    {
        var plan = Cells.Plan with { Methods = ["naive", "joint"] };
        var report = BenchReport.Of(plan, spec => spec.Method == "joint"
            ? Cells.Record(spec) with { Result = Cells.Result(spec) with { ReadOuts = new Dictionary<string, IReadOnlyList<double>> { ["head"] = [1, 1, 1], ["ridge"] = [1, 1, 0.97] } } }
            : Cells.Record(spec));
        string text = LossPart.Text(report);
        // Head 51, 52, 53; ncm 85; ridge 90, against the joint ridge's 97.
        Assert.Matches(@"\| method +\| +head \| +ncm \| +ridge \| +ncm − head \| +ridge − head \| +features lack \|", text);
        Assert.Matches(@"\| naive +\| +52.0 ± 2.5 \| +85.0 ± 0.0 \| +90.0 ± 0.0 \| +33.0 ± 2.5 \| +38.0 ± 2.5 \| +7.0 ± 0.0 \| +0.70 ± 0.00 \| +0.250 ± 0.000 \|", text);
        Assert.Matches(@"\| joint +\| +100.0 ± 0.0 \| +– \| +97.0 ± 0.0 \| +– \| +-3.0 ± 0.0 \| +– \|", text);
        Assert.Matches(@"\| step 2 +\| +80.0 ± 0.0 \| +88.0 ± 0.0 \| +92.0 ± 0.0 \| +10.0 ± 0.0 \| +0.80 ± 0.00 \| +0.100 ± 0.000 \|", text);
        Assert.Contains("## Where the loss of accuracy sits", ResultFiles.Markdown(report));
        Assert.False(LossPart.IsIn(BenchReport.Of(plan, spec => Cells.Record(spec) with { Result = Cells.Result(spec) with { ReadOuts = new Dictionary<string, IReadOnlyList<double>> { ["head"] = [1, 1, 1] } } })));
    }

    [Fact]
    public void A_table_with_the_frozen_branch_alone_shows_the_difference_to_it_seed_by_seed()
    {
        var plan = Cells.Plan with { Methods = ["frozenRidge", "edge"] };
        // The first step's end is 0.01 higher for edge at every seed, so A_T is a third of a point above, without scatter, where the two means overlap.
        string text = TablePart.Text(BenchReport.Of(plan, spec => Cells.Record(spec, spec.Method == "edge" ? 0.51 : 0.5)));
        Assert.Matches(@"\| method +\| seeds \| +A_T, % \| A_T − frozenRidge \| forgetting \|", text);
        Assert.Matches(@"\| frozenRidge \| +3 \| 80.7 ± 0.8 \| +– \|", text);
        Assert.Matches(@"\| edge +\| +3 \| 81.0 ± 0.8 \| +0.33 ± 0.00 \|", text);
        Assert.Contains("*A_T − frozenRidge*: points above the frozen branch alone, paired by seed.", text);
        Assert.DoesNotContain("−", TablePart.Text(Cells.Report(Cells.Plan with { Methods = ["frozenRidge"] })).Split('\n')[2]);
    }

    [Fact]
    public void The_anchor_gate_is_judged_against_the_better_branch_of_each_seed()
    {
        var plan = Cells.Plan with { Methods = ["naive", "edge"] };
        var report = BenchReport.Of(plan, spec => spec.Method == "naive" ? Cells.Record(spec) : Cells.Record(spec) with
        {
            Result = Cells.Result(spec) with
            {
                // Better branch: frozen 0.9, the head 0.92, the head 0.9: the gaps are 1, -1.5 and 0 points.
                ReadOuts = new Dictionary<string, IReadOnlyList<double>>
                {
                    ["fused"] = [1, 1, spec.Seed == 1 ? 0.91 : spec.Seed == 2 ? 0.905 : 0.9], ["frozen"] = [1, 1, spec.Seed == 1 ? 0.9 : 0.8], ["head"] = [1, 1, spec.Seed == 2 ? 0.92 : spec.Seed == 3 ? 0.9 : 0.7], ["ridge"] = [1, 1, 0.6],
                },
            },
        });
        Assert.True(GatePart.IsIn(report));
        string text = GatePart.Text(report);
        Assert.StartsWith("- anchor gate, edge on uci-har: fused − better branch -0.17 ± 3.13 points, worst seed 2: -1.50\n", text);
        Assert.DoesNotContain("naive", text);
        Assert.False(GatePart.IsIn(Cells.Report(Cells.Plan)));
        Assert.Contains("- anchor gate, edge on uci-har: ", ResultFiles.Markdown(report));
    }

    [Fact]
    public void Baselines_stand_beside_the_published_rows_of_the_same_protocol_and_no_others()
    {
        var plan = Cells.Plan with { Methods = ["naive", "er", "er:learningRate=0.01", "joint"], Track = Track.SameBackbone };
        string text = PublishedPart.Text(Cells.Report(plan));
        Assert.Matches(@"\| naive +\| +80.7 ± 0.8 \| Naive +\| +32.9 \| +36.2 \| +44.5 \|", text);
        Assert.Matches(@"\| er +\| +80.7 ± 0.8 \| ER +\| +72.8 \| +88.9 \| +-8.2 \|", text);
        Assert.Matches(@"\| joint +\| +80.7 ± 0.8 \| Offline +\| +93.9 \| +92.5 \| +-11.8 \|", text);
        Assert.DoesNotContain("learningRate", text);
        Assert.True(PublishedPart.IsIn(Cells.Report(plan)));
        foreach (var other in new[] { plan with { Protocol = Protocol.Online }, plan with { BufferShare = 0.1 }, plan with { Data = ["gas"] }, plan with { Validation = true }, plan with { Methods = ["edge"] }, plan with { Track = Track.Open } })
            Assert.False(PublishedPart.IsIn(Cells.Report(other)));
    }

    [Theory]
    [InlineData("0.1.0", "0.1.0")]
    [InlineData("0.1.0+6c76616cedabcdef0123", "0.1.0+6c76616ced")]
    [InlineData("0.1.0+6c76616cedabcdef0123-dirty", "0.1.0+6c76616ced-dirty")]
    [InlineData("0.1.0+6c7-unchecked", "0.1.0+6c7-unchecked")]
    public void What_was_not_committed_is_told_with_the_commit(string informational, string told) => Assert.Equal(told, Machine.Shortened(informational));

    [Fact]
    public void A_curve_that_seeds_were_judged_on_at_other_places_counts_each_with_its_latest_judgement()
    {
        var first = Cells.Result(Cells.Plan.Cell("uci-har", "er", 1)) with { Curve = [new(10, 0.2), new(20, 0.4), new(30, 0.6), new(40, 0.8)] };
        var second = first with { Curve = [new(15, 0.4), new(25, 0.6), new(35, 0.8), new(45, 1.0)] };
        var curve = AccuracyCurve.Of([first, second]);
        Assert.False(curve.IsBySteps);
        Assert.Equal([15, 20, 25, 30, 35, 40], curve.Points.Select(p => p.X));
        Assert.Equal([30, 40, 50, 60, 70, 80], curve.Points.Select(p => Math.Round(p.Percent.Mean, 9)));
    }

    [Fact]
    public void The_files_are_written_and_link_only_to_each_other()
    {
        var folder = new BenchFolder(data["results"]);
        using var held = folder.Take();
        string path = ResultFiles.Write(Cells.Report(Cells.Plan with { Data = ["uci-har", "/data/gas drift.zip"] }), folder);
        Assert.Equal(folder["results.md"], path);
        string[] pictures = [.. File.ReadAllText(path, Encoding.UTF8).Split("](").Skip(1).Select(rest => rest[..rest.IndexOf(')')])];
        Assert.Equal(
            ["gas_drift.zip.curves.svg", "gas_drift.zip.drift.svg", "gas_drift.zip.readouts.svg", "uci-har.curves.svg", "uci-har.drift.svg", "uci-har.readouts.svg"], pictures.Order(StringComparer.Ordinal));
        Assert.All(pictures, picture => Assert.True(File.Exists(folder[picture])));
        var json = JsonNode.Parse(File.ReadAllBytes(folder["results.json"]))!;
        Assert.Equal(80.6666666, (double)json["sets"]![0]!["methods"]![0]!["averageAccuracyPercent"]!["mean"]!, 1e-6);
        Assert.Equal(12, json["cells"]!.AsArray().Count);
    }
}
