using System.Text.Json;
using Edge.Runtime.Inference;
using Edge.Storage;
using Edge.Telemetry.Forgetting;

namespace Edge.Runtime.Learning;

/// <summary>
/// How well each class has ever been remembered, kept over restarts in <c>forgetting.json</c>. Of a class that lies there under two names both count (the better best, the lower low); what is measured from then on is written under the
/// first, and the other stays as it was.
/// </summary>
public sealed class MemoryRecord
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
    private readonly string path;
    private readonly ForgettingTracker tracker = new();
    private readonly ClassNames names;
    private readonly List<ClassBest> others = []; // Under a name of the disk that is not the first of its class.

    /// <summary>Why the record could not be read and was put aside (<c>.bad</c>); empty when it could.</summary>
    public string Problem { get; } = "";

    /// <summary>Reads the record; one that is damaged, or may not be read, is begun anew.</summary>
    /// <param name="path">The file.</param>
    /// <param name="names">What classes are called there and now; null: the same.</param>
    public MemoryRecord(string path, ClassNames? names = null)
    {
        (this.path, this.names) = (path, names ?? ClassNames.Same);
        if (!File.Exists(path)) return;
        try
        {
            if (JsonSerializer.Deserialize<ForgettingTrackerState>(File.ReadAllBytes(path), s_json) is { } state) Restore(state);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            Problem = e.Message;
            PutAside();
        }
    }

    private void Restore(ForgettingTrackerState stored)
    {
        others.AddRange(stored.Best.Where(best => names.AllStored(best.Class)[0] != best.Class));
        tracker.Restore(stored with { Best = [.. stored.Best.GroupBy(best => names.FromStored(best.Class), StringComparer.Ordinal).Select(its => its.OrderBy(others.Contains).Aggregate(Together) with { Class = its.Key })] });
    }

    private static ClassBest Together(ClassBest first, ClassBest other) => first with
    {
        BestPercent = Math.Max(first.BestPercent, other.BestPercent),
        LearnedPercent = first.LearnedPercent ?? other.LearnedPercent,
        LowestSincePercent = first.LowestSincePercent is { } low ? Math.Min(low, other.LowestSincePercent ?? low) : other.LowestSincePercent,
    };

    private byte[] Bytes()
    {
        var state = tracker.Save();
        return JsonSerializer.SerializeToUtf8Bytes(state with { Best = [.. state.Best.Select(best => best with { Class = names.ToStored(best.Class) }), .. others] }, s_json);
    }

    private void PutAside()
    {
        try
        {
            File.Move(path, path + ".bad", overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder refuses as well: the next exam writes over it, or cannot either.
        }
    }

    /// <summary>Lets a class go from the file, as if it had never been measured; says whether it was there, under any of its names.</summary>
    /// <exception cref="IOException">The disk refused; it is as before.</exception>
    public bool Forget(string className)
    {
        className = names.FromStored(className);
        var state = tracker.Save();
        if (state.Best.All(best => best.Class != className)) return false;
        tracker.Restore(state with { Best = [.. state.Best.Where(best => best.Class != className)] });
        others.RemoveAll(best => names.FromStored(best.Class) == className);
        DurableFile.Replace(path, Bytes());
        return true;
    }

    /// <summary>Notes one exam of the anchor set.</summary>
    /// <param name="snapshot">The snapshot that was examined.</param>
    /// <param name="exam">What it came to.</param>
    /// <param name="alarmPoints"><c>telemetry.forgettingAlarmPoints</c>; 0: no alarm.</param>
    /// <param name="alarmPointsByClass"><c>telemetry.forgettingAlarmByClass</c>; null: no class has a limit of its own.</param>
    public ForgettingReading Update(SnapshotManifest snapshot, ExamResult exam, double alarmPoints = 0, IReadOnlyDictionary<string, double>? alarmPointsByClass = null)
    {
        var reading = tracker.Update(
            snapshot.Id, snapshot.Round, exam.PerClass.ToDictionary(c => c.Key, c => new AnchorAccuracy(exam.PercentOf(c.Key), c.Value.Count), StringComparer.Ordinal), alarmPoints, alarmPointsByClass);
        try
        {
            DurableFile.Replace(path, Bytes());
        }
        catch (IOException)
        {
            // A full disk: the reading stands, and the next exam writes the record again.
        }

        return reading;
    }
}
