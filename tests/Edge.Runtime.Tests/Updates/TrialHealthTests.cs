using Edge.Config;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Trials;

namespace Edge.Runtime.Tests.Updates;

/// <summary>When a configuration on trial stays, waits, or goes back, and why.</summary>
public sealed class TrialHealthTests
{
    private static readonly UpdatesSection s_limits = new() { TrialSeconds = 10, GraceSeconds = 5, MaxLatencyP99Ms = 100, MaxErrorPercent = 5, MaxAccuracyDropPoints = 2 };

    private static readonly TrialEvidence s_healthy = new()
    {
        Elapsed = TimeSpan.FromSeconds(10), Windows = 100, Errors = 5, SinceWindow = TimeSpan.FromSeconds(1), WindowPatience = TimeSpan.FromSeconds(5), LatencyP99Ms = 100,
        StoreProblem = null, AccuracyBeforePercent = 90, AccuracyNowPercent = 88, BrokerMatters = true, BrokerProblem = null,
    };

    [Fact]
    public void At_the_end_of_its_time_what_is_within_every_limit_stays()
    {
        Assert.Equal(TrialDecision.Promote, Judge(s_healthy).Decision);
        Assert.Equal(TrialDecision.Wait, Judge(s_healthy with { Elapsed = TimeSpan.FromSeconds(9.9) }).Decision);
    }

    [Fact]
    public void Each_limit_alone_leads_back_with_its_reason()
    {
        (ReasonCode, TrialEvidence)[] cases =
        [
            (ReasonCode.SensorSilent, s_healthy with { SinceWindow = TimeSpan.FromSeconds(5.1) }),
            (ReasonCode.LatencyTooHigh, s_healthy with { LatencyP99Ms = 100.1 }),
            (ReasonCode.TooManyErrors, s_healthy with { Errors = 6 }),
            (ReasonCode.StoreNotWritable, s_healthy with { StoreProblem = "disk full" }),
            (ReasonCode.TrainingFails, s_healthy with { TrainingProblem = "the loss rose" }),
            (ReasonCode.AccuracyWorse, s_healthy with { AccuracyNowPercent = 87.9 }),
        ];
        foreach (var (code, evidence) in cases)
        {
            var verdict = Judge(evidence);
            Assert.Equal((TrialDecision.RollBack, code), (verdict.Decision, Assert.Single(verdict.Reasons).Code));
        }
    }

    [Fact]
    public void A_round_that_it_ruins_ends_the_trial_at_once_and_nothing_else_does()
    {
        var early = s_healthy with { Elapsed = TimeSpan.FromSeconds(0.1), Windows = 0, Errors = 0, SinceWindow = null, BrokerProblem = "no answer yet" }; // What may take its time has it.
        Assert.Equal(ReasonCode.TrainingFails, OnlyReason(early with { TrainingProblem = "the loss rose" }));
        Assert.Equal(ReasonCode.AccuracyWorse, OnlyReason(early with { CandidateAccuracyPercent = 87.9 }));
        Assert.Equal(TrialDecision.Wait, Judge(early with { CandidateAccuracyPercent = 88 }).Decision);
        Assert.Equal(TrialDecision.Wait, Judge(early with { Windows = 9, Errors = 9, LatencyP99Ms = 500, StoreProblem = "disk full", AccuracyNowPercent = 10 }).Decision); // Ten windows more may show that they were the exception.
    }

    [Fact]
    public void The_worse_of_the_running_snapshot_and_a_candidate_counts()
    {
        Assert.Contains("70.0 % on the anchor set", Assert.Single(Judge(s_healthy with { CandidateAccuracyPercent = 70 }).Reasons).Text);
        Assert.Contains("80.0 % on the anchor set", Assert.Single(Judge(s_healthy with { AccuracyNowPercent = 80, CandidateAccuracyPercent = 95 }).Reasons).Text);
    }

    [Theory]
    [InlineData(14.9, TrialDecision.Wait)]
    [InlineData(15, TrialDecision.RollBack)]
    public void The_first_window_and_a_changed_broker_have_a_little_longer(double seconds, TrialDecision expected)
    {
        var late = s_healthy with { Elapsed = TimeSpan.FromSeconds(seconds) };
        Assert.Equal(expected, Judge(late with { Windows = 0, Errors = 0, SinceWindow = null }).Decision);
        Assert.Equal(expected, Judge(late with { BrokerProblem = "refused" }).Decision);
        Assert.Equal(TrialDecision.RollBack, Judge(late with { BrokerProblem = "refused", StoreProblem = "disk full" }).Decision);
    }

    [Fact]
    public void An_unreached_broker_is_weather_unless_its_settings_were_changed() =>
        Assert.Equal(TrialDecision.Promote, Judge(s_healthy with { BrokerMatters = false, BrokerProblem = "refused" }).Decision);

    [Fact]
    public void What_was_not_measured_is_not_judged_and_said() =>
        Assert.Contains("not measured", Assert.Single(Judge(s_healthy with { AccuracyNowPercent = null }).Notes));

    [Theory]
    [InlineData(14.9, TrialDecision.Wait)]
    [InlineData(15, TrialDecision.Promote)]
    public void The_exam_on_the_anchor_set_has_a_little_longer_where_there_is_something_to_compare_it_with(double seconds, TrialDecision expected)
    {
        var late = s_healthy with { Elapsed = TimeSpan.FromSeconds(seconds), AccuracyNowPercent = null, AccuracyMayStillCome = true };
        Assert.Equal(expected, Judge(late).Decision);
        Assert.Equal(TrialDecision.Promote, Judge(late with { AccuracyBeforePercent = null }).Decision);
        Assert.Equal(TrialDecision.RollBack, Judge(late with { StoreProblem = "disk full" }).Decision);
    }

    [Theory]
    [InlineData(74.9, TrialDecision.Wait)]
    [InlineData(75, TrialDecision.Promote)]
    public void A_round_that_is_to_show_it_has_as_long_as_a_round_may_take(double seconds, TrialDecision expected)
    {
        var late = s_healthy with { Elapsed = TimeSpan.FromSeconds(seconds), RoundMayTake = TimeSpan.FromSeconds(60), NotTrained = "the one that was asked for had no verdict in time" };
        Assert.Equal(expected, Judge(late).Decision);
        if (expected == TrialDecision.Promote) Assert.Contains("had no verdict in time", Assert.Single(Judge(late).Notes));
        Assert.Equal(TrialDecision.Promote, TrialHealth.Judge(late, s_limits with { TrialSeconds = 0 }).Decision);
    }

    [Fact]
    public void All_reasons_are_given() => Assert.Equal(3, Judge(s_healthy with { LatencyP99Ms = 500, Errors = 50, StoreProblem = "disk full" }).Reasons.Count);

    private static ReasonCode OnlyReason(TrialEvidence evidence)
    {
        var verdict = Judge(evidence);
        Assert.Equal(TrialDecision.RollBack, verdict.Decision);
        return Assert.Single(verdict.Reasons).Code;
    }

    private static TrialVerdict Judge(TrialEvidence evidence) => TrialHealth.Judge(evidence, s_limits);
}
