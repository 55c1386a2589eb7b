namespace Edge.Storage;

/// <summary>
/// The file of <see cref="ClassStatistics"/>, several MB: replaced as a whole (temporary name, fsync, rename), so after a crash it is as before or as after. What is saved counts everything up to
/// <see cref="ClassStatistics.ThroughExampleId"/>; what came later is counted in again from the replay buffer, which must not let an example go before.
/// </summary>
/// <param name="path">Where it lies.</param>
public sealed class StatisticsFile(string path)
{
    /// <summary>Why what was there could not be used; empty when it could, or when nothing was there. <see cref="Load"/> puts it beside the file as <c>.bad</c> then.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>Reads the file; null when it is not there, damaged, or of other features. The latter two are put aside, one of them at most is kept.</summary>
    /// <param name="featureBankId">Features that are computed now.</param>
    /// <param name="featureLength">Their number.</param>
    public ClassStatistics? Load(string featureBankId, int featureLength)
    {
        var statistics = Look(featureBankId, featureLength);
        if (Problem.Length > 0) File.Move(path, path + ".bad", overwrite: true);
        return statistics;
    }

    /// <summary>Reads the file and leaves it where it is; null when it is not there, damaged, or of other features.</summary>
    /// <param name="featureBankId">Features that are computed now.</param>
    /// <param name="featureLength">Their number.</param>
    public ClassStatistics? Look(string featureBankId, int featureLength)
    {
        Problem = "";
        if (!File.Exists(path)) return null;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
        var statistics = ClassStatistics.ReadFrom(stream, featureBankId, featureLength, out string problem);
        if (statistics is not null && stream.Position != stream.Length) (statistics, problem) = (null, $"the statistics are followed by {stream.Length - stream.Position} bytes that do not belong to them.");
        Problem = problem;
        return statistics;
    }

    /// <summary>What is wrong with the file; null when it is whole, or not there. It is only read.</summary>
    public string? Flaw()
    {
        if (!File.Exists(path)) return null;
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
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
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16)) statistics = StatisticsRecord.Read(stream, null, 0, out problem);
        if (statistics is null) throw new IOException($"'{path}': {problem} The class cannot be taken out of it. Delete the file; the next start counts anew what the replay buffer holds.");
        if (!statistics.Remove(className)) return false;
        Save(statistics);
        return true;
    }

    /// <summary>Replaces the file.</summary>
    /// <exception cref="IOException">The disk refused; the old content stands.</exception>
    public void Save(ClassStatistics statistics) => DurableFile.Replace(path, statistics.WriteTo);
}
