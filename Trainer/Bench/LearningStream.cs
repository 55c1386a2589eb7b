using Edge.Storage;

namespace Edge.Trainer.Bench;

/// <summary>A data set laid out as a stream. The steps are for the judge: a method sees rounds of windows and no step's number.</summary>
public static class LearningStream
{
    private const int ClassesPerStep = 2;
    private const double Blur = 0.35; // Deviation of a window's place in units of a step: about 15 % of a step's windows arrive in a neighbour's time.

    /// <summary>The classes in the order of the seed.</summary>
    public static int[] ClassOrder(LabelledWindows windows, int seed)
    {
        int[] order = [.. Enumerable.Range(0, windows.ClassNames.Count)];
        new Random(seed).Shuffle(order);
        return order;
    }

    /// <summary>Two classes a step, in the order of the seed (Qiao et al. 2024, TSCIL).</summary>
    public static IReadOnlyList<StreamStep> Classes(BenchData data, int seed) =>
        [.. ClassOrder(data.Train, seed).Chunk(ClassesPerStep).Select(classes => Step(
            string.Join(" + ", classes.Select(c => data.Train.ClassNames[c])), data, i => classes.Contains(data.Train.Classes[i]), i => classes.Contains(data.Test.Classes[i])))];

    /// <summary>One domain a step, in the order of the data set.</summary>
    /// <exception cref="InvalidDataException">It has one domain only.</exception>
    public static IReadOnlyList<StreamStep> Domains(BenchData data)
    {
        if (data.Train.DomainNames.Count < 2) throw new InvalidDataException("the data set has one domain only. Choose one with domains, or the class-incremental protocol.");
        return [.. data.Train.DomainNames.Select((name, d) => Step(name, data, i => data.Train.Domains[i] == d, i => data.Test.Domains[i] == d))];
    }

    /// <summary>
    /// The windows of all steps as one pass in which the steps run into each other: each window's place is its step's middle plus a normal deviation of 0.35 steps (a Gaussian schedule as in
    /// Shanahan et al. 2021, "Encoders and Ensembles for Task-Free Continual Learning", section 4).
    /// </summary>
    /// <returns>Training indices in their order of arrival.</returns>
    public static int[] Blurred(IReadOnlyList<StreamStep> steps, int seed)
    {
        var random = new Random(seed);
        return [.. steps.SelectMany((step, t) => step.Train.Select(i => (Index: i, Place: t + Blur * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))))
            .OrderBy(w => w.Place).Select(w => w.Index)];
    }

    private static StreamStep Step(string name, BenchData data, Func<int, bool> trains, Func<int, bool> tests) =>
        new(name, [.. Enumerable.Range(0, data.Train.Count).Where(trains)], [.. Enumerable.Range(0, data.Test.Count).Where(tests)]);
}
