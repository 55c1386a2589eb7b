using System.Text.Json;
using System.Text.Json.Serialization;
using Edge.Runtime.Bench.Reports;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>Tells in JSON lines, for a script: <c>plan</c>, <c>started</c>, <c>progress</c>, <c>finished</c>, <c>failed</c>; each with the whole spec of its cell.</summary>
public sealed class JsonTeller(TextWriter output) : IBenchTeller
{
    private static readonly JsonSerializerOptions s_json = new(CellRecord.Json) { WriteIndented = false, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
    private readonly Lock gate = new();

    /// <inheritdoc/>
    public Task AroundAsync(int cellCount, int keptCount, Func<Task> work)
    {
        Line(new { @event = "plan", cells = cellCount, measuredBefore = keptCount });
        return work();
    }

    /// <inheritdoc/>
    public void Started(CellSpec spec) => Line(new { @event = "started", cell = spec });

    /// <inheritdoc/>
    public void Moved(CellSpec spec, CellProgress progress) => Line(new { @event = "progress", cell = spec, progress });

    /// <inheritdoc/>
    public void Ended(CellRecord record) => Line(record.Result is { } result
        ? new { @event = "finished", cell = record.Spec, averageAccuracyPercent = CellMetrics.Of(result)?.AverageAccuracy, wallSeconds = record.WallSeconds }
        : new { @event = "failed", cell = record.Spec, reason = record.Failure, wallSeconds = record.WallSeconds });

    /// <summary>The last line: where the report is.</summary>
    public void Reported(string report, int failedCount) => Line(new { @event = "report", path = report, failedCells = failedCount });

    private void Line(object value)
    {
        lock (gate) output.WriteLine(JsonSerializer.Serialize(value, s_json));
    }
}
