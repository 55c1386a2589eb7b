using Edge.Trainer.Methods;

namespace Edge.Trainer.Tests.Methods;

public class BoundedMemoryTests
{
    [Fact]
    public void No_more_is_kept_than_its_capacity_and_equally_much_of_each_class()
    {
        var memory = new BoundedMemory(12, seed: 1);
        for (int i = 0; i < 300; i++)
        {
            memory.Offer(i, Class(i));
            Assert.Equal(Math.Min(i + 1, 12), memory.Kept.Count);
        }

        Assert.Equal([4, 4, 4], Enumerable.Range(0, 3).Select(c => memory.Kept.Count(i => Class(i) == c)));
        Assert.Equal(memory.Kept.Order(), memory.Kept);
        Assert.Contains(memory.Kept, i => i < 200); // Not merely the latest.
    }

    [Fact]
    public void What_was_let_go_is_not_drawn_any_more()
    {
        var memory = new BoundedMemory(10, seed: 1);
        for (int i = 0; i < 200; i++) memory.Offer(i, Class(i));
        int[] kept = [.. memory.Kept];
        for (int draw = 0; draw < 50; draw++) Assert.Subset(kept.ToHashSet(), memory.Draw(5).ToHashSet());
        for (int i = 200; i < 300; i++) memory.Offer(i, 3); // A new class takes the place of old windows.
        Assert.Contains(kept, i => !memory.Kept.Contains(i));
        for (int draw = 0; draw < 50; draw++) Assert.Subset(memory.Kept.ToHashSet(), memory.Draw(5).ToHashSet());
    }

    [Fact]
    public void A_draw_holds_no_window_twice_and_is_balanced_over_the_classes()
    {
        var memory = new BoundedMemory(40, seed: 1);
        for (int i = 0; i < 30; i++) memory.Offer(i, i < 25 ? 0 : 1);
        for (int draw = 0; draw < 50; draw++)
        {
            int[] drawn = memory.Draw(12);
            Assert.Equal(12, drawn.Distinct().Count());
            Assert.Equal(5, drawn.Count(i => i >= 25)); // All of the small class, which cannot fill its half.
        }

        Assert.Equal(Enumerable.Range(0, 30), memory.Draw(99).Order());
        Assert.Empty(new BoundedMemory(4, seed: 1).Draw(3));
    }

    [Fact]
    public void A_window_counts_once_however_often_it_is_offered()
    {
        var (once, often) = (new BoundedMemory(8, seed: 1), new BoundedMemory(8, seed: 1));
        for (int i = 0; i < 60; i++)
        {
            once.Offer(i, Class(i));
            for (int time = 0; time < 3; time++) often.Offer(i, Class(i));
        }

        Assert.Equal(once.Kept, often.Kept);
    }

    [Fact]
    public void The_seed_decides_what_is_kept_and_drawn()
    {
        Assert.Equal(Drawn(1), Drawn(1));
        Assert.NotEqual(Drawn(1), Drawn(2));

        static int[] Drawn(int seed)
        {
            var memory = new BoundedMemory(10, seed);
            for (int i = 0; i < 100; i++) memory.Offer(i, Class(i));
            return memory.Draw(6);
        }
    }

    private static int Class(int index) => index < 240 ? index % 2 : 2;
}
