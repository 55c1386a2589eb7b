namespace Edge.Trainer.Bench;

/// <summary>
/// What both branches said of labelled windows before they learnt from them (Gama et al. 2013, "On evaluating stream learning algorithms", prequential evaluation), the last 1024 of classes already known. Anchors are other minutes
/// of what was learnt and cannot tell which branch carries over to an input that changes; these can. Where only new classes come it stays empty.
/// </summary>
internal sealed class Foresight(int classCount)
{
    private const int Capacity = 1024;
    private readonly Queue<(float[] Frozen, float[] Learned, int Label)> rows = new();

    /// <summary>Notes windows that are about to be learnt.</summary>
    /// <param name="frozen">[n, classes] scores.</param>
    /// <param name="learned">[n, classes] scores.</param>
    /// <param name="labels">[n] class indices.</param>
    public void Note(float[] frozen, float[] learned, int[] labels)
    {
        for (int i = 0; i < labels.Length; i++)
        {
            rows.Enqueue((frozen[(i * classCount)..((i + 1) * classCount)], learned[(i * classCount)..((i + 1) * classCount)], labels[i]));
            if (rows.Count > Capacity) rows.Dequeue();
        }
    }

    /// <summary>[n, classes] scores of the frozen branch.</summary>
    public float[] Frozen => [.. rows.SelectMany(row => row.Frozen)];

    /// <summary>[n, classes] scores of the learned branch.</summary>
    public float[] Learned => [.. rows.SelectMany(row => row.Learned)];

    /// <summary>[n] class indices.</summary>
    public int[] Labels => [.. rows.Select(row => row.Label)];
}
