using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>The graph of a snapshot that the hot path runs.</summary>
public static class RunningGraph
{
    /// <summary>The graph in less than float32 where that is wanted and the snapshot has it. What <c>auto</c> kept in float16 was examined on a GPU: a CPU takes the float32 graph.</summary>
    /// <param name="snapshots">Where it lies.</param>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="precision"><c>inference.precision</c>.</param>
    public static GraphFile Of(SnapshotStore snapshots, SnapshotManifest snapshot, string precision)
    {
        string path = snapshots.RunningFile(snapshot, precision, out string runs);
        return new GraphFile(path, runs, precision == "auto" && runs == ReducedGraph.Float16 ? snapshots.ModelFile(snapshot) : null);
    }
}
