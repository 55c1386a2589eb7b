using static TorchSharp.torch;

namespace Edge.Trainer.Bench;

/// <summary>Runs one cell of a results table, single-threaded, so that its figures do not depend on the machine's cores.</summary>
public static class BenchCell
{
    /// <summary>New windows in a round of the one-pass protocol, as on the device (training.roundExamples); the last round has what the stream has left. A round does not end where a step does: the learner would know.</summary>
    private const int OnlineRound = 256;

    /// <summary>Runs it. The same spec gives the same result, bit for bit but for the seconds.</summary>
    /// <param name="spec">What to run.</param>
    /// <param name="report">Progress, a few times a second at most.</param>
    /// <param name="cancel">Checked before every step.</param>
    /// <exception cref="InvalidDataException">The data set cannot be read or does not fit the protocol; the message says what to do.</exception>
    /// <exception cref="ArgumentException">There is no such method or setting.</exception>
    public static CellResult Run(CellSpec spec, Action<CellProgress> report, CancellationToken cancel)
    {
        set_num_threads(1);
        report(new CellProgress(0, 1, 0, "reading"));
        var data = BenchData.Read(spec, report, cancel);
        if (spec.Protocol == Protocol.Domain && data.Train.DomainNames.Count < 2) data = SensorFaults.Apply(data, spec.Seed);
        manual_seed(spec.Seed);
        using var scope = NewDisposeScope();
        using var learner = new ContinualLearner(spec, data, cancel);
        if (MethodSpec.Variant(spec.Method).Pretrain is { } which) learner.Meet(Unlabelled(which, spec, data));
        return spec.Protocol == Protocol.FewShot
            ? FewShotTrial.Run(spec, data, learner, report)
            : Learn(spec, data, learner, report, cancel);
    }

    private static CellResult Learn(CellSpec spec, BenchData data, ContinualLearner learner, Action<CellProgress> report, CancellationToken cancel)
    {
        var steps = spec.Protocol == Protocol.Domain ? LearningStream.Domains(data) : LearningStream.Classes(data, spec.Seed);
        if (steps.FirstOrDefault(step => step.Train.Length == 0 || step.Test.Length == 0) is { } bare)
        {
            throw new InvalidDataException(
                $"the step '{bare.Name}' has {bare.Train.Length} windows to learn from and {bare.Test.Length} to judge on; expected some of both. Choose another seed, leave --validation out, or add windows to the data set.");
        }

        bool online = spec.Protocol == Protocol.Online;
        int[] order = online ? LearningStream.Blurred(steps, spec.Seed) : [.. steps.SelectMany(step => step.Train)];
        int[] ends = [.. Accumulated(steps.Select(step => step.Train.Length))];
        using var watch = new StepWatch(data, steps);
        for (int s = 0, at = 0; at < order.Length;)
        {
            cancel.ThrowIfCancellationRequested();
            int[] round = order[at..(online ? Math.Min(at + OnlineRound, order.Length) : ends[s])];
            var (before, step) = (at, s);
            learner.Learn(round, share => report(new CellProgress(step, steps.Count, (before + share * round.Length) / order.Length, "learning")));
            at += round.Length;
            report(new CellProgress(s, steps.Count, (double)at / order.Length, "judging"));
            if (at < ends[s]) watch.Point(learner.Judge(), at, s);
            for (; s < steps.Count && ends[s] <= at; s++) watch.Step(learner.Judge(), at, s); // A step is judged at the end of the round that its last window falls into.
        }

        return watch.Result(spec, learner, data.Notes);
    }

    private static int[] Unlabelled(UnlabelledWindows which, CellSpec spec, BenchData data) => which == UnlabelledWindows.All
        ? [.. Enumerable.Range(0, data.Train.Count)]
        : (spec.Protocol == Protocol.Domain ? LearningStream.Domains(data) : LearningStream.Classes(data, spec.Seed))[0].Train;

    private static IEnumerable<int> Accumulated(IEnumerable<int> lengths)
    {
        int sum = 0;
        foreach (int length in lengths) yield return sum += length;
    }
}

/// <summary>How far a cell is.</summary>
/// <param name="Step">Steps of the stream done.</param>
/// <param name="StepCount">Steps of the stream.</param>
/// <param name="Share">Share of the cell done, 0 to 1.</param>
/// <param name="What">What is being done, a few words.</param>
public sealed record CellProgress(int Step, int StepCount, double Share, string What);
