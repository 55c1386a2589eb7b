using Edge.Storage;
using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Tests.ReadOuts;

public class ReadOutSelectionTests
{
    [Fact]
    public void A_certain_candidate_beats_one_that_is_right_by_a_hair()
    {
        var choice = ReadOutSelection.Choose([new("hair", [.1f, .2f, .3f, .2f, .2f, .1f]), new("sure", [0f, 3f, 3f, 0f, .1f, .2f])], [1, 0, 1], 2);
        Assert.Equal(1, choice.Index);
        Assert.Equal("sure", choice.Chosen.Name);
        Assert.Equal(.75, choice.Readings[0].Accuracy, 1e-12); // class 0: 1 of 1; class 1: 1 of 2
        Assert.Equal(1, choice.Readings[1].Accuracy, 1e-12);
    }

    [Fact]
    public void The_temperature_is_fitted_so_the_unit_of_scores_does_not_matter()
    {
        var random = new Random(1);
        int[] labels = [.. Enumerable.Range(0, 90).Select(i => i % 3)];
        float[] scores = [.. labels.SelectMany(label => Enumerable.Range(0, 3).Select(c => (float)((c == label ? 1 : 0) + FeatureDraw.Normal(random))))];
        var (one, thousand) = (ReadOutSelection.Read(new("x", scores), labels, 3), ReadOutSelection.Read(new("x", [.. scores.Select(s => 1000 * s)]), labels, 3));
        Assert.Equal(one.LogLoss, thousand.LogLoss, 1e-6);
        Assert.Equal(1000, thousand.Temperature / one.Temperature, 1);
        Assert.InRange(one.Temperature, .6, 1.8); // unit noise on a unit signal: the exact posterior has T = 1
        Assert.InRange(one.LogLoss, .4, Math.Log(3));
    }

    [Fact]
    public void Rare_classes_weigh_as_much_as_common_ones()
    {
        // Right on all five of class 0, wrong on the only one of class 1, against the other way round with one slip: accuracy over anchors would take the first.
        float[] common = [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0], rare = [1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1];
        Assert.Equal(1, ReadOutSelection.Choose([new("common", common), new("rare", rare)], [0, 0, 0, 0, 0, 1], 2).Index);
    }

    [Fact]
    public void Of_equals_the_first_is_chosen_and_scores_that_are_no_numbers_never()
    {
        float[] good = [1, 0, 0, 1];
        Assert.Equal(1, ReadOutSelection.Choose([new("broken", [float.NaN, 0, 0, 1]), new("first", good), new("second", good)], [0, 1], 2).Index);
    }

    [Fact]
    public void An_anchored_class_that_a_candidate_does_not_know_costs_what_a_sure_mistake_costs()
    {
        var reading = ReadOutSelection.Read(new("x", [1, 0, PrototypeMatrix.AbsentBias, 0, 1, PrototypeMatrix.AbsentBias, 1, 0, PrototypeMatrix.AbsentBias]), [0, 1, 2], 3);
        Assert.Equal(2.0 / 3, reading.Accuracy, 1e-12);
        Assert.InRange(reading.LogLoss, Math.Log(3 / ReadOutSelection.LabelNoise) / 3 - 1e-9, Math.Log(3 / ReadOutSelection.LabelNoise) / 3 + .1);
    }

    [Fact]
    public void Nothing_to_choose_from_is_a_bug_of_the_caller()
    {
        Assert.Throws<ArgumentException>(() => ReadOutSelection.Choose([], [0], 2));
        Assert.Throws<ArgumentException>(() => ReadOutSelection.Choose([new("x", [])], [], 2));
        Assert.Throws<ArgumentException>(() => ReadOutSelection.Choose([new("x", [1, 2, 3])], [0], 2));
    }

    [Fact]
    public void In_the_simulation_the_log_loss_chooses_best_and_loses_under_half_a_point_on_average_to_the_better_branch()
    {
        var losses = new BranchSimulation(anchorCount: 60, seed: 1).Run(drawsPerCase: 4);
        string report = string.Join('\n', losses.Select(rule => $"{rule.Key}: below the better branch {rule.Value.Average(r => Math.Max(r.Points, 0)):f2}, with gains {rule.Value.Average(r => r.Points):f2}, worst pair {WorstPair(rule.Value):f2}, trap alone {rule.Value.Where(r => r.IsTrap).Average(r => r.Points):f2}, over 0.5 in {rule.Value.Average(r => r.Points > .5 ? 1.0 : 0):p0} of {rule.Value.Count}"));
        TestContext.Current.TestOutputHelper?.WriteLine(report);
        double Below(string rule) => losses[rule].Average(r => Math.Max(r.Points, 0));
        Assert.True(Below("log loss") <= losses.Keys.Min(Below), report);
        Assert.True(losses["log loss"].Average(r => r.Points) < 0, report);
        Assert.True(WorstPair(losses["log loss"]) < .5, report);
    }

    private static double WorstPair(IEnumerable<(string Pair, bool IsTrap, double Points)> losses) => losses.GroupBy(l => l.Pair).Max(pair => pair.Average(l => l.Points));
}
