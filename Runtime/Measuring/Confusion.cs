using Edge.Storage;

namespace Edge.Runtime.Measuring;

/// <summary>How windows of each class were answered. "Unknown" is an answer, and wrong.</summary>
/// <param name="labels">Classes of the data.</param>
/// <param name="classes">Classes of the model.</param>
public sealed class Confusion(IReadOnlyList<string> labels, IReadOnlyList<string> classes)
{
    private readonly int[] modelClassOf = [.. labels.Select(label => classes.ToList().IndexOf(label))];
    private readonly long[,] counts = new long[classes.Count, classes.Count + 1];

    /// <summary>Names of the answers: the model's classes, then <c>unknown</c>.</summary>
    public IReadOnlyList<string> Answers { get; } = [.. classes, "unknown"];

    /// <summary>Classes of the data that the model does not have; their windows are not judged.</summary>
    public IReadOnlyList<string> Strange { get; } = [.. labels.Except(classes, StringComparer.Ordinal)];

    /// <summary>Windows of classes that the model does not have.</summary>
    public long NotJudgedCount { get; private set; }

    /// <summary>Windows judged.</summary>
    public long Count { get; private set; }

    /// <summary>Windows answered right.</summary>
    public long RightCount { get; private set; }

    /// <summary>The classes that were met, each with its answers.</summary>
    public IReadOnlyList<ConfusionRow> Rows =>
        [.. Enumerable.Range(0, classes.Count).Select(c => new ConfusionRow(classes[c], [.. Enumerable.Range(0, Answers.Count).Select(a => counts[c, a])], counts[c, c])).Where(row => row.Count > 0)];

    /// <summary>Adds one window.</summary>
    /// <param name="label">Index into the data's classes.</param>
    /// <param name="answer">Index into the model's classes; -1: unknown.</param>
    public void Add(int label, int answer)
    {
        int actual = modelClassOf[label];
        if (actual < 0)
        {
            NotJudgedCount++;
            return;
        }

        counts[actual, answer < 0 ? classes.Count : answer]++;
        Count++;
        if (actual == answer) RightCount++;
    }

    /// <summary>Begins one for a split.</summary>
    /// <param name="windows">The split.</param>
    /// <param name="classes">Classes of the model.</param>
    /// <param name="names">What the device's classes were called before: recorded data may still call them so.</param>
    public static Confusion For(LabelledWindows windows, IReadOnlyList<string> classes, ClassNames names) =>
        new([.. windows.ClassNames.Select(name => classes.Contains(name, StringComparer.Ordinal) ? name : names.FromStored(name))], classes);
}

/// <summary>Answers to the windows of one class.</summary>
/// <param name="Class">The class.</param>
/// <param name="Answers">Windows by answer, in the order of <see cref="Confusion.Answers"/>.</param>
/// <param name="RightCount">Those answered right.</param>
public sealed record ConfusionRow(string Class, IReadOnlyList<long> Answers, long RightCount)
{
    /// <summary>Windows of the class.</summary>
    public long Count => Answers.Sum();

    /// <summary>Share answered right, percent.</summary>
    public double Percent => 100.0 * RightCount / Count;
}
