using Edge.Runtime.Inference;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Learning;

/// <summary>Runs the trainer's own cases through the exported graph.</summary>
public static class RoundParity
{
    /// <summary>Largest relative difference between the trainer's and the graph's embeddings; infinite where the cases are of other windows.</summary>
    public static double ErrorOf(ParityCases cases, Classifier exam)
    {
        int size = cases.Windows.Length / cases.Count, length = exam.Snapshot.EmbeddingLength;
        if (size != exam.Snapshot.Window.ValueCount) return double.PositiveInfinity;
        float[] actual = new float[cases.Count * length];
        for (int i = 0; i < cases.Count; i++)
        {
            exam.Score(cases.Windows.AsSpan(i * size, size));
            exam.EmbeddingOf(0).CopyTo(actual.AsSpan(i * length));
        }

        return PromotionGate.ParityError(cases.Embeddings, actual);
    }
}
