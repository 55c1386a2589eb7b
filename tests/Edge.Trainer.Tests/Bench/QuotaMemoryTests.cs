using Edge.Trainer.Methods;

namespace Edge.Trainer.Tests.Bench;

/// <summary>The buffer of the class-incremental protocol: a fair sample of every class.</summary>
public class QuotaMemoryTests
{
    [Fact]
    public void Every_window_of_a_class_is_kept_with_the_same_probability()
    {
        const int Windows = 20, Quota = 5, Trials = 4000;
        int[] kept = new int[Windows];
        for (int seed = 0; seed < Trials; seed++)
        {
            var memory = new QuotaMemory(Quota, seed);
            for (int i = 0; i < Windows; i++) memory.Offer(i, 0);
            foreach (int i in memory.Kept) kept[i]++;
        }

        const double P = (double)Quota / Windows;
        double chiSquare = kept.Sum(n => (n - Trials * P) * (n - Trials * P)) / (Trials * P * (1 - P)) * (Windows - 1) / Windows; // Draws without replacement: 19 degrees of freedom.
        Assert.InRange(chiSquare, 5, 43.8); // 99.9 % of fair samples lie below; far below means that the draws are not independent.
    }

    [Fact]
    public void Each_class_has_its_quota_and_no_other_class_takes_from_it()
    {
        var memory = new QuotaMemory(3, seed: 1);
        for (int i = 0; i < 200; i++) memory.Offer(i, 0);
        int[] first = [.. memory.Kept];
        Assert.Equal(3, first.Length);
        Assert.Contains(first, i => i > 2); // Not merely the earliest.
        for (int i = 200; i < 300; i++) memory.Offer(i, 1);
        memory.Offer(300, 2);
        Assert.Equal(first, memory.Kept.Where(i => i < 200));
        Assert.Equal(7, memory.Kept.Count);
        Assert.Equal(memory.Kept.Order(), memory.Kept);
    }

    [Fact]
    public void A_window_counts_once_however_often_it_is_offered()
    {
        var (once, often) = (new QuotaMemory(4, seed: 1), new QuotaMemory(4, seed: 1));
        for (int i = 0; i < 60; i++)
        {
            once.Offer(i, i % 2);
            for (int time = 0; time < 3; time++) often.Offer(i, i % 2);
        }

        Assert.Equal(once.Kept, often.Kept);
    }

    [Fact]
    public void A_draw_takes_turns_over_the_classes_and_holds_no_window_twice()
    {
        var memory = new QuotaMemory(10, seed: 1);
        for (int i = 0; i < 22; i++) memory.Offer(i, i < 10 ? 0 : i < 20 ? 1 : 2);
        var leftOver = new HashSet<int>();
        for (int draw = 0; draw < 60; draw++)
        {
            int[] drawn = memory.Draw(9);
            Assert.Equal(9, drawn.Distinct().Count());
            Assert.Equal(2, drawn.Count(i => i >= 20)); // All of the small class.
            int ofFirst = drawn.Count(i => i < 10);
            Assert.InRange(ofFirst, 3, 4);
            leftOver.Add(ofFirst);
        }

        Assert.Equal(2, leftOver.Count); // The odd one goes now to this class and now to that.
        Assert.Equal(Enumerable.Range(0, 22), memory.Draw(99).Order());
        Assert.Empty(new QuotaMemory(4, seed: 1).Draw(3));
    }

    [Fact]
    public void Every_kept_window_of_a_class_is_drawn_equally_often()
    {
        var memory = new QuotaMemory(10, seed: 1);
        for (int i = 0; i < 20; i++) memory.Offer(i, i % 2);
        int[] drawn = new int[20];
        for (int draw = 0; draw < 2000; draw++) foreach (int i in memory.Draw(4)) drawn[i]++;
        Assert.All(drawn, n => Assert.InRange(n, 330, 470)); // 400 expected, deviation 18.
    }
}
