using Edge.Storage;
using Edge.Trainer.ReadOuts;

namespace Edge.Trainer.Tests.ReadOuts;

/// <summary>Real data: simple statistics of each channel of UCI HAR, official split.</summary>
public class UciHarRidgeTests
{
    private const int PerChannel = 12, Length = 9 * PerChannel;

    private static readonly Lazy<(float[][] Train, int[] TrainLabels, float[][] Test, int[] TestLabels)> s_features = new(() =>
    {
        string path = Find();
        var (train, test) = (UciHarArchive.Read(path, "train"), UciHarArchive.Read(path, "test"));
        return ([.. Enumerable.Range(0, train.Count).Select(i => Features(train[i]))], train.Classes, [.. Enumerable.Range(0, test.Count).Select(i => Features(test[i]))], test.Classes);
    });

    [Fact]
    public void Class_increments_end_at_the_joint_solution_to_the_bit_and_above_91_percent()
    {
        var (train, labels, test, testLabels) = s_features.Value;
        var joint = Count(Enumerable.Range(0, train.Length));
        var increments = new ClassStatistics("simple", Length);
        foreach (int[] task in new int[][] { [4, 1], [0, 5], [3, 2] })
        {
            var part = Count(Enumerable.Range(0, train.Length).Where(i => task.Contains(labels[i])));
            increments.Merge(part);
        }

        RidgeSolution Solve(ClassStatistics statistics) => new RidgeSolver(statistics, UciHarArchive.ClassNames, new RidgeOptions()).Solve(100);
        Assert.Equal(Solve(joint).Weights, Solve(increments).Weights);
        double accuracy = Accuracy(Solve(increments).ToReadOut(), test, testLabels, _ => true);
        Assert.True(accuracy > .91, $"{accuracy}");
        Assert.True(Accuracy(new DiscriminantSolver(joint, UciHarArchive.ClassNames).Solve(10), test, testLabels, _ => true) > .92);
    }

    [Fact]
    public void Two_examples_of_a_new_class_are_enough_to_find_it_mostly_and_cost_the_old_ones_some()
    {
        var (train, labels, test, testLabels) = s_features.Value;
        double found = 0, ridgeFound = 0, old = 0, oldAlone = 0;
        var random = new Random(3);
        for (int fresh = 0; fresh < 6; fresh++)
        {
            int[] shots = [.. Enumerable.Range(0, train.Length).Where(i => labels[i] == fresh)];
            random.Shuffle(shots);
            var statistics = Count([.. Enumerable.Range(0, train.Length).Where(i => labels[i] != fresh), .. shots[..2]]);
            var ridge = new RidgeSolver(statistics, UciHarArchive.ClassNames, new RidgeOptions { BalanceClasses = false }).Solve(10).ToReadOut();
            var readOut = ScarceClassReadOut.Around(ridge, statistics);
            found += Accuracy(readOut, test, testLabels, c => c == fresh) / 6;
            ridgeFound += Accuracy(ridge, test, testLabels, c => c == fresh) / 6;
            old += Accuracy(readOut, test, testLabels, c => c != fresh) / 6;
            oldAlone += Accuracy(ridge, test, testLabels, c => c != fresh) / 6;
        }

        Assert.True(found > .6 && ridgeFound < .05 && old > oldAlone - .09, $"new {found} instead of {ridgeFound}, old {old} instead of {oldAlone}");
    }

    [Fact]
    public void Leave_one_out_on_a_few_kept_windows_chooses_a_lambda_within_half_a_point_of_the_best_on_the_test_split()
    {
        var (train, labels, test, testLabels) = s_features.Value;
        var solver = new RidgeSolver(Count(Enumerable.Range(0, train.Length)), UciHarArchive.ClassNames, new RidgeOptions());
        double[] lambdas = [.1, 1, 10, 100, 1000, 10_000];
        int[] kept = [.. Enumerable.Range(0, 366).Select(i => i * 20)];
        double chosen = LeaveOneOut.ChooseLambda(solver, lambdas, [.. kept.SelectMany(i => train[i])], [.. kept.Select(i => labels[i])]);
        double[] accuracies = [.. solver.SolveMany(lambdas).Select(s => Accuracy(s.ToReadOut(), test, testLabels, _ => true))];
        Assert.True(accuracies[Array.IndexOf(lambdas, chosen)] > accuracies.Max() - .005, $"{chosen} of {string.Join(' ', accuracies)}");
    }

    private static ClassStatistics Count(IEnumerable<int> windows)
    {
        var (train, labels, _, _) = s_features.Value;
        int[] rows = [.. windows];
        var statistics = new ClassStatistics("simple", Length);
        statistics.Add([.. rows.Select(i => UciHarArchive.ClassNames[labels[i]])], [.. rows.SelectMany(i => train[i])]);
        return statistics;
    }

    private static double Accuracy(IReadOut readOut, float[][] features, int[] labels, Func<int, bool> isAsked)
    {
        int right = 0, asked = 0;
        float[] scores = new float[readOut.Classes.Count];
        for (int i = 0; i < features.Length; i++)
        {
            if (!isAsked(labels[i])) continue;
            readOut.Score(features[i], scores);
            asked++;
            if (Array.IndexOf(scores, scores.Max()) == labels[i]) right++;
        }

        return (double)right / asked;
    }

    /// <summary>[9, 12]: mean, standard deviation, its logarithm, seven quantiles, mean |difference|, logarithm of the root mean square difference.</summary>
    private static float[] Features(ReadOnlySpan<float> window)
    {
        var features = new List<float>(Length);
        for (int channel = 0; channel < 9; channel++)
        {
            float[] x = window.Slice(channel * 128, 128).ToArray();
            double mean = x.Average(v => (double)v), deviation = Math.Sqrt(x.Average(v => (v - mean) * (v - mean)));
            double[] differences = [.. x.Skip(1).Zip(x, (b, a) => (double)b - a)];
            Array.Sort(x);
            features.AddRange([(float)mean, (float)deviation, (float)Math.Log(deviation + 1e-6), x[0], x[12], x[32], x[64], x[96], x[115], x[127]]);
            features.AddRange([(float)differences.Average(Math.Abs), (float)Math.Log(Math.Sqrt(differences.Average(d => d * d)) + 1e-6)]);
        }

        return [.. features];
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("EDGE_DATA") is { Length: > 0 } configured && File.Exists(Path.Combine(configured, UciHarArchive.FileName)))
            return Path.Combine(configured, UciHarArchive.FileName);
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "shared", "data", UciHarArchive.FileName);
            if (File.Exists(path)) return path;
        }

        Assert.Skip($"{UciHarArchive.FileName} is neither in EDGE_DATA nor in a folder shared/data above the tests");
        throw new FileNotFoundException();
    }
}
