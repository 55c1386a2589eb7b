using Edge.Storage;
using Edge.Trainer.Bench;

namespace Edge.Trainer.Tests.Bench;

/// <summary>Every window comes once, whatever the order.</summary>
public class LearningStreamTests
{
    [Theory]
    [InlineData(4, 2, 2)]
    [InlineData(9, 5, 1)]
    [InlineData(1, 1, 1)]
    public void Two_classes_make_a_step_and_a_class_left_over_one_of_its_own(int classCount, int stepCount, int inTheLast)
    {
        var data = Data(classCount, domainCount: 1);
        var steps = LearningStream.Classes(data, seed: 3);
        Assert.Equal(stepCount, steps.Count);
        Assert.Equal(inTheLast, steps[^1].Train.Select(i => data.Train.Classes[i]).Distinct().Count());
        Assert.Equal(inTheLast, steps[^1].Name.Split(" + ").Length);
        EachOnce(data, steps);
        foreach (var step in steps) Assert.Equal(step.Train.Select(i => data.Train.Classes[i]).Distinct().Order(), step.Test.Select(i => data.Test.Classes[i]).Distinct().Order());
    }

    [Fact]
    public void The_order_of_the_classes_is_a_permutation_that_the_seed_gives()
    {
        var windows = Data(9, 1).Train;
        int[][] orders = [.. Enumerable.Range(1, 5).Select(seed => LearningStream.ClassOrder(windows, seed))];
        foreach (int[] order in orders) Assert.Equal(Enumerable.Range(0, 9), order.Order());
        Assert.Equal(5, orders.Select(o => string.Join(' ', o)).Distinct().Count());
        Assert.Equal(orders[2], LearningStream.ClassOrder(windows, 3));
        Assert.Equal("2 1 5 7 3", string.Join(' ', orders[0].Take(5))); // Tables are compared over the years: seed 1 means this order.
    }

    [Fact]
    public void Domains_come_in_the_order_of_the_recording_with_all_their_classes()
    {
        var data = Data(4, domainCount: 3);
        var steps = LearningStream.Domains(data);
        Assert.Equal(["day 0", "day 1", "day 2"], steps.Select(s => s.Name));
        EachOnce(data, steps);
        for (int d = 0; d < 3; d++)
        {
            Assert.All(steps[d].Train, i => Assert.Equal(d, data.Train.Domains[i]));
            Assert.All(steps[d].Test, i => Assert.Equal(d, data.Test.Domains[i]));
        }

        Assert.Contains("one domain only", Assert.Throws<InvalidDataException>(() => LearningStream.Domains(Data(4, 1))).Message);
    }

    [Fact]
    public void A_blurred_order_holds_every_window_once_and_about_15_percent_in_a_neighbours_time()
    {
        var data = Data(8, 1, perClass: 500);
        var steps = LearningStream.Classes(data, seed: 1);
        int[] order = LearningStream.Blurred(steps, seed: 1);
        Assert.Equal(Enumerable.Range(0, data.Train.Count), order.Order());
        Assert.Equal(order, LearningStream.Blurred(steps, seed: 1));
        Assert.NotEqual(order, LearningStream.Blurred(steps, seed: 2));

        int[] stepOf = new int[data.Train.Count];
        for (int s = 0; s < steps.Count; s++) foreach (int i in steps[s].Train) stepOf[i] = s;
        int[] distance = [.. order.Select((window, place) => Math.Abs(place / 1000 - stepOf[window]))];
        Assert.InRange(distance.Count(d => d > 0) / 4000.0, 0.08, 0.16); // The first and the last step have one neighbour.
        Assert.True(distance.Count(d => d > 1) <= 4, "beyond the neighbours there is next to nothing");
    }

    [Fact]
    public void A_step_does_not_arrive_class_after_class_where_steps_blur()
    {
        var data = Data(4, 1, perClass: 100);
        int[] order = LearningStream.Blurred(LearningStream.Classes(data, seed: 1), seed: 1);
        int changes = order.Zip(order.Skip(1)).Count(pair => data.Train.Classes[pair.First] != data.Train.Classes[pair.Second]);
        Assert.True(changes > 100, $"the class changes {changes} times in 400 windows");
    }

    private static void EachOnce(BenchData data, IReadOnlyList<StreamStep> steps)
    {
        Assert.Equal(Enumerable.Range(0, data.Train.Count), steps.SelectMany(s => s.Train).Order());
        Assert.Equal(Enumerable.Range(0, data.Test.Count), steps.SelectMany(s => s.Test).Order());
    }

    private static BenchData Data(int classCount, int domainCount, int perClass = 6)
    {
        LabelledWindows Windows(int count) => new()
        {
            Window = new WindowShape(1, 1, 1),
            Values = new float[count],
            Classes = [.. Enumerable.Range(0, count).Select(i => i % classCount)],
            Subjects = new int[count],
            Domains = [.. Enumerable.Range(0, count).Select(i => i / classCount % domainCount)],
            DomainNames = [.. Enumerable.Range(0, domainCount).Select(d => $"day {d}")],
            ClassNames = [.. Enumerable.Range(0, classCount).Select(c => $"class {c}")],
        };
        return new BenchData(Windows(classCount * perClass), Windows(classCount * 3), []);
    }
}
