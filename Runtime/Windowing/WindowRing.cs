using Edge.Storage;

namespace Edge.Runtime.Windowing;

/// <summary>
/// The latest windows, kept so that a late label still finds its samples, with the embedding that the running snapshot gave them. One writer (the classifier stage), any number of readers.
/// </summary>
public sealed class WindowRing(int capacity, WindowShape shape)
{
    private readonly Slot[] slots = [.. Enumerable.Range(0, capacity).Select(_ => new Slot(shape.ValueCount))];
    private readonly Dictionary<ulong, int> byId = new(capacity);
    private readonly Lock gate = new();
    private int next;

    /// <summary>Windows that it holds when it is full.</summary>
    public int Capacity => slots.Length;

    /// <summary>Oldest and newest window held; (0, 0) when empty.</summary>
    public (ulong Oldest, ulong Newest) Range
    {
        get
        {
            lock (gate)
            {
                if (byId.Count == 0) return (0, 0);
                int newest = (next + slots.Length - 1) % slots.Length;
                int oldest = byId.Count < slots.Length ? 0 : next;
                return (slots[oldest].Id, slots[newest].Id);
            }
        }
    }

    /// <summary>Keeps a copy of a window and its embedding; the oldest goes.</summary>
    public void Keep(Window window, ReadOnlySpan<float> embedding, string? snapshotId)
    {
        lock (gate)
        {
            var slot = slots[next];
            if (slot.Id != 0) byId.Remove(slot.Id);
            slot.Id = window.Id;
            slot.StartSeconds = window.StartSeconds;
            slot.SnapshotId = snapshotId;
            window.Samples.CopyTo(slot.Samples.AsSpan());
            if (slot.Embedding.Length != embedding.Length) slot.Embedding = new float[embedding.Length];
            embedding.CopyTo(slot.Embedding);
            byId[window.Id] = next;
            next = (next + 1) % slots.Length;
        }
    }

    /// <summary>Copies the samples of the window that is <paramref name="age"/> windows old, 1: the latest; false when it is not held.</summary>
    public bool CopySamples(int age, Span<float> samples)
    {
        lock (gate)
        {
            if (age < 1 || age > byId.Count) return false;
            slots[(next - age + slots.Length) % slots.Length].Samples.CopyTo(samples);
            return true;
        }
    }

    /// <summary>A copy of what is kept of a window; null when it is not in the ring (any more).</summary>
    public KeptWindow? Find(ulong id)
    {
        lock (gate)
        {
            return byId.TryGetValue(id, out int index) && slots[index] is var slot
                ? new KeptWindow(slot.Id, slot.StartSeconds, [.. slot.Samples], slot.SnapshotId, [.. slot.Embedding])
                : null;
        }
    }

    private sealed class Slot(int valueCount)
    {
        public ulong Id;
        public double StartSeconds;
        public string? SnapshotId;
        public readonly float[] Samples = new float[valueCount];
        public float[] Embedding = [];
    }
}

/// <summary>A window that a label found.</summary>
/// <param name="Id">Its id.</param>
/// <param name="StartSeconds">Stream time of its first sample, seconds.</param>
/// <param name="Samples">[channels, length] float32, row-major.</param>
/// <param name="SnapshotId">The snapshot that <paramref name="Embedding"/> is of; null when it was never encoded.</param>
/// <param name="Embedding">[embedding length] float32 of norm 1; empty when it was never encoded.</param>
public sealed record KeptWindow(ulong Id, double StartSeconds, float[] Samples, string? SnapshotId, float[] Embedding);
