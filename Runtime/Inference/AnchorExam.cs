using System.Runtime.InteropServices;
using Edge.Config;
using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>Accuracy of a snapshot on labelled windows, per class.</summary>
/// <param name="PerClass">Class name to (right answers, windows).</param>
public sealed record ExamResult(IReadOnlyDictionary<string, (int Right, int Count)> PerClass)
{
    /// <summary>Class name to windows that the device would call unknown.</summary>
    public IReadOnlyDictionary<string, int> UnknownPerClass { get; init; } = new Dictionary<string, int>();

    /// <summary>Share of right answers over all windows, percent; NaN without windows.</summary>
    public double AccuracyPercent => 100.0 * PerClass.Values.Sum(c => c.Right) / PerClass.Values.Sum(c => c.Count);

    /// <summary>Share of right answers of one class, percent.</summary>
    public double PercentOf(string className) => PerClass.TryGetValue(className, out var c) && c.Count > 0 ? 100.0 * c.Right / c.Count : double.NaN;

    /// <summary>Share of windows of some classes that the device would call unknown, percent; NaN without windows.</summary>
    public double UnknownPercentOf(IEnumerable<string> classNames)
    {
        string[] met = [.. classNames.Where(PerClass.ContainsKey)];
        return 100.0 * met.Sum(name => UnknownPerClass.GetValueOrDefault(name)) / met.Sum(name => PerClass[name].Count);
    }
}

/// <summary>Encoding and judging many windows with one classifier, in batches.</summary>
public static class AnchorExam
{
    /// <summary>Windows scored in one call of the session. Two together cost a seventh less each than one alone; four would save another twentieth and take twice the memory, in each of the sessions that are open while a round ends.</summary>
    public const int BatchSize = 2;

    /// <summary>
    /// Scores labelled windows by the class that has the votes. What the fixed threshold calls unknown counts as wrong; what calibrated novelty calls unknown is counted beside: its stated share of false alarms would fall on every
    /// snapshot alike, and blur what a gate compares.
    /// </summary>
    public static ExamResult Examine(Classifier classifier, ReadOutWeights readOut, InferenceSection settings, IEnumerable<(ReadOnlyMemory<float> Samples, string Class)> windows)
    {
        classifier.Use(readOut);
        var perClass = new Dictionary<string, (int Right, int Count)>(StringComparer.Ordinal);
        var unknown = new Dictionary<string, int>(StringComparer.Ordinal);
        Visit(classifier, windows, (index, className) =>
        {
            var score = classifier.ScoreOf(index);
            int answer = score.ClassOrUnknown(settings.UnknownBelowSimilarity);
            bool right = answer >= 0 && classifier.Snapshot.Classes[answer] == className;
            var (sofar, count) = perClass.GetValueOrDefault(className);
            perClass[className] = (sofar + (right ? 1 : 0), count + 1);
            unknown[className] = unknown.GetValueOrDefault(className) + (UnknownRule.Answer(classifier, index, score, settings, out _) < 0 ? 1 : 0);
        });
        return new ExamResult(perClass) { UnknownPerClass = unknown };
    }

    /// <summary>Embeddings and, where they are needed, frozen features of labelled windows.</summary>
    public static EncodedWindows Encode(Classifier classifier, IEnumerable<(ReadOnlyMemory<float> Samples, string Class)> windows, bool withFrozen = true)
    {
        var encoded = new EncodedWindows(classifier.Snapshot.EmbeddingLength, withFrozen ? classifier.FrozenLength : 0);
        Visit(classifier, windows, (index, className) => encoded.Add(className, classifier.EmbeddingOf(index), withFrozen ? classifier.FrozenOf(index) : []));
        return encoded;
    }

    /// <summary>Frozen features of an augmented copy of each window, which is given to it.</summary>
    /// <param name="classifier">A session of the snapshot that has encoded the windows.</param>
    /// <param name="encoded">They.</param>
    /// <param name="windows">The same windows with their ids, from which the copies follow.</param>
    /// <param name="copies">How they are made; null: not at all.</param>
    public static void EncodeCopies(Classifier classifier, EncodedWindows encoded, IEnumerable<(ulong WindowId, ReadOnlyMemory<float> Samples)> windows, WindowCopies? copies)
    {
        if (copies is null || classifier.FrozenLength == 0 || encoded.Classes.Count == 0) return;
        var features = new List<float>(encoded.Classes.Count * classifier.FrozenLength);
        Visit(classifier, windows.Select(window => ((ReadOnlyMemory<float>)copies.Of(window.WindowId, window.Samples.Span, classifier.Snapshot.Window), "")), (index, _) => features.AddRange(classifier.FrozenOf(index)));
        encoded.SetCopies(CollectionsMarshal.AsSpan(features), copies.Weight);
    }

    /// <summary>The same for examples.</summary>
    public static void EncodeCopies(Classifier classifier, EncodedWindows encoded, IEnumerable<Example> examples, WindowCopies? copies) =>
        EncodeCopies(classifier, encoded, examples.Select(e => (e.WindowId, (ReadOnlyMemory<float>)e.Samples)), copies);

    /// <summary>Examples as pairs for the methods above.</summary>
    public static IEnumerable<(ReadOnlyMemory<float> Samples, string Class)> Pairs(IEnumerable<Example> examples) => examples.Select(e => ((ReadOnlyMemory<float>)e.Samples, e.Class));

    private static void Visit(Classifier classifier, IEnumerable<(ReadOnlyMemory<float> Samples, string Class)> windows, Action<int, string> visit)
    {
        int size = classifier.Snapshot.Window.ValueCount;
        float[] batch = new float[classifier.BatchSize * size];
        foreach (var chunk in windows.Chunk(classifier.BatchSize))
        {
            for (int i = 0; i < chunk.Length; i++) chunk[i].Samples.Span.CopyTo(batch.AsSpan(i * size));
            classifier.ScoreBatch(batch.AsSpan(0, chunk.Length * size));
            for (int i = 0; i < chunk.Length; i++) visit(i, chunk[i].Class);
        }
    }
}
