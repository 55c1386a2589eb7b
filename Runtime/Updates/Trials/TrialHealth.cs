using System.Globalization;
using Edge.Config;
using Edge.Runtime.Updates.Checks;

namespace Edge.Runtime.Updates.Trials;

/// <summary>What is known of a configuration on trial.</summary>
public sealed record TrialEvidence
{
    /// <summary>Time since the trial, or its latest attempt, began to run.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Windows classified in that time.</summary>
    public required long Windows { get; init; }

    /// <summary>Windows broken or lost in that time.</summary>
    public required long Errors { get; init; }

    /// <summary>Time since the latest window; null before the first.</summary>
    public required TimeSpan? SinceWindow { get; init; }

    /// <summary>Longest pause between two windows that is no sign of trouble.</summary>
    public required TimeSpan WindowPatience { get; init; }

    /// <summary>99th percentile of their latency, milliseconds.</summary>
    public required double LatencyP99Ms { get; init; }

    /// <summary>Writes that the store or the data directory refused in that time, with the reason; null when none was.</summary>
    public required string? StoreProblem { get; init; }

    /// <summary>Accuracy on the anchor set before the change, percent; null when it was not known.</summary>
    public required double? AccuracyBeforePercent { get; init; }

    /// <summary>Accuracy on the anchor set of the snapshot that runs, as last measured during the trial, percent; null when it was not.</summary>
    public required double? AccuracyNowPercent { get; init; }

    /// <summary>Whether that is still to be measured: it has <c>updates.graceSeconds</c> longer then.</summary>
    public bool AccuracyMayStillCome { get; init; }

    /// <summary>Accuracy on the anchor set of the latest candidate that was trained by the configuration on trial, percent; null when there was none.</summary>
    public double? CandidateAccuracyPercent { get; init; }

    /// <summary>Why the latest round by the configuration on trial brought no candidate, where the change touched how rounds are trained; null otherwise.</summary>
    public string? TrainingProblem { get; init; }

    /// <summary>How much longer than <c>updates.graceSeconds</c> a round by the configuration on trial, which has been asked for, may take; null when none is to come, or one has come.</summary>
    public TimeSpan? RoundMayTake { get; init; }

    /// <summary>Why no round shows what the configuration on trial does, where the change touched how rounds are trained; null otherwise.</summary>
    public string? NotTrained { get; init; }

    /// <summary>Whether the change touched how the broker is reached. Only then it must be: otherwise an outage of the broker would lead back from sound configuration.</summary>
    public required bool BrokerMatters { get; init; }

    /// <summary>Why the broker is not reached; null when it is.</summary>
    public required string? BrokerProblem { get; init; }
}

/// <summary>What is to become of a trial.</summary>
public enum TrialDecision
{
    /// <summary>It goes on.</summary>
    Wait,

    /// <summary>The configuration stays.</summary>
    Promote,

    /// <summary>Back to the one before.</summary>
    RollBack,
}

/// <summary>Verdict on a trial.</summary>
/// <param name="Decision">What is to become of it.</param>
/// <param name="Reasons">All reasons for going back; empty otherwise.</param>
/// <param name="Notes">What could not be judged, and why.</param>
public sealed record TrialVerdict(TrialDecision Decision, IReadOnlyList<Reason> Reasons, IReadOnlyList<string> Notes);

/// <summary>
/// Whether a configuration has proved itself. It is held for <c>updates.trialSeconds</c> and judged at their end; only what may merely take its time, the first window, the broker and the exam on the anchor set, has
/// <c>updates.graceSeconds</c> more, and a training round by it as long as a round may take. With <c>updates.trialSeconds</c> 0 neither exam nor round is waited for. A training round
/// that it has ruined ends it at once: a round is measured when it is over, and what is left of the trial would add nothing to that but another bad round.
/// </summary>
public static class TrialHealth
{
    /// <summary>Judges a trial; pure.</summary>
    public static TrialVerdict Judge(TrialEvidence evidence, UpdatesSection limits)
    {
        var hold = TimeSpan.FromSeconds(limits.TrialSeconds);
        bool isRuinedByRound = evidence.TrainingProblem is not null || IsWorse(evidence.AccuracyBeforePercent, evidence.CandidateAccuracyPercent, limits);
        if (evidence.Elapsed < hold && !isRuinedByRound) return new TrialVerdict(TrialDecision.Wait, [], []);
        var (reasons, notes) = (new List<Reason>(), new List<string>());
        bool mayStillCome = true;
        if (evidence.SinceWindow is not { } since)
        {
            if (evidence.Elapsed >= hold) reasons.Add(new(ReasonCode.SensorSilent, $"no window within {Seconds(evidence.Elapsed)}; check sensor and window"));
        }
        else if (since > evidence.WindowPatience)
        {
            Final(ReasonCode.SensorSilent, $"no window for {Seconds(since)}; one is due every {Seconds(evidence.WindowPatience)} at the latest");
        }

        if (evidence.Windows > 0 && evidence.LatencyP99Ms > limits.MaxLatencyP99Ms)
            Final(ReasonCode.LatencyTooHigh, string.Create(CultureInfo.InvariantCulture, $"99 % of {evidence.Windows} windows took up to {evidence.LatencyP99Ms:0.0} ms; updates.maxLatencyP99Ms is {limits.MaxLatencyP99Ms:0.##}"));
        long all = evidence.Windows + evidence.Errors;
        if (all > 0 && 100.0 * evidence.Errors / all > limits.MaxErrorPercent)
            Final(ReasonCode.TooManyErrors, string.Create(CultureInfo.InvariantCulture, $"{evidence.Errors} of {all} windows were broken or lost; updates.maxErrorPercent is {limits.MaxErrorPercent:0.##}"));
        if (evidence.StoreProblem is { } store) Final(ReasonCode.StoreNotWritable, store);
        if (evidence.TrainingProblem is { } training) Final(ReasonCode.TrainingFails, $"the round that was trained by it brought no candidate: {training}");
        if (evidence.AccuracyBeforePercent is { } before && Least(evidence.AccuracyNowPercent, evidence.CandidateAccuracyPercent) is { } now)
        {
            if (IsWorse(before, now, limits))
                Final(ReasonCode.AccuracyWorse, string.Create(CultureInfo.InvariantCulture, $"{now:0.0} % on the anchor set, {before:0.0} % before; updates.maxAccuracyDropPoints is {limits.MaxAccuracyDropPoints:0.##}"));
        }
        else
        {
            notes.Add(evidence.AccuracyBeforePercent is null ? "the accuracy before was not known, so that it was not compared" : "the accuracy on the anchor set was not measured during the trial");
        }

        if (evidence.NotTrained is { } untrained) notes.Add($"no round was trained by it: {untrained}");
        if (evidence is { BrokerMatters: true, BrokerProblem: { } broker } && evidence.Elapsed >= hold) reasons.Add(new(ReasonCode.BrokerUnreachable, $"its settings were changed and it is not reached: {broker}"));
        var grace = TimeSpan.FromSeconds(limits.GraceSeconds);
        if (reasons.Count == 0)
        {
            var most = evidence.RoundMayTake is { } round ? hold + grace + round : evidence is { AccuracyMayStillCome: true, AccuracyBeforePercent: not null } ? hold + grace : hold;
            return hold > TimeSpan.Zero && evidence.Elapsed < most ? new TrialVerdict(TrialDecision.Wait, [], []) : new TrialVerdict(TrialDecision.Promote, [], notes);
        }

        bool waits = mayStillCome && evidence.Elapsed < hold + grace;
        return waits ? new TrialVerdict(TrialDecision.Wait, [], []) : new TrialVerdict(TrialDecision.RollBack, reasons, notes);

        void Final(ReasonCode code, string text)
        {
            reasons.Add(new(code, text));
            mayStillCome = false;
        }
    }

    /// <summary>How long all attempts of a trial together may take.</summary>
    public static TimeSpan LimitOf(UpdatesSection limits) => limits.TrialAttempts * AttemptLimitOf(limits);

    /// <summary>How long one attempt may take: its hold and grace, and a minute to start.</summary>
    public static TimeSpan AttemptLimitOf(UpdatesSection limits) => TimeSpan.FromSeconds(limits.TrialSeconds + limits.GraceSeconds + 60);

    private static bool IsWorse(double? before, double? now, UpdatesSection limits) => before - now > limits.MaxAccuracyDropPoints;

    private static double? Least(double? one, double? other) => one is null ? other : other is null ? one : Math.Min(one.Value, other.Value);

    private static string Seconds(TimeSpan span) => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.#} s");
}
