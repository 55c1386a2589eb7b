using Edge.Runtime.Inference;

namespace Edge.Runtime.Labelling;

/// <summary>
/// Labels from a sensor that knows the truth: for a share of the windows, late by a delay in stream time. Which windows get one depends on the seed and the count only.
/// </summary>
public sealed class SourceLabels(double share, double delaySeconds, int seed)
{
    /// <summary>What these labels are named by in <see cref="LabelRequest.Origin"/>.</summary>
    public const string Origin = "sensor";

    private readonly Random random = new(seed);
    private readonly Queue<(double DueSeconds, LabelRequest Label)> waiting = new();

    /// <summary>Labels that are not due yet.</summary>
    public int WaitingCount => waiting.Count;

    /// <summary>Notes a window whose truth is known.</summary>
    public void Note(in Prediction prediction)
    {
        if (prediction.Truth is null || random.NextDouble() >= share) return;
        waiting.Enqueue((prediction.EndSeconds + delaySeconds, new LabelRequest(prediction.WindowId, prediction.Truth, Origin)));
    }

    /// <summary>The next label that is due at <paramref name="nowSeconds"/>; null when there is none.</summary>
    public LabelRequest? NextDue(double nowSeconds) => waiting.TryPeek(out var next) && next.DueSeconds <= nowSeconds ? waiting.Dequeue().Label : null;
}
