namespace Edge.ReplayVictim;

/// <summary>What became of the kills.</summary>
/// <param name="KillsOf">Kills by stage.</param>
/// <param name="AcknowledgedCount">Examples that were acknowledged before a kill.</param>
/// <param name="InTheAct">Kills after the line of the stage and before the next acknowledgement.</param>
/// <param name="Problems">Everything that was lost or wrong.</param>
public sealed record KillReport(IReadOnlyDictionary<string, int> KillsOf, long AcknowledgedCount, int InTheAct, IReadOnlyList<string> Problems)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"{KillsOf.Values.Sum()} kills ({string.Join(", ", KillsOf.Select(k => $"{k.Key} {k.Value}"))}), {InTheAct} of them in the act; {AcknowledgedCount} examples acknowledged; {Problems.Count} problems"
        + string.Concat(Problems.Select(problem => "\n" + problem));

    /// <summary>The same as a Markdown page, with where and how it was found.</summary>
    /// <param name="command">The command.</param>
    public IEnumerable<string> Page(string command) =>
    [
        "# Kills of the replay buffer", "",
        "A process at work on a store is killed with SIGKILL at a random moment; a fresh one opens the store and compares it, example by example, with what was acknowledged, and the sums of the statistics to the bit. In the stages",
        "of a store with room for everything nothing may be missing; in those of one from which examples leave (`evict`, `trim`, `copy`, `forget`) it must hold exactly what another store holds to which the same was done in peace.", "",
        "| stage | kills |", "|---|---:|",
        .. KillsOf.Select(pair => $"| {pair.Key} | {pair.Value} |"),
        $"| all | {KillsOf.Values.Sum()} |", "",
        $"{InTheAct} of the kills came between the beginning of a change and its acknowledgement. {AcknowledgedCount} examples were acknowledged; {(Problems.Count == 0 ? "none was lost, none was wrong, and every store opened again." : $"{Problems.Count} problems:")}",
        .. Problems.Select(problem => $"- {problem}"), "",
        .. Benchmarks.Machine.Facts(),
        $"- LiteDB {typeof(Storage.ReplayBuffer).Assembly.GetReferencedAssemblies().Single(name => name.Name == "LiteDB").Version}; file system of the stores: {new DriveInfo(Path.GetTempPath()).DriveFormat}",
        $"- `{command}`",
    ];
}
