using System.Numerics.Tensors;
using Edge.Storage;

namespace Edge.Trainer.ReadOuts;

/// <summary>
/// Chooses the read-out on the anchor set: the smallest class-balanced log loss after a temperature of its own, of equals the first. The probability is (1 − ε) softmax(score / T) + ε / C, so that one confident mistake costs at
/// most ln(C / ε) and any two scales of scores compare.
/// <para>
/// Why not accuracy: sixty anchors move it by 1.7 points each, and candidates that agree on all but three anchors are told apart by chance. The log loss uses the margin of every anchor. Simulated with seeds by the tests (60 anchors
/// of 6 classes, eleven pairs of branch accuracies from 72 to 99 %, error correlation 0.4 and 0.9, four kinds of scores, among them a weak branch that errs with five times its margin; three read-outs of each branch and three fusions;
/// 352 draws), points of true accuracy below the better branch, gains counted as 0: log loss 0.24, the better branch unless another is more accurate by one standard error 0.34, accuracy 0.36, always fused 0.99, always frozen 2.09.
/// With gains counted, log loss ends 0.8 points above the better branch, and no pair of accuracies loses more than 0.25 points on average. A single draw loses more than 0.5 points in 18 % of cases: sixty anchors promise that bar on
/// average, not each time; more anchors do better. The order of the rules depends on what is simulated: without the last kind, where the weak branch drags every fusion down, leaning towards fusion does better than the log loss; in that
/// kind alone log loss loses 0.40 and the one-standard-error rule 0.38. That kind is there because on UCI HAR a plain sum was seen to fall below the frozen branch.
/// </para>
/// </summary>
public static class ReadOutSelection
{
    /// <summary>ε: the part of labels taken to be wrong.</summary>
    public const double LabelNoise = 0.01;

    private const double LeastScale = 1e-3, LargestScale = 1e3; // of 1/T, relative to scores of root mean square 1
    private const int SearchSteps = 60;

    /// <summary>Chooses among candidates.</summary>
    /// <param name="candidates">At least one; the safest first.</param>
    /// <param name="labels">[A] class index of each anchor.</param>
    /// <param name="classCount">C.</param>
    /// <exception cref="ArgumentException">No candidate, no anchor, or scores that are not [A, C].</exception>
    public static ReadOutChoice Choose(IReadOnlyList<ReadOutCandidate> candidates, IReadOnlyList<int> labels, int classCount)
    {
        if (candidates.Count == 0 || labels.Count == 0) throw new ArgumentException($"choosing needs candidates and anchors; there are {candidates.Count} and {labels.Count}", nameof(candidates));
        var readings = candidates.Select(candidate => Read(candidate, labels, classCount)).ToArray();
        int best = 0;
        for (int i = 1; i < readings.Length; i++)
            if (double.IsNaN(readings[best].LogLoss) || readings[i].LogLoss < readings[best].LogLoss - 1e-9)
                best = i;
        return new ReadOutChoice(best, readings);
    }

    /// <summary>What the anchors say about one candidate.</summary>
    public static CandidateReading Read(ReadOutCandidate candidate, IReadOnlyList<int> labels, int classCount)
    {
        if (candidate.AnchorScores.Length != labels.Count * classCount)
            throw new ArgumentException($"'{candidate.Name}' has {candidate.AnchorScores.Length} scores; expected [{labels.Count}, {classCount}]", nameof(candidate));
        double[] weights = BalancedWeights(labels, classCount);
        double accuracy = 0;
        for (int i = 0; i < labels.Count; i++)
            if (IndexOfLargest(candidate.AnchorScores.AsSpan(i * classCount, classCount)) == labels[i])
                accuracy += weights[i];
        double[] scores = Normalised(candidate.AnchorScores, classCount, out double unit);

        // Golden section over log(1/T); the noise floor makes the loss flat for large 1/T, so the bracket is coarse first.
        double Loss(double logScale) => LogLoss(scores, labels, weights, classCount, Math.Exp(logScale));
        double from = Math.Log(LeastScale), to = Math.Log(LargestScale), step = (to - from) / SearchSteps, best = from;
        for (double x = from; x <= to; x += step)
            if (Loss(x) < Loss(best))
                best = x;
        (double low, double high) = (best - step, best + step);
        double golden = (Math.Sqrt(5) - 1) / 2;
        for (int i = 0; i < SearchSteps / 2; i++)
        {
            double a = high - golden * (high - low), b = low + golden * (high - low);
            if (Loss(a) <= Loss(b)) high = b;
            else low = a;
        }

        double logScale = (low + high) / 2;
        return new CandidateReading(candidate.Name, accuracy, Loss(logScale), unit / Math.Exp(logScale));
    }

    private static double LogLoss(double[] scores, IReadOnlyList<int> labels, double[] weights, int classCount, double scale)
    {
        double loss = 0;
        for (int i = 0; i < labels.Count; i++)
        {
            var row = scores.AsSpan(i * classCount, classCount);
            double sum = 0; // the largest score of a row is 0
            foreach (double score in row) sum += Math.Exp(scale * score);
            loss -= weights[i] * Math.Log((1 - LabelNoise) * Math.Exp(scale * row[labels[i]]) / sum + LabelNoise / classCount);
        }

        return loss;
    }

    /// <summary>Every anchored class weighs the same, whatever its anchors' number; the weights add up to 1.</summary>
    private static double[] BalancedWeights(IReadOnlyList<int> labels, int classCount)
    {
        int[] counts = new int[classCount];
        foreach (int label in labels) counts[label]++;
        int present = counts.Count(count => count > 0);
        return [.. labels.Select(label => 1.0 / (present * counts[label]))];
    }

    /// <summary>Scores less the row's largest, in units of the root mean square of those differences; absent classes count as far off, not as a unit.</summary>
    private static double[] Normalised(float[] raw, int classCount, out double unit)
    {
        double[] scores = new double[raw.Length];
        double sum = 0;
        int known = 0;
        for (int first = 0; first < raw.Length; first += classCount)
        {
            float largest = raw[first + IndexOfLargest(raw.AsSpan(first, classCount))];
            for (int c = first; c < first + classCount; c++)
            {
                scores[c] = (double)raw[c] - largest;
                if (raw[c] <= PrototypeMatrix.AbsentBias / 2) continue;
                sum += scores[c] * scores[c];
                known++;
            }
        }

        unit = sum > 0 ? Math.Sqrt(sum / known) : 1;
        for (int i = 0; i < scores.Length; i++) scores[i] /= unit;
        return scores;
    }

    private static int IndexOfLargest(ReadOnlySpan<float> row) => TensorPrimitives.IndexOfMax(row);
}

/// <summary>A read-out that may be chosen.</summary>
/// <param name="Name">Says what it is, e.g. <c>frozen ridge 100</c> or <c>fused 0.5</c>.</param>
/// <param name="AnchorScores">[A, C] float32, row-major: its scores on the anchors, which it must not have been fitted to.</param>
public sealed record ReadOutCandidate(string Name, float[] AnchorScores);

/// <summary>What the anchors say about one candidate.</summary>
/// <param name="Name">The candidate's.</param>
/// <param name="Accuracy">Mean over classes of the part of its anchors that is right, 0 to 1.</param>
/// <param name="LogLoss">Class-balanced, in nats, at <paramref name="Temperature"/>.</param>
/// <param name="Temperature">T that softmax(score / T) needs to be calibrated on the anchors.</param>
public sealed record CandidateReading(string Name, double Accuracy, double LogLoss, double Temperature);

/// <summary>The choice, with everything it was made from.</summary>
/// <param name="Index">Of the chosen candidate.</param>
/// <param name="Readings">One per candidate, in their order.</param>
public sealed record ReadOutChoice(int Index, IReadOnlyList<CandidateReading> Readings)
{
    /// <summary>What the anchors said about the chosen one.</summary>
    public CandidateReading Chosen => Readings[Index];
}
