using Edge.Config;

namespace Edge.Runtime.Inference;

/// <summary>When a window is "unknown": where novelty is calibrated, by the anchors and by nothing else; before, and for classes that the calibration does not cover, by <see cref="Score.ClassOrUnknown"/>.</summary>
public static class UnknownRule
{
    /// <summary>The answer to a window that was scored. Allocates nothing.</summary>
    /// <param name="classifier">The session.</param>
    /// <param name="index">The window, among those of its latest call.</param>
    /// <param name="score">Its score.</param>
    /// <param name="settings">The fixed threshold.</param>
    /// <param name="noveltyRatio">Novelty in units of the calibrated threshold, above 1 unknown; 0 where it is not calibrated.</param>
    /// <returns>Index of the class, or -1: unknown.</returns>
    public static int Answer(Classifier classifier, int index, in Score score, InferenceSection settings, out float noveltyRatio)
    {
        noveltyRatio = 0;
        if (classifier.Calibration is not { } calibration || !calibration.Covers(score.ClassIndex)) return score.ClassOrUnknown(settings.UnknownBelowSimilarity);
        noveltyRatio = calibration.RatioOf(score.Novelty, classifier.FrozenOf(index));
        return noveltyRatio > 1 ? -1 : score.ClassIndex;
    }
}
