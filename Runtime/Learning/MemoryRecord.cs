using System.Text.Json;
using Edge.Runtime.Inference;
using Edge.Storage;
using Edge.Telemetry.Forgetting;

namespace Edge.Runtime.Learning;

/// <summary>How well each class has ever been remembered, kept over restarts in <c>forgetting.json</c>.</summary>
public sealed class MemoryRecord
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
    private readonly string path;
    private readonly ForgettingTracker tracker = new();

    /// <summary>Why the record could not be read and was put aside (<c>.bad</c>); empty when it could.</summary>
    public string Problem { get; } = "";

    /// <summary>Reads the record; one that is damaged, or may not be read, is begun anew.</summary>
    public MemoryRecord(string path)
    {
        this.path = path;
        if (!File.Exists(path)) return;
        try
        {
            if (JsonSerializer.Deserialize<ForgettingTrackerState>(File.ReadAllBytes(path), s_json) is { } state) tracker.Restore(state);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            Problem = e.Message;
            PutAside();
        }
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

    /// <summary>Lets a class go from the file, as if it had never been measured; says whether it was there.</summary>
    /// <exception cref="IOException">The disk refused; it is as before.</exception>
    public bool Forget(string className)
    {
        var state = tracker.Save();
        if (state.Best.All(best => best.Class != className)) return false;
        tracker.Restore(state with { Best = [.. state.Best.Where(best => best.Class != className)] });
        DurableFile.Replace(path, JsonSerializer.SerializeToUtf8Bytes(tracker.Save(), s_json));
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
            DurableFile.Replace(path, JsonSerializer.SerializeToUtf8Bytes(tracker.Save(), s_json));
        }
        catch (IOException)
        {
            // A full disk: the reading stands, and the next exam writes the record again.
        }

        return reading;
    }
}
