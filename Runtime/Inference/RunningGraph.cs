using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>The graph of a snapshot that the hot path runs.</summary>
public static class RunningGraph
{
    private const string Accelerator = "accelerator"; // Whichever: float16 is float16 on both.

    /// <summary>
    /// The graph in less than float32 where that is wanted and the snapshot has it. It runs only on what it was examined on, a CPU or an accelerator. Where the provider has changed since, or fails while it runs, float32 runs until
    /// the other is examined (<c>PrecisionAtStart</c>).
    /// </summary>
    /// <param name="snapshots">Where it lies.</param>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="precision"><c>inference.precision</c>.</param>
    public static GraphFile Of(SnapshotStore snapshots, SnapshotManifest snapshot, string precision) =>
        Of(precision, name => (snapshots.RunningFile(snapshot, name, out string runs), runs));

    /// <summary>The same for a snapshot that is looked at from outside of its service.</summary>
    public static GraphFile Of(StoredSnapshot snapshot, string precision) => Of(precision, name => (snapshot.RunningFile(name, out string runs), runs));

    /// <summary>
    /// The name under which the store keeps a reduced graph. int8 that was examined on a CPU and float16 that was on an accelerator have their own; snapshots of earlier versions have no other, and what they keep under it is taken for
    /// one of these. What was examined elsewhere says so.
    /// </summary>
    /// <param name="kind"><c>int8</c> or <c>float16</c>.</param>
    /// <param name="provider">The execution provider that it was examined on.</param>
    public static string NameOf(string kind, string provider) => ReducedGraph.KindFor("auto", provider) == kind ? kind : $"{kind}.{(provider == ProviderChain.Cpu ? ProviderChain.Cpu : Accelerator)}";

    private static GraphFile Of(string precision, Func<string, (string Path, string Runs)> stored)
    {
        return precision == "float32" ? new GraphFile(stored(precision).Path) : On(Accelerator) with { OnCpu = On(ProviderChain.Cpu) };

        GraphFile On(string provider)
        {
            string kind = ReducedGraph.KindFor(precision, provider)!;
            var (path, runs) = stored(NameOf(kind, provider));
            return new GraphFile(path, runs == "float32" ? runs : kind);
        }
    }
}
