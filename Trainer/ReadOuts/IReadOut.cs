namespace Edge.Trainer.ReadOuts;

/// <summary>Turns a feature vector into one score per class; the highest wins.</summary>
public interface IReadOut
{
    /// <summary>Names of the classes, in the order of the scores.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>Features that one vector has.</summary>
    int FeatureLength { get; }

    /// <summary>Scores one vector; allocates nothing.</summary>
    /// <param name="features">[D] float32.</param>
    /// <param name="scores">[C] float32.</param>
    void Score(ReadOnlySpan<float> features, Span<float> scores);
}
