using System.Globalization;
using Edge.Storage;

namespace Edge.Trainer.Bench;

/// <summary>The windows of a cell: what may be learnt from and what it is judged on, never both.</summary>
/// <param name="Train">To learn from.</param>
/// <param name="Test">To judge on.</param>
/// <param name="Notes">What a reader of the table must know of the data.</param>
public sealed record BenchData(LabelledWindows Train, LabelledWindows Test, IReadOnlyList<string> Notes)
{
    private const double HeldOutShare = 0.3;

    /// <summary>Reads a data set as a cell wants it.</summary>
    /// <param name="spec">Which data set, and how it is split.</param>
    /// <param name="report">Which file is read and how far, ten times a second at most.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="InvalidDataException">It cannot be read.</exception>
    public static BenchData Read(CellSpec spec, Action<CellProgress> report, CancellationToken cancel)
    {
        var data = DatasetReader.Read(spec.Data, new DatasetReadOptions(), new Reading(report), cancel);
        var judged = data.Test is { } test ? new BenchData(data.Train, test, data.Notes) : Split(data.Train, data.Notes, spec.Seed);
        if (!spec.Validation) return judged;
        int another = unchecked(spec.Seed * (int)0x9E3779B1); // Where the first split was drawn too, the second must not repeat its draw.
        return Split(judged.Train, [.. data.Notes, "Validation: the windows that a test judges on were left out."], data.Test is null ? another : spec.Seed);
    }

    private sealed class Reading(Action<CellProgress> report) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => report(new CellProgress(0, 1, 0, string.Create(CultureInfo.InvariantCulture, $"reading {Path.GetFileName(value.File)} ({value.DoneBytes / 1048576.0:0.0} of {value.TotalBytes / 1048576.0:0.0} MiB)")));
    }

    /// <summary>Holds out subjects where the set has some, else a share of every class of every domain, drawn by the seed.</summary>
    private static BenchData Split(LabelledWindows all, IReadOnlyList<string> notes, int seed)
    {
        var random = new Random(seed);
        int[] subjects = [.. all.Subjects.Distinct().Order()];
        HashSet<int> heldOut;
        string how;
        if (subjects.Length > 3)
        {
            random.Shuffle(subjects);
            var chosen = subjects.Take(Math.Max(1, (int)(HeldOutShare * subjects.Length))).ToHashSet();
            heldOut = [.. Enumerable.Range(0, all.Count).Where(i => chosen.Contains(all.Subjects[i]))];
            how = $"judged on {chosen.Count} of {subjects.Length} subjects, drawn by the seed";
        }
        else
        {
            heldOut = [];
            foreach (var group in Enumerable.Range(0, all.Count).GroupBy(i => (all.Domains[i], all.Classes[i])).OrderBy(g => g.Key))
            {
                int[] indices = [.. group];
                random.Shuffle(indices);
                heldOut.UnionWith(indices.Take((int)Math.Round(HeldOutShare * indices.Length)));
            }

            how = $"judged on {HeldOutShare:P0} of the windows of every class and domain, drawn by the seed";
        }

        return new BenchData(
            all.Select([.. Enumerable.Range(0, all.Count).Where(i => !heldOut.Contains(i))]), all.Select([.. heldOut.Order()]), [.. notes, how]);
    }
}
