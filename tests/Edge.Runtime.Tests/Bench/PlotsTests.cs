using System.Xml.Linq;
using Edge.Runtime.Bench.Reports;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Tests.Bench;

public sealed class PlotsTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void There_are_curves_and_for_each_method_a_panel_of_its_read_outs_and_of_its_drift()
    {
        var plots = Plots.Of(Cells.Report(Cells.Plan));
        Assert.Equal(["curves.svg", "readouts.svg", "drift.svg"], plots.Select(p => p.FileName));
        string[] curves = Texts(plots[0]), readOuts = Texts(plots[1]), drift = Texts(plots[2]);
        foreach (string name in new[] { "naive", "er:learningRate=0.01" })
        {
            Assert.Single(curves, name);
            Assert.Single(readOuts, name);
            Assert.Single(drift, name);
        }

        foreach (string name in new[] { "head", "ncm", "ridge" }) Assert.Equal(2, readOuts.Count(text => text == name));
        Assert.Equal(2, drift.Count(text => text == "CKA"));
    }

    [Fact]
    public void No_id_is_used_twice_and_every_reference_has_one()
    {
        foreach (var plot in Plots.Of(Cells.Report(Cells.Plan)))
        {
            var page = XDocument.Parse(plot.Svg);
            string[] ids = [.. page.Descendants().Attributes("id").Select(a => a.Value)];
            string[] references = [.. page.Descendants().Attributes("clip-path").Select(a => a.Value[5..^1]).Distinct()];
            Assert.NotEmpty(references);
            Assert.Equal(ids.Length, ids.Distinct().Count());
            Assert.All(references, reference => Assert.Contains(reference, ids));
            Assert.DoesNotContain("NaN", plot.Svg);
        }
    }

    [Fact]
    public void One_seed_has_lines_without_a_band()
    {
        Assert.DoesNotContain("fill-opacity", Curves(Cells.Plan with { Seeds = [1] }));
        Assert.Contains("fill-opacity", Curves(Cells.Plan));

        static string Curves(Edge.Runtime.Bench.BenchPlan plan) => Plots.Of(Cells.Report(plan))[0].Svg;
    }

    /// <summary>Helvetica 11 is 5.5 pixels wide on average; the library's own measure is a quarter short.</summary>
    [Fact]
    public void The_name_of_a_method_with_settings_is_not_cut_off()
    {
        string method = "er:learningRate=0.003,batchSize=16,replayBatchSize=128,temperature=3";
        var page = XDocument.Parse(Plots.Of(Cells.Report(Cells.Plan with { Methods = [method] }))[0].Svg);
        var text = page.Descendants(s_svg + "text").Single(t => t.Value.Trim() == method);
        string clip = text.AncestorsAndSelf().Select(e => e.Attribute("clip-path")?.Value).First(c => c is not null)!;
        var box = page.Descendants(s_svg + "clipPath").Single(c => clip.Contains($"#{c.Attribute("id")!.Value})")).Element(s_svg + "rect")!;
        Assert.True((double)box.Attribute("width")! > 5.5 * method.Length, box.ToString());
    }

    [Fact]
    public void Few_shots_have_no_panels() => Assert.DoesNotContain(Plots.Of(Cells.Report(Cells.Plan with { Protocol = Protocol.FewShot })), plot => plot.FileName != "curves.svg");

    private static string[] Texts(Plot plot) => [.. XDocument.Parse(plot.Svg).Descendants(s_svg + "text").Select(text => text.Value.Trim())];
}
