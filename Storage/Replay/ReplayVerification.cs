using System.Globalization;

namespace Edge.Storage;

/// <summary>
/// Reads everything that the replay buffer has on the disk and says what is wrong; nothing is changed. The data file is read twice, through LiteDB and straight from its pages, since a damaged index hides records without an error.
/// </summary>
public static class ReplayVerification
{
    private const int MostNamed = 5;

    /// <summary>Verifies a store that nobody has open.</summary>
    /// <param name="path">The data file.</param>
    /// <param name="holdsLock">Whether to take the store's lock first; not for a copy beside a running service.</param>
    /// <param name="progress">Told how many records were read.</param>
    /// <param name="cancel">Stops between two records.</param>
    /// <exception cref="IOException">Another process has the store open, or the disk refused.</exception>
    public static ReplayVerdict Run(string path, bool holdsLock, IProgress<long>? progress, CancellationToken cancel)
    {
        var places = new ReplayPlaces(path);
        using var held = holdsLock ? ReplayLock.Take(places) : null;
        var problems = new List<ReplayProblem>();
        var found = new Dictionary<long, uint>();
        long read = 0;
        ulong newest = 0;
        ReplayLedger? ledger = null;
        List<long> damaged = [], unreadable = [];
        using (var scan = new PageScan(path, places.Log))
        {
            foreach (var (id, bytes) in scan.Records())
            {
                cancel.ThrowIfCancellationRequested();
                if (++read % 256 == 0) progress?.Report(read);
                if (!Crc32C.IsLast(bytes)) damaged.Add(id);
                else if (id == ReplayLedger.Document) ledger = ReplayLedger.FromBytes(bytes);
                else if (id > 0 && ExampleRecord.Read(bytes, (ulong)id) is null) unreadable.Add(id);
                else
                {
                    found[id] = Crc32C.Of(bytes);
                    if (id > 0) newest = Math.Max(newest, (ulong)id);
                }
            }
        }

        progress?.Report(read);
        if (damaged.Count > 0) problems.Add(new(Named(damaged), path, "records with their checksum", "They are put into quarantine at the next start of the service; 'edge replay compact' does it now."));
        if (unreadable.Count > 0) problems.Add(new(Named(unreadable), path, "examples of a version that this program knows", "Use the program that wrote them, or a newer one; this one puts them into quarantine."));
        if (ledger is null && found.Count > 0) problems.Add(new("no ledger", path, "a document that says how many records there are", "A file from before there were ledgers gets one with its next change; otherwise it is damaged, and the next change writes it anew."));
        if (found.Count > 0 && !found.ContainsKey(ReplayFile.StateDocument)) problems.Add(new("no state", path, "the store's counters", "The next start goes on with what the examples tell, and skips ids."));
        if (ledger is { } told && told.DocumentCount != found.Count + damaged.Count + unreadable.Count)
            problems.Add(new($"{found.Count + damaged.Count + unreadable.Count} records", path, $"{told.DocumentCount} records, as its ledger says", "The next start, or 'edge replay compact', restores what is missing from the newest copy."));
        ThroughIndex(places, found, problems, cancel);

        var mark = new IdMark(places.Ids);
        if (holdsLock && found.Count > 0 && mark.Reserved < newest) problems.Add(new(mark.Reserved.ToString(CultureInfo.InvariantCulture), places.Ids, $"at least {newest}, the newest example's id", "It is written anew with the next example. Was an older file put there?"));
        if (holdsLock) Copies(places, problems);
        return new ReplayVerdict(found.Keys.Count(id => id > 0), damaged.Count + unreadable.Count, problems);
    }

    /// <summary>The same records must come through LiteDB's index.</summary>
    private static void ThroughIndex(ReplayPlaces places, Dictionary<long, uint> found, List<ReplayProblem> problems, CancellationToken cancel)
    {
        const string remedy = "The next start of the service, or 'edge replay compact', puts it aside and restores what can be read.";
        if (ReplayFile.CutOffAt(places.Data) is { } cutOff)
        {
            problems.Add(new(cutOff, places.Data, "a file of whole pages", remedy));
            return;
        }

        long seen = 0;
        try
        {
            using var file = new ReplayFile(places.Data, isReadOnly: true);
            foreach (var (id, bytes) in file.All())
            {
                cancel.ThrowIfCancellationRequested();
                if (found.TryGetValue(id, out uint checksum) && checksum == Crc32C.Of(bytes)) seen++;
            }

            if (seen != found.Count) problems.Add(new($"{seen} of {found.Count} good records come through the index", places.Data, "all of them", remedy));
        }
        catch (Exception e) when (e is not (OperationCanceledException or UnauthorizedAccessException))
        {
            problems.Add(new($"LiteDB fails after {seen} records: {e.Message}", places.Data, "a file that it reads to the end", remedy));
        }
    }

    private static void Copies(ReplayPlaces places, List<ReplayProblem> problems)
    {
        foreach (string copy in new ReplayCopies(places, 1).Files)
        {
            if (ReplayCopies.FlawOf(copy) is { } flaw) problems.Add(new(flaw, copy, "a copy that is whole", "Delete it; the service makes another."));
        }

        foreach (string old in places.PutAside) problems.Add(new("a damaged file that was put aside", old, "none", "It is kept for a look; delete it and its '-log' when nobody needs it."));
    }

    private static string Named(List<long> ids) => $"{ids.Count} damaged or unknown: {string.Join(", ", ids.Take(MostNamed))}{(ids.Count > MostNamed ? ", …" : "")}";
}

/// <summary>What a verification came to.</summary>
/// <param name="ExampleCount">Examples that were read whole.</param>
/// <param name="BadCount">Records that could not be read.</param>
/// <param name="Problems">Everything that is wrong; empty when all is well.</param>
public sealed record ReplayVerdict(int ExampleCount, int BadCount, IReadOnlyList<ReplayProblem> Problems);

/// <summary>One thing that is wrong.</summary>
/// <param name="Value">What was found.</param>
/// <param name="Place">In which file.</param>
/// <param name="Expected">What should be there.</param>
/// <param name="Remedy">What to do.</param>
public sealed record ReplayProblem(string Value, string Place, string Expected, string Remedy)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Place}: {Value}; expected {Expected}. {Remedy}";
}
