using Edge.Runtime.Inference;
using Edge.Storage;

namespace Edge.Runtime.Stages;

/// <summary>
/// The one place through which a new snapshot or fresher prototypes reach the classifier stage. One writer (the example stage) leaves them here; the classifier stage looks between two windows.
/// No lock, no gap: the latest wins, and a session that was replaced before it ran is disposed.
/// </summary>
public sealed class ReadOutSlot : IDisposable
{
    private Classifier? next;
    private Published? published;

    /// <summary>Leaves a session to switch to, with its prototypes.</summary>
    public void Swap(Classifier classifier, PrototypeMatrix prototypes)
    {
        Volatile.Write(ref published, new Published(classifier.Snapshot.Id, prototypes));
        Interlocked.Exchange(ref next, classifier)?.Dispose();
    }

    /// <summary>Leaves fresher prototypes for the snapshot that runs.</summary>
    public void Publish(string snapshotId, PrototypeMatrix prototypes) => Volatile.Write(ref published, new Published(snapshotId, prototypes));

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
            running.Use(latest.Prototypes);
            applied = latest;
        }

        return switched;
    }

    /// <summary>The prototypes that a snapshot runs with now; null when another one runs.</summary>
    public PrototypeMatrix? LatestFor(string snapshotId) => Volatile.Read(ref published) is { } latest && latest.SnapshotId == snapshotId ? latest.Prototypes : null;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref next, null)?.Dispose();

    private sealed record Published(string SnapshotId, PrototypeMatrix Prototypes);
}
