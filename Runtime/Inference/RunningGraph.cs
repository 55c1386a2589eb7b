using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>The graph of a snapshot that the hot path runs.</summary>
public static class RunningGraph
{
    /// <summary>
    /// The graph in less than float32 where that is wanted and the snapshot has it. Under <c>auto</c> a graph runs only on what it was examined on: int8 on a CPU, float16 on an accelerator (<see cref="ReducedGraph.KindFor"/>). Where the
    /// provider has changed since, float32 runs until the other is examined (<c>PrecisionAtStart</c>).
    /// </summary>
    /// <param name="snapshots">Where it lies.</param>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="precision"><c>inference.precision</c>.</param>
    public static GraphFile Of(SnapshotStore snapshots, SnapshotManifest snapshot, string precision) =>
        Of(precision, kind => new GraphFile(snapshots.RunningFile(snapshot, kind, out string runs), runs));

    /// <summary>The same for a snapshot that is looked at from outside of its service.</summary>
    public static GraphFile Of(StoredSnapshot snapshot, string precision) => Of(precision, kind => new GraphFile(snapshot.RunningFile(kind, out string runs), runs));

    private static GraphFile Of(string precision, Func<string, GraphFile> graphIn) => precision == "auto" ? graphIn(ReducedGraph.Float16) with { OnCpu = graphIn(ReducedGraph.Int8) } : graphIn(precision);
}
