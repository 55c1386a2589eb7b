namespace Edge.Storage;

/// <summary>Everything that lies beside the replay buffer's data file, and its names.</summary>
/// <param name="Data">The LiteDB file.</param>
internal sealed record ReplayPlaces(string Data)
{
    /// <summary>Damaged files that are kept for a look; the oldest beyond them are deleted when one more comes.</summary>
    public const int PutAsideCount = 3;

    private const string LogEnding = "-log";

    /// <summary>The folder of all of it.</summary>
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(Data))!;

    /// <summary>The journal, under the name of LiteDB's log; data and journal are one unit.</summary>
    public string Log => ReplayFile.LogOf(Data);

    /// <summary>Held by the process that has the store open.</summary>
    public string Lock => Stem + ".lock";

    /// <summary>Ids that may have been given (<see cref="IdMark"/>).</summary>
    public string Ids => Stem + ".ids";

    /// <summary>Bytes of records that could not be read (<see cref="QuarantineLog"/>).</summary>
    public string Quarantine => Stem + ".quarantine.jsonl";

    /// <summary>Copies of the data file (<see cref="ReplayCopies"/>).</summary>
    public string Copies => Stem + "-copies";

    /// <summary>A new data file while it is written; worthless after a crash.</summary>
    public string Unfinished => Data + ".new";

    /// <summary>A new data file, whole and on disk, that waits for the damaged one to be put aside.</summary>
    public string Ready => Data + ".ready";

    /// <summary>Damaged data files that were put aside, oldest first; where the data file had vanished, its log.</summary>
    public IReadOnlyList<string> PutAside => [.. NamesAside.Select(name => File.Exists(name) ? name : name + LogEnding)];

    private IEnumerable<string> NamesAside => Directory.Exists(Folder)
        ? Directory.GetFiles(Folder, Path.GetFileName(Data) + ".bad-*").Select(name => name.EndsWith(LogEnding, StringComparison.Ordinal) ? name[..^LogEnding.Length] : name).Distinct().Order(StringComparer.Ordinal)
        : [];

    private string Stem => Path.Combine(Path.GetDirectoryName(Data) ?? "", Path.GetFileNameWithoutExtension(Data));

    /// <summary>Puts data and log aside, which are never deleted at once, and deletes the oldest of those that were.</summary>
    /// <returns>Where the data file lies now.</returns>
    public string MoveAside(DateTimeOffset now)
    {
        string name = $"{Data}.bad-{now:yyyyMMddTHHmmss}", aside = name;
        for (int more = 2; File.Exists(aside) || File.Exists(aside + LogEnding); more++) aside = $"{name}.{more}";
        if (File.Exists(Data)) File.Move(Data, aside);
        if (File.Exists(Log) && new FileInfo(Log).Length == 0) File.Delete(Log);
        if (File.Exists(Log)) File.Move(Log, aside + LogEnding);
        foreach (string old in NamesAside.SkipLast(PutAsideCount))
        {
            File.Delete(old);
            File.Delete(old + LogEnding);
        }

        DurableFile.SyncDirectory(Folder);
        return aside;
    }
}
