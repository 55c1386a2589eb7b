namespace Edge.Runtime.Inference;

/// <summary>What the device says about one window.</summary>
/// <param name="WindowId">The window.</param>
/// <param name="EndSeconds">Stream time of the window's end, seconds.</param>
/// <param name="Class">Name of the class, or <see cref="Unknown"/>.</param>
/// <param name="Confidence">0 to 1; 0 for an unknown one.</param>
/// <param name="Novelty">1 - cosine to the nearest prototype, 0 to 2.</param>
/// <param name="Truth">The true class, where the sensor knows it; labels come from it, the classifier never sees it.</param>
/// <param name="NoveltyRatio">Novelty in units of the calibrated threshold, above 1 unknown; 0 where it is not calibrated.</param>
/// <param name="Contenders">The likeliest classes, also of an unknown one.</param>
public readonly record struct Prediction(ulong WindowId, double EndSeconds, string Class, float Confidence, float Novelty, string? Truth, float NoveltyRatio = 0, Contenders Contenders = default)
{
    /// <summary>What is said of a window that is like nothing known.</summary>
    public const string Unknown = "unknown";
}
