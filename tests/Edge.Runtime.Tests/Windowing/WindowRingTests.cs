using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Tests.Windowing;

/// <summary>A late label finds its window, or is told what the ring holds.</summary>
public class WindowRingTests
{
    private static readonly WindowShape s_shape = new(1, 4, 50);

    [Fact]
    public void An_empty_ring_holds_nothing()
    {
        var ring = new WindowRing(3, s_shape);
        Assert.Equal((0ul, 0ul), ring.Range);
        Assert.Null(ring.Find(1));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 2)]
    [InlineData(3, 1, 3)]
    [InlineData(4, 2, 4)]
    [InlineData(10, 8, 10)]
    public void The_latest_windows_are_held_and_the_oldest_goes(int kept, ulong oldest, ulong newest)
    {
        var ring = new WindowRing(3, s_shape);
        for (int id = 1; id <= kept; id++) ring.Keep(WindowOf((ulong)id), [id], "snapshot");
        Assert.Equal((oldest, newest), ring.Range);
        Assert.Null(ring.Find(oldest - 1));
        Assert.Null(ring.Find(newest + 1));
        for (ulong id = oldest; id <= newest; id++) Assert.Equal([id, id, id, id], ring.Find(id)!.Samples);
    }

    [Fact]
    public void Samples_are_found_by_age()
    {
        var ring = new WindowRing(3, s_shape);
        float[] samples = new float[4];
        Assert.False(ring.CopySamples(1, samples));
        for (ulong id = 1; id <= 5; id++) ring.Keep(WindowOf(id), [], null);
        Assert.Equal([5, 4, 3], Enumerable.Range(1, 3).Select(age => ring.CopySamples(age, samples) ? samples[0] : -1));
        Assert.False(ring.CopySamples(4, samples));
        Assert.False(ring.CopySamples(0, samples));
    }

    [Fact]
    public void What_is_found_is_a_copy_that_later_windows_leave_alone()
    {
        var ring = new WindowRing(1, s_shape);
        var window = WindowOf(7);
        ring.Keep(window, [0.5f, 0.25f], "s000002-0a0b0c0d");
        var found = ring.Find(7)!;
        window.Samples.AsSpan().Clear();
        ring.Keep(WindowOf(8), [], null);

        Assert.Equal((7ul, 7.5, "s000002-0a0b0c0d"), (found.Id, found.StartSeconds, found.SnapshotId));
        Assert.Equal([7, 7, 7, 7], found.Samples);
        Assert.Equal([0.5f, 0.25f], found.Embedding);
        Assert.Null(ring.Find(7));
        Assert.Empty(ring.Find(8)!.Embedding);
        Assert.Null(ring.Find(8)!.SnapshotId);
    }

    private static Window WindowOf(ulong id)
    {
        var window = new Window(s_shape) { Id = id, StartSeconds = id + 0.5 };
        window.Samples.AsSpan().Fill(id);
        return window;
    }
}
