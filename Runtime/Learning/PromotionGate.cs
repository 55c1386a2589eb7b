using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Updates;

namespace Edge.Runtime.Learning;

/// <summary>What is known of a candidate when it is judged.</summary>
public sealed record GateEvidence
{
    /// <summary>The running snapshot on the anchor set, with the prototypes it runs with.</summary>
    public required ExamResult Running { get; init; }

    /// <summary>The candidate on the same anchors, with prototypes of the replay buffer in its own embedding.</summary>
    public required ExamResult Candidate { get; init; }

    /// <summary>Largest relative difference between the trainer's and the exported graph's embeddings.</summary>
    public required double ParityError { get; init; }
}

/// <summary>Verdict on a candidate.</summary>
/// <param name="Reasons">All reasons against it; none: it is promoted.</param>
public sealed record GateVerdict(IReadOnlyList<string> Reasons)
{
    /// <summary>Whether it may run.</summary>
    public bool Promoted => Reasons.Count == 0;
}

/// <summary>A candidate replaces the running snapshot only if it is at least as good on the anchor set, overall and for the worst class, and its graph computes what the trainer computed.</summary>
public static class PromotionGate
{
    /// <summary>What a service judges by now: the running configuration's limits, or, in each where that is stricter, the last good one's.</summary>
    public static PromotionSection Of(LiveConfig live) => Stricter(live.Current.Promotion, live.LastGood.Promotion);

    /// <summary>The stricter of two settings in each of their limits: a configuration on trial that loosens the gate must not let pass what outlives its roll back.</summary>
    public static PromotionSection Stricter(PromotionSection one, PromotionSection other) => one with
    {
        MaxParityError = Math.Min(one.MaxParityError, other.MaxParityError),
        MaxAccuracyDropPoints = Math.Min(one.MaxAccuracyDropPoints, other.MaxAccuracyDropPoints),
        MaxClassDropPoints = Math.Min(one.MaxClassDropPoints, other.MaxClassDropPoints),
        MinAnchors = Math.Max(one.MinAnchors, other.MinAnchors),
    };

    /// <summary>Judges a candidate; pure.</summary>
    public static GateVerdict Judge(GateEvidence evidence, PromotionSection limits)
    {
        var reasons = new List<string>();
        if (!(evidence.ParityError <= limits.MaxParityError))
            reasons.Add($"the exported graph differs from the trained network by {evidence.ParityError:0.0e+0} relative; promotion.maxParityError is {limits.MaxParityError:0.0e+0}");

        double drop = evidence.Running.AccuracyPercent - evidence.Candidate.AccuracyPercent;
        if (!(drop <= limits.MaxAccuracyDropPoints))
            reasons.Add($"accuracy on the anchor set {evidence.Candidate.AccuracyPercent:0.0} %, the running snapshot has {evidence.Running.AccuracyPercent:0.0} %; promotion.maxAccuracyDropPoints is {limits.MaxAccuracyDropPoints:0.##}");

        foreach (string name in evidence.Running.PerClass.Keys.Order(StringComparer.Ordinal))
        {
            double lost = evidence.Running.PercentOf(name) - evidence.Candidate.PercentOf(name);
            if (!(lost <= limits.MaxClassDropPoints))
                reasons.Add($"class '{name}' would lose {lost:0.0} points ({evidence.Running.PercentOf(name):0.0} to {evidence.Candidate.PercentOf(name):0.0} %); promotion.maxClassDropPoints is {limits.MaxClassDropPoints:0.##}");
        }

        return new GateVerdict(reasons);
    }

    /// <summary>Largest difference between two sets of embeddings, relative to the largest magnitude in <paramref name="expected"/>; infinite when they are not comparable.</summary>
    public static double ParityError(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        if (expected.Length != actual.Length || expected.Length == 0) return double.PositiveInfinity;
        double worst = 0, scale = 1e-12;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs(expected[i] - actual[i]);
            if (double.IsNaN(difference)) return double.PositiveInfinity;
            worst = Math.Max(worst, difference);
            scale = Math.Max(scale, Math.Abs(expected[i]));
        }

        return worst / scale;
    }
}
