using System.Text.Json;
using Edge.Storage;

namespace Edge.Runtime.Windowing;

/// <summary>Windows of one shape that a device has cut.</summary>
/// <param name="FromExampleId">Id of the first labelled one.</param>
/// <param name="Window">Their shape.</param>
public sealed record ShapeSpan(ulong FromExampleId, WindowShape Window);

/// <summary>
/// Which windows a device has cut when, kept in <c>shapes.json</c>: an example on the disk says how many values it has, not how fast they were sampled, nor how they are spread over channels. Examples of another shape stay in the
/// replay buffer and are left out of prototypes, training and exams, until the device cuts such windows again.
/// </summary>
public sealed class ShapeHistory
{
    /// <summary>Spans kept; of examples older than the oldest only the number of values is known then.</summary>
    public const int Capacity = 64;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
    private readonly string path;

    private ShapeHistory(string path, IReadOnlyList<ShapeSpan> spans) => (this.path, Spans) = (path, spans);

    /// <summary>What was cut, oldest first.</summary>
    public IReadOnlyList<ShapeSpan> Spans { get; private set; }

    /// <summary>Why the file could not be read; empty when it could. It is written anew with the next <see cref="Note"/>.</summary>
    public string Problem { get; private init; } = "";

    /// <summary>Whether there may be examples of more than one shape.</summary>
    public bool HasOthers => Spans.Select(span => span.Window).Distinct().Count() > 1;

    /// <summary>Reads the file; without one, or with a damaged one, only the number of values is known of what there is.</summary>
    public static ShapeHistory Load(string path)
    {
        try
        {
            return new ShapeHistory(path, File.Exists(path) ? JsonSerializer.Deserialize<Document>(File.ReadAllBytes(path), s_json) is { Schema: Document.Current } read ? read.Spans : [] : []);
        }
        catch (JsonException e)
        {
            return new ShapeHistory(path, []) { Problem = e.Message };
        }
    }

    /// <summary>From now on windows of this shape are cut. A full disk costs only the file: the next start notes it again.</summary>
    /// <param name="window">The shape.</param>
    /// <param name="lastExampleId">The newest example there is.</param>
    /// <param name="before">What was cut before, where no file says it; null: nobody knows.</param>
    public void Note(WindowShape window, ulong lastExampleId, WindowShape? before)
    {
        // A buffer that was begun anew counts from 1 again.
        var known = Spans.Where(span => span.FromExampleId <= lastExampleId).ToList();
        if (known.Count == 0 && before is not null && lastExampleId > 0) known.Add(new ShapeSpan(1, before));
        if (known.Count == 0 || known[^1].Window != window) known.Add(new ShapeSpan(lastExampleId + 1, window));
        known = [.. known.TakeLast(Capacity)];
        if (known.SequenceEqual(Spans)) return;
        Spans = known;
        try
        {
            DurableFile.Replace(path, JsonSerializer.SerializeToUtf8Bytes(new Document { Spans = known }, s_json));
        }
        catch (IOException)
        {
            // Said above.
        }
    }

    /// <summary>What was cut when an example of that id was labelled; null: nobody knows.</summary>
    public WindowShape? WindowAt(ulong exampleId) => Spans.LastOrDefault(span => span.FromExampleId <= exampleId)?.Window;

    /// <summary>Whether an example is of that shape, as far as is known.</summary>
    public bool Fits(Example example, WindowShape window) =>
        example.Samples.Length == window.ValueCount && (WindowAt(example.Id) is not { } known || known == window);

    /// <summary>Examples of that shape.</summary>
    public IReadOnlyList<Example> Fitting(IEnumerable<Example> examples, WindowShape window) => [.. examples.Where(example => Fits(example, window))];

    /// <summary>What of a draw is of that shape.</summary>
    public ReplayDraw Fitting(ReplayDraw draw, WindowShape window) => draw with { Fresh = Fitting(draw.Fresh, window), Replay = Fitting(draw.Replay, window) };

    private sealed record Document
    {
        public const int Current = 1;

        public int Schema { get; init; } = Current;

        public IReadOnlyList<ShapeSpan> Spans { get; init; } = [];
    }
}
