namespace Edge.Runtime.Stages;

/// <summary>The folder with everything that survives a reboot; one service at a time holds it.</summary>
public sealed class DataDirectory : IDisposable
{
    private readonly FileStream? holder;

    private DataDirectory(string path, FileStream? holder) => (Path, this.holder) = (path, holder);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The LiteDB file of the replay buffer.</summary>
    public string ReplayFile => System.IO.Path.Combine(Path, "replay.db");

    /// <summary>Accepted snapshots.</summary>
    public string Snapshots => System.IO.Path.Combine(Path, "snapshots");

    /// <summary>Statistics of the frozen features, and what the anchors chose.</summary>
    public Inference.ReadOutFiles ReadOut => new(System.IO.Path.Combine(Path, "statistics.bin"), System.IO.Path.Combine(Path, "readout.json"));

    /// <summary>Engines that TensorRT has built; may be deleted at any time.</summary>
    public string Engines => System.IO.Path.Combine(Path, "engines");

    /// <summary>Which windows the examples of the replay buffer are.</summary>
    public string Shapes => System.IO.Path.Combine(Path, "shapes.json");

    /// <summary>What has come so far of a snapshot that is offered over the air.</summary>
    public string Incoming => System.IO.Path.Combine(Path, "incoming");

    /// <summary>Training rounds.</summary>
    public string Rounds => System.IO.Path.Combine(Path, "rounds");

    /// <summary>Best accuracies so far.</summary>
    public string Forgetting => System.IO.Path.Combine(Path, "forgetting.json");

    /// <summary>The graph of the first snapshot, to tell how far the representation has moved.</summary>
    public string FirstGraph => System.IO.Path.Combine(Path, "first");

    /// <summary>The LiteDB file of what waits for the broker.</summary>
    public string OutboxFile => System.IO.Path.Combine(Path, "outbox.db");

    /// <summary>What the drift watch has seen.</summary>
    public string Drift => System.IO.Path.Combine(Path, "drift.bin");

    /// <summary>The windows of its reference.</summary>
    public string DriftReference => System.IO.Path.Combine(Path, "drift-reference.bin");

    /// <summary>Configuration accepted over the air.</summary>
    public string Config => System.IO.Path.Combine(Path, "config");

    /// <summary>Number of Sparkplug births.</summary>
    public string BirthNumber => System.IO.Path.Combine(Path, "sparkplug.bdseq");

    /// <summary>Where the device was announced to Home Assistant.</summary>
    public string Announcements => System.IO.Path.Combine(Path, "announced");

    /// <summary>Log of a run with the live view, which has the terminal to itself.</summary>
    public string Log => System.IO.Path.Combine(Path, "edge.log");

    /// <summary>The names of its files, without taking it.</summary>
    public static DataDirectory At(string path) => new(System.IO.Path.GetFullPath(path), null);

    /// <summary>Takes the folder; created when it is not there.</summary>
    /// <exception cref="IOException">Another service holds it, or it cannot be written; the message says which and what to do.</exception>
    public static DataDirectory Take(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        At(full).Create();

        try
        {
            // The kernel lets go of this lock when the process dies, however it dies.
            return new DataDirectory(full, new FileStream(System.IO.Path.Combine(full, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"the data directory '{full}' is held by another edge service, or cannot be written ({e.Message}). Stop the other one, or set device.dataDirectory to another folder.", e);
        }
    }

    /// <summary>Creates the folder where it is not there.</summary>
    /// <exception cref="IOException">It cannot be; the message says why and what to do.</exception>
    public void Create()
    {
        try
        {
            Directory.CreateDirectory(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"the data directory '{Path}' cannot be created: {e.Message} Set device.dataDirectory to a folder that this user may write.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => holder?.Dispose();
}
