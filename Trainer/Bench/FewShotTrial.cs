namespace Edge.Trainer.Bench;

/// <summary>
/// The few-shot protocol: all classes but the last of the seed's order are learnt, then a few labelled windows of that one are told without any training. Five draws of the windows each.
/// </summary>
internal static class FewShotTrial
{
    private const int DrawCount = 5;
    private static readonly int[] s_shots = [1, 2, 5, 10];

    /// <summary>Runs the trial.</summary>
    public static CellResult Run(CellSpec spec, BenchData data, ContinualLearner learner, Action<CellProgress> report)
    {
        int newClass = LearningStream.ClassOrder(data.Train, spec.Seed)[^1];
        int[] old = [.. Enumerable.Range(0, data.Train.Count).Where(i => data.Train.Classes[i] != newClass)], candidates = [.. Enumerable.Range(0, data.Train.Count).Where(i => data.Train.Classes[i] == newClass)];
        int[] oldTest = [.. Enumerable.Range(0, data.Test.Count).Where(i => data.Test.Classes[i] != newClass)], newTest = [.. Enumerable.Range(0, data.Test.Count).Where(i => data.Test.Classes[i] == newClass)];
        learner.Learn(old, share => report(new CellProgress(0, 2, share / 2, "learning the old classes")));
        var before = learner.Judge();
        double oldBefore = Accuracy(data, before.Chosen, oldTest);
        before.Embeddings.Dispose();

        var random = new Random(spec.Seed);
        var points = new List<FewShotPoint>();
        foreach (int shots in s_shots.Where(shots => shots <= candidates.Length))
        {
            double newSum = 0, oldSum = 0;
            for (int draw = 0; draw < DrawCount; draw++)
            {
                random.Shuffle(candidates);
                int[] predicted = learner.Told(candidates[..shots]);
                newSum += Accuracy(data, predicted, newTest);
                oldSum += Accuracy(data, predicted, oldTest);
            }

            points.Add(new FewShotPoint(shots, newSum / DrawCount, oldBefore, oldSum / DrawCount));
            report(new CellProgress(1, 2, 0.5 + 0.5 * points.Count / s_shots.Length, "telling the new class"));
        }

        return new CellResult
        {
            Spec = spec,
            Steps = [$"all but {data.Train.ClassNames[newClass]}", data.Train.ClassNames[newClass]],
            Accuracy = [],
            Curve = [],
            ReadOuts = new Dictionary<string, IReadOnlyList<double>>(),
            Cka = [],
            PrototypeDrift = [],
            FewShot = points,
            ReadOut = learner.ReadOut,
            StepCount = learner.StepCount,
            Notes = [.. data.Notes, .. learner.Notes],
        };
    }

    private static double Accuracy(BenchData data, int[] predicted, int[] windows) => windows.Count(i => predicted[i] == data.Test.Classes[i]) / (double)windows.Length;
}
