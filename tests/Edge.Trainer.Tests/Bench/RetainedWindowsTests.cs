using Edge.Storage;
using Edge.Trainer.Bench;

namespace Edge.Trainer.Tests.Bench;

/// <summary>The store's policies as a memory of the benchmark.</summary>
public class RetainedWindowsTests
{
    private static readonly LabelledWindows s_waves = BenchWaves.Windows(classCount: 3, perClass: 60);

    [Theory]
    [InlineData(RetentionKind.ClassBalanced)]
    [InlineData(RetentionKind.Reservoir)]
    [InlineData(RetentionKind.Ring)]
    [InlineData(RetentionKind.Herding)]
    [InlineData(RetentionKind.Segmented)]
    public void Every_policy_keeps_what_fits_and_draws_only_that(RetentionKind kind)
    {
        var (memory, again) = (new RetainedWindows(kind, s_waves, capacity: 12, seed: 1), new RetainedWindows(kind, s_waves, capacity: 12, seed: 1));
        foreach (int i in Stream())
        {
            memory.Offer(i, s_waves.Classes[i]);
            memory.Offer(i, s_waves.Classes[i]); // A window counts once, however many passes there are.
            again.Offer(i, s_waves.Classes[i]);
        }

        Assert.Equal(12, memory.Kept.Distinct().Count());
        Assert.Equal(memory.Kept.Order(), memory.Kept);
        Assert.Equal(memory.Kept, again.Kept);
        int[] drawn = memory.Draw(6);
        Assert.Equal(6, drawn.Distinct().Count());
        Assert.Subset(memory.Kept.ToHashSet(), drawn.ToHashSet());
    }

    [Fact]
    public void The_ring_keeps_the_latest_of_each_class_in_the_order_of_arrival_and_not_of_indices()
    {
        var memory = new RetainedWindows(RetentionKind.Ring, s_waves, capacity: 6, seed: 1);
        int[] stream = [.. Stream()];
        foreach (int i in stream) memory.Offer(i, s_waves.Classes[i]);
        Assert.Equal(stream.GroupBy(i => s_waves.Classes[i]).SelectMany(c => c.TakeLast(2)).Order(), memory.Kept);
    }

    [Fact]
    public void Herding_keeps_windows_whose_mean_is_that_of_their_class()
    {
        Assert.True(Distance(RetentionKind.Herding) < 0.5 * Distance(RetentionKind.Reservoir), $"{Distance(RetentionKind.Herding)} against {Distance(RetentionKind.Reservoir)}");

        static double Distance(RetentionKind kind)
        {
            var memory = new RetainedWindows(kind, s_waves, capacity: 18, seed: 1);
            foreach (int i in Stream()) memory.Offer(i, s_waves.Classes[i]);
            return Enumerable.Range(0, 3).Sum(c => Math.Abs(Mean(memory.Kept.Where(i => s_waves.Classes[i] == c)) - Mean(Stream().Where(i => s_waves.Classes[i] == c))));
        }

        static double Mean(IEnumerable<int> indices) => indices.Average(i => WindowDescriptor.Of(s_waves.Values.AsSpan(i * s_waves.Window.ValueCount, s_waves.Window.ValueCount), s_waves.Window.ChannelCount)[1]);
    }

    /// <summary>Classes one after the other, within a class the highest index first.</summary>
    private static IEnumerable<int> Stream() => Enumerable.Range(0, s_waves.Count).OrderBy(i => s_waves.Classes[i]).ThenByDescending(i => i);
}
