using Edge.Runtime.Inference;

namespace Edge.Runtime.Stages;

/// <summary>
/// The one place through which a new snapshot or a fresher read-out reach the classifier stage. One writer (the example stage) leaves them here; the classifier stage looks between two windows.
/// No lock, no gap: the latest wins, and a session that was replaced before it ran is disposed.
/// </summary>
public sealed class ReadOutSlot : IDisposable
{
    private Classifier? next;
    private Published? published;

    /// <summary>Leaves a session to switch to, with its read-out.</summary>
    public void Swap(Classifier classifier, PublishedReadOut readOut)
    {
        Volatile.Write(ref published, new Published(classifier.Snapshot.Id, readOut));
        Interlocked.Exchange(ref next, classifier)?.Dispose();
    }

    /// <summary>Leaves a fresher read-out for the snapshot that runs.</summary>
    public void Publish(string snapshotId, PublishedReadOut readOut) => Volatile.Write(ref published, new Published(snapshotId, readOut));

    /// <summary>Brings <paramref name="running"/> up to date; true when the session itself was switched.</summary>
    public bool Apply(ref Classifier? running, ref object? applied)
    {
        bool switched = false;
        if (Volatile.Read(ref next) is not null && Interlocked.Exchange(ref next, null) is { } taken)
        {
            running?.Dispose();
            running = taken;
            applied = null;
            switched = true;
        }

        var latest = Volatile.Read(ref published);
        if (running is not null && latest is not null && !ReferenceEquals(latest, applied) && latest.SnapshotId == running.Snapshot.Id)
        {
            running.Use(latest.ReadOut.Weights);
            applied = latest;
        }

        return switched;
    }

    /// <summary>The read-out that a snapshot runs with now; null when another one runs.</summary>
    public PublishedReadOut? LatestFor(string snapshotId) => Volatile.Read(ref published) is { } latest && latest.SnapshotId == snapshotId ? latest.ReadOut : null;

    /// <summary>Name of the read-out that was left last, for a person; empty before the first.</summary>
    public string LatestName => Volatile.Read(ref published)?.ReadOut.Weights.Name ?? "";

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref next, null)?.Dispose();

    private sealed record Published(string SnapshotId, PublishedReadOut ReadOut);
}

/// <summary>A read-out as it runs, with what it was put together from.</summary>
/// <param name="Weights">Inputs of the graph.</param>
/// <param name="Branches">What each branch would say.</param>
/// <param name="Blend">Which of them vote.</param>
/// <param name="FrozenBankId">Features of the frozen branch; null without one.</param>
public sealed record PublishedReadOut(ReadOutWeights Weights, BranchReadOuts Branches, ReadOutBlend Blend, string? FrozenBankId);
