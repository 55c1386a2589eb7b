namespace Edge.Storage;

/// <summary>
/// The file of <see cref="ClassStatistics"/>, several MB: replaced as a whole (temporary name, fsync, rename), so after a crash it is as before or as after. What is saved counts everything up to
/// <see cref="ClassStatistics.ThroughExampleId"/>; what came later is counted in again from the replay buffer, which must not let an example go before.
/// </summary>
/// <remarks>It holds sums of one kind of features. Those of others lie beside it (<see cref="StatisticsShelf"/>) until such features are computed again.</remarks>
/// <param name="path">Where it lies.</param>
public sealed class StatisticsFile(string path)
{
    private readonly StatisticsShelf shelf = new(path);
    private string? inFile; // Features of what it holds; null where that is not known, or nothing is there.

    /// <summary>Why there are no sums of the features that were asked for; empty when there are, and when no file was there. What is damaged is put beside the file as <c>.bad</c> by <see cref="Load"/>.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>What the file says of itself; null when it is not there, or its head is damaged.</summary>
    public StatisticsHead? Head
    {
        get
        {
            if (!File.Exists(path)) return null;
            using var stream = Open();
            return StatisticsRecord.ReadHead(stream);
        }
    }

    /// <summary>
    /// Takes up the sums of these features; null when there are none. A file of other features is laid aside first, and what was laid aside of these takes its place; a damaged file is put aside as <c>.bad</c>, one of which is kept.
    /// </summary>
    /// <param name="featureBankId">Features that are computed now.</param>
    /// <param name="featureLength">Their number.</param>
    /// <exception cref="IOException">The disk refused; each file is whole under one of its names.</exception>
    public ClassStatistics? Load(string featureBankId, int featureLength)
    {
        var statistics = Look(featureBankId, featureLength);
        if (Problem.Length > 0) PutAside(featureBankId);
        if (statistics is null && shelf.TakeUp(featureBankId))
        {
            statistics = Look(featureBankId, featureLength);
            if (Problem.Length > 0) PutAside(featureBankId);
        }

        inFile = statistics?.FeatureBankId;
        return statistics;
    }

    /// <summary>Reads the file and leaves it where it is; null when it is not there, damaged, or of other features.</summary>
    /// <param name="featureBankId">Features that are computed now.</param>
    /// <param name="featureLength">Their number.</param>
    public ClassStatistics? Look(string featureBankId, int featureLength)
    {
        Problem = "";
        if (!File.Exists(path)) return null;
        using var stream = Open();
        var statistics = ClassStatistics.ReadFrom(stream, featureBankId, featureLength, out string problem);
        if (statistics is not null && stream.Position != stream.Length) (statistics, problem) = (null, $"the statistics are followed by {stream.Length - stream.Position} bytes that do not belong to them.");
        Problem = problem;
        return statistics;
    }

    /// <summary>What is wrong with the file; null when it is whole, or not there. It is only read.</summary>
    public string? Flaw()
    {
        if (!File.Exists(path)) return null;
        using var stream = Open();
        return StatisticsRecord.Read(stream, null, 0, out string problem) is null ? problem : stream.Position == stream.Length ? null : $"the statistics are followed by {stream.Length - stream.Position} bytes that do not belong to them.";
    }

    /// <summary>Forgets a class in the file, whatever features it is of.</summary>
    /// <returns>Whether the class was there.</returns>
    /// <exception cref="IOException">The disk refused, or the file is damaged, so that nobody can take the class out of it; it is as before.</exception>
    public bool Forget(string className)
    {
        if (!File.Exists(path)) return false;
        ClassStatistics? statistics;
        string problem;
        using (var stream = Open()) statistics = StatisticsRecord.Read(stream, null, 0, out problem);
        if (statistics is null) throw new IOException($"'{path}': {problem} The class cannot be taken out of it. Delete the file; the next start counts anew what the replay buffer holds.");
        if (!statistics.Remove(className)) return false;
        Save(statistics);
        return true;
    }

    /// <summary>Says of the sums in the file that their features have another identity than was written with them.</summary>
    /// <param name="featureBankId">The identity.</param>
    /// <exception cref="IOException">The disk refused; the file is as before.</exception>
    public void Rename(string featureBankId)
    {
        ClassStatistics? statistics;
        using (var stream = Open()) statistics = StatisticsRecord.Read(stream, null, 0, out _);
        if (statistics is not null) DurableFile.Replace(path, statistics.As(featureBankId).WriteTo); // What is damaged is for Load to find.
    }

    /// <summary>Replaces the file; one of other features than these is laid aside.</summary>
    /// <exception cref="IOException">The disk refused; the old content stands.</exception>
    public void Save(ClassStatistics statistics)
    {
        if (inFile is { } other && other != statistics.FeatureBankId && File.Exists(path)) shelf.LayAside(other);
        inFile = null; // Were the disk to refuse after that, nothing of other features is left to be laid aside.
        DurableFile.Replace(path, statistics.WriteTo);
        inFile = statistics.FeatureBankId;
    }

    private FileStream Open() => new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);

    /// <summary>Of other features: laid aside to be taken up again. Damaged: kept for whoever wants to look.</summary>
    private void PutAside(string featureBankId)
    {
        if (Head is { } head && head.FeatureBankId != featureBankId) shelf.LayAside(head.FeatureBankId);
        else DurableFile.Rename(path, path + ".bad");
    }
}
