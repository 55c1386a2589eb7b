using Edge.Telemetry.Messages;
using Edge.Trainer.ReadOuts;

namespace Edge.Runtime.Inference;

/// <summary>
/// From which novelty on a window is "unknown", so that a stated share of windows of known classes is at most. Split-conformal (Vovk et al. 2005; Angelopoulos and Bates 2021, section 1): the score was fixed without the n anchors, the
/// threshold is the k-th smallest of their scores, k = ⌈(n + 1)(1 − α)⌉, and a window that could as well have been one of them is above it with a probability of 1 − k / (n + 1) ≤ α, averaged over the draw of the anchors. With k > n there is
/// none: n = 60 allows no α below 1/61. Pooled over the classes: 60 anchors of six classes leave ten of each, which would allow no α below 9 %. Neighbouring anchors overlap in time, so that they tell less than n independent ones, and a person whom no anchor shows is none that could as well have been one: Runtime/README.md has what people never seen get. Immutable.
/// </summary>
/// <param name="Metric">The score over the frozen features; null: the graph's own, 1 - cosine to the nearest prototype.</param>
/// <param name="Threshold">Scores above it are unknown; in units of the score, above 0.</param>
/// <param name="FalseAlarmPercent">100 (1 − k / (n + 1)): what is stated.</param>
/// <param name="AnchorFalseAlarmPercent">Share of the anchors themselves above the threshold.</param>
/// <param name="AnchorCount">n.</param>
public sealed record NoveltyCalibration(PrincipalMetric? Metric, float Threshold, double FalseAlarmPercent, double AnchorFalseAlarmPercent, int AnchorCount)
{
    /// <summary>Directions of <see cref="Metric"/>, by the measurement in Runtime/README.md.</summary>
    public const int Rank = 64;

    private bool[] covers = [];

    /// <summary>Calibrates on the anchors' scores.</summary>
    /// <param name="metric">What gave them; null: the graph.</param>
    /// <param name="scores">[n] of anchors of the classes that are covered; sorted in place.</param>
    /// <param name="percent">100 α, above 0 and below 100.</param>
    /// <param name="classes">All classes, in the order of the graph's outputs.</param>
    /// <param name="covered">Those that the score knows. A window that is taken for another class is none of this calibration's business.</param>
    /// <returns>Null where the anchors are too few for α.</returns>
    public static NoveltyCalibration? Of(PrincipalMetric? metric, float[] scores, double percent, IReadOnlyList<string> classes, IReadOnlyCollection<string> covered)
    {
        int n = scores.Length, k = RankOf(n, percent);
        if (percent <= 0 || k < 1 || k > n) return null;
        Array.Sort(scores);
        float threshold = Math.Max(scores[k - 1], float.Epsilon);
        return new NoveltyCalibration(metric, threshold, 100.0 * (n + 1 - k) / (n + 1), 100.0 * scores.Count(score => score > threshold) / n, n) { covers = [.. classes.Select(covered.Contains)] };
    }

    /// <summary>What a file says of itself: the threshold on the graph's own novelty, with what was stated of it when it was written. The anchors stayed behind.</summary>
    /// <param name="threshold">Metadata <c>noveltyThreshold</c>, above 0.</param>
    /// <param name="falseAlarmPercent">Metadata <c>noveltyFalseAlarmPercent</c>.</param>
    /// <param name="classBias">[classes] of the prototypes that stand in the file; those that are there are covered.</param>
    public static NoveltyCalibration OfFile(float threshold, double falseAlarmPercent, IEnumerable<float> classBias) => new(null, threshold, falseAlarmPercent, 0, 0) { covers = [.. classBias.Select(bias => bias == 0)] };

    /// <summary>Whether so many anchors are enough to state such a rate.</summary>
    public static bool CanBe(int anchorCount, double percent) => RankOf(anchorCount, percent) <= anchorCount;

    /// <summary>Whether windows that are taken for this class are judged here.</summary>
    public bool Covers(int classIndex) => classIndex >= 0 && classIndex < covers.Length && covers[classIndex];

    /// <summary>Novelty of a window in units of the threshold: above 1 is unknown. Allocates nothing.</summary>
    /// <param name="graphNovelty">1 - cosine to the nearest prototype.</param>
    /// <param name="frozen">[F] frozen features.</param>
    public float RatioOf(float graphNovelty, ReadOnlySpan<float> frozen) => (Metric?.NoveltyOf(frozen) ?? graphNovelty) / Threshold;

    /// <summary>For telemetry.</summary>
    public NoveltyReport ToMessage() => new(Math.Round(Threshold, 4), Math.Round(FalseAlarmPercent, 2), Math.Round(AnchorFalseAlarmPercent, 2), AnchorCount);

    // 1e-9: 61 * 0.98 may be a hair above or below what it is on paper.
    private static int RankOf(int count, double percent) => (int)Math.Ceiling((count + 1) * (1 - percent / 100) - 1e-9);
}
