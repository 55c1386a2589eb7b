using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using static TorchSharp.torch;

namespace Edge.Trainer.Methods;

/// <summary>
/// The logits that windows were remembered with. Within a round by pool index; from round to round a window is known by its values (the first 64 bits of their SHA-256), since the pool of the next round
/// is another one. At most 16,384 windows are kept over rounds; those that the last round did not meet go first.
/// </summary>
public sealed class RememberedLogits : IDisposable
{
    private const int Capacity = 16_384;
    private const string WindowsName = "windows", LogitsName = "logits", OfPoolName = "ofPool", IsKnownName = "isKnown";
    private Tensor? windows, logits; // [n] int64 and [n, classes] float32, over rounds; the round's own last.
    private Tensor? ofPool; // [pool, classes] float32, within a round.
    private Tensor? isKnownKept; // [pool] int64, made by StepState.
    private bool[] isKnown = [];

    /// <summary>Looks up the logits of the windows of a round; remembered windows without any get the parent's.</summary>
    public void Open(MethodRound round)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        int classCount = round.Net.Classes.Count;
        isKnown = new bool[round.Pool.Count];
        ofPool?.Dispose();
        ofPool = round.HasParent ? round.OfPool(round.Net.Head.forward) : zeros(round.Pool.Count, classCount, device: round.Pool.Device);
        ofPool.DetachFromDisposeScope();
        foreach (int i in round.Remembered) isKnown[i] = round.HasParent;
        if (windows is null || logits is null) return;
        var rows = new Dictionary<long, int>();
        foreach (var (key, row) in windows.data<long>().ToArray().Select((key, row) => (key, row))) rows[key] = row; // Of equal windows the latest.
        int[] indices = [.. round.Fresh.Union(round.Remembered)];
        long[] keys = Keys(round.Pool, indices);
        for (int i = 0; i < indices.Length; i++)
        {
            if (!rows.TryGetValue(keys[i], out int row)) continue;
            isKnown[indices[i]] = true;
            ofPool[indices[i]].zero_().narrow(0, 0, logits.shape[1]).copy_(logits[row]); // A head that has grown: 0 for the new classes.
        }
    }

    /// <summary>Whether there are logits of the window at this pool index.</summary>
    public bool Knows(int index) => isKnown[index];

    /// <summary>Keeps the logits [indices, classes] of windows.</summary>
    public void Keep(int[] indices, Tensor values)
    {
        if (indices.Length == 0) return;
        using var _ = no_grad();
        using var rows = tensor(indices, ScalarType.Int64, ofPool!.device);
        using var detached = values.detach();
        ofPool.index_copy_(0, rows, detached);
        foreach (int i in indices) isKnown[i] = true;
    }

    /// <summary>The logits of windows that are known, [indices, classes].</summary>
    public Tensor Of(int[] indices)
    {
        using var rows = tensor(indices, ScalarType.Int64, ofPool!.device);
        return ofPool.index_select(0, rows);
    }

    /// <summary>Takes the logits of what the memory keeps after a round over to the next ones.</summary>
    /// <param name="round">The round, with what is remembered after it.</param>
    public void Close(MethodRound round)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        int[] indices = [.. round.Remembered.Where(Knows)];
        long[] keys = Keys(round.Pool, indices);
        var own = Of(indices).cpu();
        if (windows is not null && logits is not null)
        {
            var met = keys.ToHashSet();
            long[] before = windows.data<long>().ToArray();
            long[] kept = [.. Enumerable.Range(0, before.Length).Where(row => !met.Contains(before[row])).TakeLast(Math.Max(0, Capacity - keys.Length)).Select(row => (long)row)];
            var older = zeros(kept.Length, own.shape[1]);
            older.narrow(1, 0, logits.shape[1]).copy_(logits.index_select(0, tensor(kept, ScalarType.Int64)));
            (keys, own) = ([.. kept.Select(row => before[row]), .. keys], cat([older, own]));
        }

        int dropped = Math.Max(0, keys.Length - Capacity);
        Replace(tensor(keys[dropped..], ScalarType.Int64), own.narrow(0, dropped, keys.Length - dropped).clone());
        ofPool?.Dispose();
        ofPool = null;
    }

    /// <summary>What goes into a checkpoint; empty before the first round is over.</summary>
    public IReadOnlyDictionary<string, Tensor> State() =>
        windows is null || logits is null ? new Dictionary<string, Tensor>() : new Dictionary<string, Tensor> { [WindowsName] = windows, [LogitsName] = logits };

    /// <summary>Puts back what <see cref="State"/> gave.</summary>
    public void Restore(IReadOnlyDictionary<string, Tensor> state)
    {
        if (state.Count > 0) Replace(state[WindowsName].clone(), state[LogitsName].clone());
    }

    /// <summary>What was kept in the round so far.</summary>
    public IReadOnlyDictionary<string, Tensor> StepState()
    {
        if (ofPool is null) return new Dictionary<string, Tensor>();
        isKnownKept?.Dispose();
        isKnownKept = tensor(Array.ConvertAll(isKnown, known => known ? 1L : 0)).DetachFromDisposeScope();
        return new Dictionary<string, Tensor> { [OfPoolName] = ofPool, [IsKnownName] = isKnownKept };
    }

    /// <summary>Puts back what <see cref="StepState"/> gave; the round is open.</summary>
    public void RestoreSteps(IReadOnlyDictionary<string, Tensor> state)
    {
        using var _ = no_grad();
        ofPool!.copy_(StateTensor.Of(state, OfPoolName, ofPool.numel()));
        isKnown = Array.ConvertAll(StateTensor.Of(state, IsKnownName, isKnown.Length).data<long>().ToArray(), known => known != 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        isKnownKept?.Dispose();
        windows?.Dispose();
        logits?.Dispose();
        ofPool?.Dispose();
        (windows, logits, ofPool) = (null, null, null);
    }

    private static long[] Keys(TrainingPool pool, int[] indices)
    {
        long[] keys = new long[indices.Length];
        byte[] hash = new byte[SHA256.HashSizeInBytes];
        for (int i = 0; i < indices.Length; i++)
        {
            using var window = pool.At([indices[i]]);
            using var local = window.cpu();
            SHA256.HashData(MemoryMarshal.AsBytes(local.data<float>().ToArray().AsSpan()), hash);
            keys[i] = BinaryPrimitives.ReadInt64LittleEndian(hash);
        }

        return keys;
    }

    private void Replace(Tensor newWindows, Tensor newLogits)
    {
        windows?.Dispose();
        logits?.Dispose();
        (windows, logits) = (newWindows.DetachFromDisposeScope(), newLogits.DetachFromDisposeScope());
    }
}
