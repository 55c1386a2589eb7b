namespace Edge.Trainer.Bench;

/// <summary>
/// The few-shot protocol: all classes but the last of the seed's order are learnt, then a few labelled windows of that one are told without any training. Five draws of the windows each.
/// </summary>
internal static class FewShotTrial
{
    private const int DrawCount = 5;
    private static readonly int[] s_shots = [1, 2, 5, 10];

    /// <summary>Runs the trial.</summary>
    /// <exception cref="InvalidDataException">No class has windows to learn from and to judge on, or there is but one.</exception>
    public static CellResult Run(CellSpec spec, BenchData data, ContinualLearner learner, Action<CellProgress> report)
    {
        int newClass = NewClass(data, spec.Seed);
        int[] old = [.. Enumerable.Range(0, data.Train.Count).Where(i => data.Train.Classes[i] != newClass)], candidates = [.. Enumerable.Range(0, data.Train.Count).Where(i => data.Train.Classes[i] == newClass)];
        int[] oldTest = [.. Enumerable.Range(0, data.Test.Count).Where(i => data.Test.Classes[i] != newClass)], newTest = [.. Enumerable.Range(0, data.Test.Count).Where(i => data.Test.Classes[i] == newClass)];
        learner.Learn(old, share => report(new CellProgress(0, 2, share / 2, "learning the old classes")));
        double oldBefore = Accuracy(data, learner.Told([]), oldTest); // By the read-out that is told: what is lost is lost by the telling.

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
            TrainingSeconds = learner.TrainingSeconds,
            Notes = [.. data.Notes, .. learner.Notes],
        };
    }

    /// <summary>The last class of the order that can be told and judged.</summary>
    private static int NewClass(BenchData data, int seed)
    {
        var able = LearningStream.ClassOrder(data.Train, seed).Where(c => data.Train.Classes.Contains(c) && data.Test.Classes.Contains(c)).ToList();
        return able.Count >= 2 ? able[^1] : throw new InvalidDataException($"{able.Count} classes have windows to learn from and to judge on; expected at least 2. Choose a data set with more classes or windows.");
    }

    private static double Accuracy(BenchData data, int[] predicted, int[] windows) => windows.Count(i => predicted[i] == data.Test.Classes[i]) / (double)windows.Length;
}
