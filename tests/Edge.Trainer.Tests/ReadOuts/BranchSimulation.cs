using System.Numerics.Tensors;
using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Tests.ReadOuts;

/// <summary>
/// Two branches of known accuracy with correlated errors, three read-outs of each and three fusions, judged on a few anchors by several rules; what the chosen one loses on many other examples against the better branch is counted in
/// points of accuracy (negative: a fusion gained). Four kinds of scores: Gaussian; with hard examples and a confidence that differs between examples; with a bias per class; and with a weak branch that errs with five times its margin.
/// </summary>
internal sealed class BranchSimulation(int anchorCount, int seed)
{
    private const int ClassCount = 6, TestCount = 3000, FusionsFrom = 6, CandidateCount = 9;
    private static readonly (double Frozen, double Learned)[] s_pairs =
        [(.98, .92), (.92, .98), (.95, .95), (.95, .93), (.90, .93), (.72, .72), (.75, .70), (.88, .92), (.99, .985), (.98, .85), (.85, .95)];

    private readonly Random random = new(seed);
    private readonly int count = anchorCount + TestCount;

    private enum Kind
    {
        Gaussian,
        Hard,
        Biased,
        Trap,
    }

    public Dictionary<string, List<(string Pair, bool IsTrap, double Points)>> Run(int drawsPerCase)
    {
        var losses = new Dictionary<string, List<(string, bool, double)>>();
        foreach (var kind in Enum.GetValues<Kind>())
            foreach (double correlation in new[] { .4, .9 })
                foreach (var (frozen, learned) in s_pairs)
                    for (int draw = 0; draw < drawsPerCase; draw++)
                        foreach (var (rule, points) in Draw(kind, correlation, frozen, learned))
                        {
                            if (!losses.TryGetValue(rule, out var list)) losses.Add(rule, list = []);
                            list.Add(($"{frozen} {learned}", kind == Kind.Trap, points));
                        }

        return losses;
    }

    private (string Rule, double Points)[] Draw(Kind kind, double correlation, double frozen, double learned)
    {
        int[] labels = [.. Enumerable.Range(0, count).Select(i => i % ClassCount)];
        double[] sharedNoise = Normals(count * ClassCount), sharedDifficulty = Normals(count);
        float[][] candidates = new float[CandidateCount][];
        foreach (bool isLearned in new[] { false, true })
        {
            double target = isLearned ? learned : frozen;
            bool isWeak = target < (isLearned ? frozen : learned) || (frozen == learned && isLearned);
            double[] noise = Mix(sharedNoise, correlation), difficulty = Mix(sharedDifficulty, correlation), bias = Normals(ClassCount), confidence = Normals(count);
            for (int variant = 0; variant < 3; variant++)
                candidates[(isLearned ? 3 : 0) + variant] = Scores(kind, target - (isLearned ? .005 : .003) * variant, Mix(noise, isLearned ? .95 : .98), difficulty, bias, confidence, labels, isWeak);
        }

        double scale = LateFusion.CommonScale(candidates[0].AsSpan(0, anchorCount * ClassCount), candidates[3].AsSpan(0, anchorCount * ClassCount), ClassCount);
        for (int i = 0; i < 3; i++)
        {
            candidates[FusionsFrom + i] = new float[count * ClassCount];
            LateFusion.Of(LateFusion.Betas[i + 1], scale).Fuse(candidates[0], candidates[3], ClassCount, candidates[FusionsFrom + i]);
        }

        double[] truth = [.. candidates.Select(c => 100 * Accuracy(c, labels, anchorCount, count))];
        double better = truth.Take(FusionsFrom).Max();
        return [.. Rules(candidates, labels).Select(rule => (rule.Name, better - truth[rule.Index]))];
    }

    private IEnumerable<(string Name, int Index)> Rules(float[][] candidates, int[] labels)
    {
        int[] anchors = labels[..anchorCount];
        var choice = ReadOutSelection.Choose([.. candidates.Select((c, i) => new ReadOutCandidate($"{i}", c[..(anchorCount * ClassCount)]))], anchors, ClassCount);
        double[] accuracies = [.. choice.Readings.Select(r => r.Accuracy)];
        yield return ("log loss", choice.Index);
        yield return ("accuracy", Array.IndexOf(accuracies, accuracies.Max()));
        double[][] right = [.. candidates.Select(c => Enumerable.Range(0, anchorCount).Select(i => IsRight(c, labels, i) ? 1.0 : 0).ToArray())];
        int branch = Enumerable.Range(0, FusionsFrom).MinBy(i => choice.Readings[i].LogLoss);
        int challenger = Enumerable.Range(0, CandidateCount).MaxBy(i => accuracies[i]);
        double[] gains = [.. right[challenger].Zip(right[branch], (a, b) => a - b)];
        double mean = gains.Average(), error = Math.Sqrt(gains.Average(g => (g - mean) * (g - mean)) / (anchorCount - 1));
        yield return ("better branch unless more accurate by one standard error", mean > error ? challenger : branch);
        yield return ("fused, always", FusionsFrom + 2);
        yield return ("frozen, always", 0);
    }

    private float[] Scores(Kind kind, double target, double[] noise, double[] difficulty, double[] bias, double[] confidence, int[] labels, bool isWeak)
    {
        float[] scores = new float[noise.Length];
        for (int k = 0; k < scores.Length; k++)
            scores[k] = (float)(noise[k] * (kind == Kind.Gaussian ? 1 : Math.Exp(.7 * difficulty[k / ClassCount])) + (kind == Kind.Biased ? .6 * bias[k % ClassCount] : 0));

        // An example is right once the signal lifts its class above the others: the signal that gives the target accuracy is a quantile of those needs.
        float[] needs = new float[count];
        for (int i = 0; i < count; i++)
        {
            var row = scores.AsSpan(i * ClassCount, ClassCount);
            float own = row[labels[i]];
            row[labels[i]] = float.NegativeInfinity;
            needs[i] = TensorPrimitives.Max<float>(row) - own;
            row[labels[i]] = own;
        }

        Array.Sort(needs);
        float signal = Math.Max(0, needs[(int)(target * (count - 1))] + 1e-4f);
        for (int i = 0; i < count; i++) scores[i * ClassCount + labels[i]] += signal;
        if (kind == Kind.Gaussian) return scores;
        for (int i = 0; i < count; i++)
        {
            double factor = Math.Exp(.5 * confidence[i]) * (kind == Kind.Trap && isWeak && !IsRight(scores, labels, i) ? 5 : 1);
            for (int c = 0; c < ClassCount; c++) scores[i * ClassCount + c] *= (float)factor;
        }

        return scores;
    }

    private static double Accuracy(float[] scores, int[] labels, int from, int to)
    {
        int right = 0;
        for (int i = from; i < to; i++)
            if (IsRight(scores, labels, i))
                right++;
        return (double)right / (to - from);
    }

    private static bool IsRight(float[] scores, int[] labels, int i)
    {
        int best = i * ClassCount;
        for (int k = best + 1; k < (i + 1) * ClassCount; k++)
            if (scores[k] > scores[best])
                best = k;
        return best - i * ClassCount == labels[i];
    }

    private double[] Mix(double[] shared, double correlation)
    {
        double own = Math.Sqrt(1 - correlation * correlation);
        return [.. shared.Select(value => correlation * value + own * FeatureDraw.Normal(random))];
    }

    private double[] Normals(int length) => [.. Enumerable.Range(0, length).Select(_ => FeatureDraw.Normal(random))];
}
