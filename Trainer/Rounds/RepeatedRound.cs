using Edge.Trainer.Backbones;

namespace Edge.Trainer.Rounds;

/// <summary>A round that is over, run once more from the files that it was run from, for a post-mortem. Its folder stays as it is.</summary>
/// <param name="Report">What the repetition says.</param>
/// <param name="Differing">Files of the candidate whose bytes differ from those that are kept, or that only one of the two has; empty: the same bytes.</param>
public sealed record RepeatedRound(RoundReport Report, IReadOnlyList<string> Differing)
{
    /// <summary>Runs it in a copy of plan, samples, parent and anchors below the system's folder for temporary files, and compares graph, checkpoint and parity cases.</summary>
    /// <param name="folder">The round, with its candidate.</param>
    /// <param name="export">As in <see cref="RoundRunner.Run"/>.</param>
    /// <param name="report">Progress.</param>
    /// <param name="cancel">Checked between steps.</param>
    /// <exception cref="InvalidDataException">The round is not over, or what it was run from is no longer there.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left behind.</exception>
    public static RepeatedRound Run(RoundFolder folder, Func<LearnerNet, RoundPlan, TrainingSummary, byte[]> export, Action<RoundProgress> report, CancellationToken cancel)
    {
        if (!File.Exists(folder.ReportFile)) throw new InvalidDataException($"'{folder.Path}' has no candidate/report.json: the round is not over, and there is nothing to compare with. Leave --again out to run it.");
        var plan = folder.ReadPlan();
        if (plan.Kind == RoundKind.FineTune && !File.Exists(folder.SamplesFile))
            throw new InvalidDataException($"'{folder.SamplesFile}' is missing: 'edge replay forget' deletes the samples of every round. Take a round that came after it.");

        string copy = Directory.CreateTempSubdirectory("edge-round-").FullName;
        try
        {
            var second = new RoundFolder(copy);
            foreach (var (from, to) in new[] { (folder.PlanFile, second.PlanFile), (folder.SamplesFile, second.SamplesFile), (folder.ParentCheckpointFile, second.ParentCheckpointFile), (folder.AnchorsFile, second.AnchorsFile) })
            {
                if (File.Exists(from)) File.Copy(from, to);
            }

            var told = RoundRunner.Run(second, export, report, cancel);
            string[] differing = [.. new[] { (folder.ModelFile, second.ModelFile), (folder.CheckpointFile, second.CheckpointFile), (folder.ParityFile, second.ParityFile) }.Where(pair => !AreSame(pair.Item1, pair.Item2)).Select(pair => Path.GetFileName(pair.Item1))];
            return new RepeatedRound(told, differing);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private static bool AreSame(string kept, string repeated) =>
        File.Exists(kept) == File.Exists(repeated) && (!File.Exists(kept) || File.ReadAllBytes(kept).AsSpan().SequenceEqual(File.ReadAllBytes(repeated)));
}
