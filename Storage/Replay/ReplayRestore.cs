namespace Edge.Storage;

/// <summary>
/// Makes a new data file when the old one is damaged: of the old one every record that still has its checksum, wherever LiteDB stands with it, and of the newest copy what is missing then. A crash at any moment leaves the old
/// file or the new one: the new one is whole before the old one is put aside, and the next start finishes what is left to do.
/// </summary>
internal static class ReplayRestore
{
    /// <summary>Finishes a restore that a crash interrupted, and removes what is worthless.</summary>
    public static void FinishInterrupted(ReplayPlaces places, DateTimeOffset now)
    {
        File.Delete(places.Unfinished);
        if (!File.Exists(places.Ready)) return;
        places.MoveAside(now);
        DurableFile.Rename(places.Ready, places.Data);
    }

    /// <summary>Replaces the damaged file; where nothing can be read, the new one knows which ids have been given.</summary>
    /// <param name="places">The files.</param>
    /// <param name="reason">How the damage showed.</param>
    /// <param name="mark">Ids that may have been given.</param>
    /// <param name="mostExamples">As many as the store can have held: no more can be lost.</param>
    /// <param name="now">Names what is put aside.</param>
    /// <exception cref="IOException">The disk refused; all files are as before.</exception>
    public static ReplayRecovery Run(ReplayPlaces places, string reason, IdMark mark, long mostExamples, DateTimeOffset now)
    {
        string? copy = new ReplayCopies(places, 1).Files.LastOrDefault(file => ReplayCopies.FlawOf(file) is null);
        var kept = new HashSet<long>();
        long pages = 0;
        int fromCopy;
        ReplayLedger? expected = null, ofCopy = null;
        // First without the pages that the header does not count: only where something is missing may it be the header that is damaged.
        bool trustsHeader = Survey(true) || !Survey(false), isWhole = IsWhole();
        int salvaged = kept.Count(id => id > 0);
        var wanted = new HashSet<long>();
        if (copy is not null && !isWhole)
        {
            using var scan = new PageScan(copy, null);
            foreach (var (id, bytes) in scan.Records())
            {
                if (id == ReplayLedger.Document) ofCopy = ReplayLedger.FromBytes(bytes);
                if (kept.Contains(id) || id is ReplayLedger.Document or ReplayFile.PrototypesDocument || !wanted.Add(id)) continue; // Prototypes of then do not count what came since: they are made anew.
                pages += ReplayRewriter.PagesFor(bytes.Length);
            }
        }

        var loss = RestoreLoss.Of(expected, kept, wanted, mark.Reserved, mostExamples);
        wanted.IntersectWith(loss.Returning);
        fromCopy = wanted.Count(id => id > 0);

        bool isEmpty = salvaged + fromCopy == 0;
        if (!isEmpty || mark.Reserved > 0)
        {
            ReplayRewriter.Write(places.Unfinished, isEmpty ? [(ReplayFile.StateDocument, ReplayIndex.EmptyAfter(mark.Reserved))] : Documents(), expected ?? ofCopy ?? default, ReplayRewriter.BytesFor(pages), null, CancellationToken.None);
            DurableFile.Rename(places.Unfinished, places.Ready);
        }

        string aside = places.MoveAside(now);
        if (File.Exists(places.Ready)) DurableFile.Rename(places.Ready, places.Data);
        return new ReplayRecovery(aside, reason, salvaged, fromCopy, loss.LeastCount, loss.MostCount, copy is null || isWhole ? null : Path.GetFileName(copy));

        bool Survey(bool trusting)
        {
            int before = kept.Count;
            using var scan = new PageScan(places.Data, places.Log, trusting);
            foreach (var (id, bytes) in scan.Records())
            {
                if (!IsGood(id, bytes)) continue;
                if (id == ReplayLedger.Document) expected ??= ReplayLedger.FromBytes(bytes);
                else if (kept.Add(id)) pages += ReplayRewriter.PagesFor(bytes.Length);
            }

            return trusting ? IsWhole() : kept.Count > before;
        }

        bool IsWhole() => expected is { } all && all.DocumentCount == kept.Count && all.IdSum == kept.Aggregate(0L, (sum, id) => unchecked(sum + id));

        static bool IsGood(long id, byte[] bytes) => Crc32C.IsLast(bytes) && (id <= 0 || ExampleRecord.Read(bytes, (ulong)id) is not null);

        IEnumerable<(long, byte[])> Documents()
        {
            var left = new HashSet<long>(kept);
            using (var scan = new PageScan(places.Data, places.Log, trustsHeader))
            {
                foreach (var (id, bytes) in scan.Records())
                {
                    if (IsGood(id, bytes) && left.Remove(id)) yield return Continued(id, bytes);
                }
            }

            if (wanted.Count == 0) yield break;
            using var second = new PageScan(copy!, null);
            left = new HashSet<long>(wanted);
            foreach (var (id, bytes) in second.Records())
            {
                if (left.Remove(id)) yield return Continued(id, bytes);
            }
        }

        // In the file before it is the store: a crash right after would forget how far ids had been given.
        (long, byte[]) Continued(long id, byte[] bytes) => (id, id == ReplayFile.StateDocument ? ReplayIndex.ContinuedAfter(bytes, mark.Reserved) : bytes);
    }
}

/// <summary>What a start, or an access, made of a damaged data file.</summary>
/// <param name="PutAside">Where the damaged file lies now; its log beside it as <c>…-log</c>.</param>
/// <param name="Reason">How the damage showed.</param>
/// <param name="SalvagedCount">Examples read from the damaged file.</param>
/// <param name="FromCopyCount">Examples that the copy had and the damaged file had no longer. Where <paramref name="LeastLostCount"/> is less than <paramref name="LostCount"/>, some of them may have left the store since the copy was made.</param>
/// <param name="LeastLostCount">Records that are certainly gone.</param>
/// <param name="LostCount">Records that may be gone, at most; see <see cref="RestoreLoss"/>.</param>
/// <param name="Copy">Name of the copy; null where none was needed or none was good.</param>
public sealed record ReplayRecovery(string PutAside, string Reason, int SalvagedCount, int FromCopyCount, long LeastLostCount, long LostCount, string? Copy)
{
    /// <summary>The loss, for a person.</summary>
    public string Loss => LostCount == LeastLostCount ? $"{LostCount} records are lost" : $"{LeastLostCount} to {LostCount} records are lost, and as many of those from the copy may have left the store before";
}
