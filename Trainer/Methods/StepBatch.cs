using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// What one step trains on. Rows lie in this order: new windows, their views, replayed windows, their views; without augmentation there are no views. B new, M replayed.
/// </summary>
public sealed record StepBatch
{
    /// <summary>[rows, channels, length].</summary>
    public required Tensor Windows { get; init; }

    /// <summary>[rows] int64 class indices.</summary>
    public required Tensor Labels { get; init; }

    /// <summary>Pool indices of the B new windows.</summary>
    public required int[] Fresh { get; init; }

    /// <summary>Pool indices of the M replayed windows.</summary>
    public required int[] Replayed { get; init; }

    /// <summary>Rows per window: 1, or 2 with a view of each.</summary>
    public required int ViewCount { get; init; }

    /// <summary>Rows that are new windows or views of them; the rest is replayed.</summary>
    public long FreshRowCount => (long)ViewCount * Fresh.Length;

    /// <summary>All rows.</summary>
    public long RowCount => (long)ViewCount * (Fresh.Length + Replayed.Length);

    /// <summary>Pool indices of the original windows, new then replayed: what <see cref="Originals"/> selects.</summary>
    public int[] OriginalIndices => [.. Fresh, .. Replayed];

    /// <summary>The rows of the original windows, without views: [B + M, ...] of [rows, ...].</summary>
    public Tensor Originals(Tensor rows) => ViewCount == 1 ? rows.alias() : cat([rows.narrow(0, 0, Fresh.Length), rows.narrow(0, FreshRowCount, Replayed.Length)]);
}
