namespace Edge.Storage;

/// <summary>
/// What a restore has lost, between two bounds that hold whatever happened. A record that a copy has and the damaged file has not was either on a damaged page, or had left the store since the copy was made: one by one the two
/// cannot be told apart, but the damaged file's ledger says how many records there were and what their ids add up to.
/// </summary>
/// <param name="LeastCount">Records that are certainly gone.</param>
/// <param name="MostCount">Records that may be gone, at most.</param>
/// <param name="Returning">What the copy gives back: all of what was wanted, or less where the ledger tells which of it belongs.</param>
internal sealed record RestoreLoss(long LeastCount, long MostCount, IReadOnlySet<long> Returning)
{
    /// <summary>Counts it.</summary>
    /// <param name="ledger">The damaged file's own; null where it could not be read. A copy's would not count what came after it.</param>
    /// <param name="kept">Documents read from the damaged file.</param>
    /// <param name="wanted">Documents that the copy has beyond them.</param>
    /// <param name="reservedThrough">The newest id that may have been given.</param>
    /// <param name="mostExamples">As many examples as the store can have held.</param>
    public static RestoreLoss Of(ReplayLedger? ledger, IReadOnlySet<long> kept, IReadOnlySet<long> wanted, ulong reservedThrough, long mostExamples)
    {
        if (ledger is { } told) return Told(told, kept, wanted);
        // Nobody knows what there was. Ids beyond the copy's newest may have been given to examples that came later; what is older and neither in the file nor in the copy had left before.
        long newest = wanted.Count > 0 ? Math.Max(0, wanted.Max()) : 0;
        long later = Math.Max(0, (long)reservedThrough - newest - kept.Count(id => id > newest));
        return new RestoreLoss(0, Math.Min(later, Math.Max(0, mostExamples - kept.Count(id => id > 0))), wanted);
    }

    private static RestoreLoss Told(ReplayLedger told, IReadOnlySet<long> kept, IReadOnlySet<long> wanted)
    {
        long missing = Math.Max(0, told.DocumentCount - kept.Count), idSum = unchecked(told.IdSum - Sum(kept));
        if (Exactly(missing, idSum, wanted) is { } all) return new RestoreLoss(0, 0, all);
        // Prototypes are no loss: they are made anew.
        if (!kept.Contains(ReplayFile.PrototypesDocument) && Exactly(missing - 1, unchecked(idSum - ReplayFile.PrototypesDocument), wanted) is { } rest) return new RestoreLoss(0, 0, rest);
        return missing == 1 ? new RestoreLoss(1, 1, new HashSet<long>()) : new RestoreLoss(Math.Max(0, missing - wanted.Count), missing, wanted);
    }

    /// <summary>Those of the wanted that are just as many and add up; null where that cannot be told.</summary>
    private static IReadOnlySet<long>? Exactly(long count, long idSum, IReadOnlySet<long> wanted)
    {
        if (count == 0 && idSum == 0) return new HashSet<long>();
        if (count == 1 && wanted.Contains(idSum)) return new HashSet<long> { idSum };
        return count == wanted.Count && idSum == Sum(wanted) ? wanted : null;
    }

    private static long Sum(IEnumerable<long> ids) => ids.Aggregate(0L, (sum, id) => unchecked(sum + id));
}
