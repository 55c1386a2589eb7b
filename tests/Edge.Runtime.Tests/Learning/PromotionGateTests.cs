using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;

namespace Edge.Runtime.Tests.Learning;

/// <summary>A candidate is promoted when it is at least as good, and refused with every reason when it is not.</summary>
public class PromotionGateTests
{
    private static readonly PromotionSection s_limits = new();

    [Fact]
    public void What_a_trial_loosens_of_the_gate_counts_for_nothing_and_what_it_tightens_does()
    {
        var good = new PromotionSection { MaxAccuracyDropPoints = 1, MaxClassDropPoints = 10, MaxParityError = 1e-3, MinAnchors = 60 };
        var tried = good with { MaxAccuracyDropPoints = 100, MaxClassDropPoints = 5, MaxParityError = 1e-2, MinAnchors = 3 };
        Assert.Equal((1.0, 5.0, 1e-3, 60), PromotionGate.Stricter(tried, good) is var strict ? (strict.MaxAccuracyDropPoints, strict.MaxClassDropPoints, strict.MaxParityError, strict.MinAnchors) : default);
    }

    [Fact]
    public void As_good_as_the_running_snapshot_is_good_enough()
    {
        var verdict = PromotionGate.Judge(Evidence(Exam(("sitting", 8, 10)), Exam(("sitting", 8, 10))), s_limits);
        Assert.True(verdict.Promoted);
        Assert.Empty(verdict.Reasons);
    }

    [Fact]
    public void Every_reason_is_given_with_its_figures_and_the_limit()
    {
        var running = Exam(("sitting", 10, 10), ("laying", 9, 10), ("walking", 5, 10));
        var candidate = Exam(("sitting", 2, 10), ("laying", 4, 10), ("walking", 10, 10));
        var verdict = PromotionGate.Judge(Evidence(running, candidate, parity: 0.0023), s_limits);
        Assert.False(verdict.Promoted);
        Assert.Equal(
            [
                "the exported graph differs from the trained network by 2.3e-3 relative; promotion.maxParityError is 1.0e-5",
                "accuracy on the anchor set 53.3 %, the running snapshot has 80.0 %; promotion.maxAccuracyDropPoints is 0.5",
                "class 'laying' would lose 50.0 points (90.0 to 40.0 %); promotion.maxClassDropPoints is 25",
                "class 'sitting' would lose 80.0 points (100.0 to 20.0 %); promotion.maxClassDropPoints is 25",
            ],
            verdict.Reasons);
    }

    [Theory]
    [InlineData(0.5, true)]
    [InlineData(0.6, false)]
    [InlineData(-20, true)]
    public void The_drop_may_be_as_large_as_the_limit_and_no_larger(double drop, bool promoted)
    {
        var verdict = PromotionGate.Judge(Evidence(Exam(("sitting", 800, 1000)), Exam(("sitting", 800 - (int)(drop * 10), 1000))), s_limits);
        Assert.Equal(promoted, verdict.Promoted);
    }

    [Fact]
    public void A_negative_limit_asks_for_more_than_the_running_snapshot_has()
    {
        var verdict = PromotionGate.Judge(Evidence(Exam(("sitting", 8, 10)), Exam(("sitting", 8, 10))), s_limits with { MaxAccuracyDropPoints = -5 });
        Assert.Equal(["accuracy on the anchor set 80.0 %, the running snapshot has 80.0 %; promotion.maxAccuracyDropPoints is -5"], verdict.Reasons);
    }

    [Fact]
    public void Without_anchors_nothing_is_known_and_nothing_is_promoted()
    {
        var verdict = PromotionGate.Judge(Evidence(Exam(), Exam()), s_limits with { MaxAccuracyDropPoints = 100, MaxClassDropPoints = 100, MaxParityError = 1 });
        Assert.Equal(["accuracy on the anchor set NaN %, the running snapshot has NaN %; promotion.maxAccuracyDropPoints is 100"], verdict.Reasons);
    }

    [Fact]
    public void A_class_that_the_candidate_was_not_asked_about_counts_against_it()
    {
        var verdict = PromotionGate.Judge(Evidence(Exam(("sitting", 5, 10), ("laying", 5, 10)), Exam(("sitting", 10, 10))), s_limits with { MaxClassDropPoints = 100 });
        Assert.Equal(["class 'laying' would lose NaN points (50.0 to NaN %); promotion.maxClassDropPoints is 100"], verdict.Reasons);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(1.01e-5)]
    public void A_graph_that_computes_something_else_is_refused(double parity) =>
        Assert.Single(PromotionGate.Judge(Evidence(Exam(("sitting", 8, 10)), Exam(("sitting", 8, 10)), parity), s_limits).Reasons);

    [Fact]
    public void Parity_is_the_largest_difference_over_the_largest_magnitude()
    {
        Assert.Equal(0, PromotionGate.ParityError([1, -2], [1, -2]));
        Assert.Equal(0.25, PromotionGate.ParityError([1, -2], [1.5f, -2]));
        Assert.Equal(0.25, PromotionGate.ParityError([1, -2], [1, -1.5f]));
        Assert.Equal(double.PositiveInfinity, PromotionGate.ParityError([1, 2], [1]));
        Assert.Equal(double.PositiveInfinity, PromotionGate.ParityError([], []));
        Assert.Equal(double.PositiveInfinity, PromotionGate.ParityError([1, 2], [1, float.NaN]));
    }

    private static GateEvidence Evidence(ExamResult running, ExamResult candidate, double parity = 0) => new() { Running = running, Candidate = candidate, ParityError = parity };

    private static ExamResult Exam(params (string Class, int Right, int Count)[] classes) => new(classes.ToDictionary(c => c.Class, c => (c.Right, c.Count), StringComparer.Ordinal));
}
