using Edge.Storage.Tests.Replay;

namespace Edge.Storage.Tests.Sampling;

public class MinibatchSamplerTests
{
    private static readonly string[] s_classes = ["a", "b", "c"];

    [Theory]
    [InlineData(MinibatchBalance.Uniform)]
    [InlineData(MinibatchBalance.ByClass)]
    public void A_draw_allocates_no_managed_memory_after_warm_up(MinibatchBalance balance)
    {
        using var cache = Filled(90, 30, 10);
        var sampler = new MinibatchSampler(cache, s_classes, balance, 1);
        float[] windows = new float[64 * cache.ValueCount];
        int[] labels = new int[64];
        ulong[] ids = new ulong[64];
        for (int i = 0; i < 50; i++) sampler.Draw(windows, labels, ids);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) sampler.Draw(windows, labels, ids);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Uniform_draws_have_every_window_as_often_as_any_other_and_none_twice()
    {
        using var cache = Filled(24, 12, 4);
        var counts = Drawn(cache, MinibatchBalance.Uniform, runs: 20_000, size: 15, out _);
        ChiSquare.AssertUniform(counts, 20_000, 15);
    }

    [Fact]
    public void Draws_by_class_have_every_class_as_often_and_within_it_every_window()
    {
        using var cache = Filled(20, 15, 8);
        var counts = Drawn(cache, MinibatchBalance.ByClass, runs: 9000, size: 12, out int[] perClass);
        Assert.Equal([36_000, 36_000, 36_000], perClass);
        ChiSquare.AssertUniform(counts[..20], 9000, 4);
        ChiSquare.AssertUniform(counts[20..35], 9000, 4);
        ChiSquare.AssertUniform(counts[35..], 9000, 4);
        Drawn(cache, MinibatchBalance.ByClass, runs: 3000, size: 13, out perClass);
        Assert.All(perClass, count => Assert.InRange(count, 12_850, 13_150)); // The thirteenth window goes round: 13,000 expected, one standard deviation is 26.
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(37)]
    [InlineData(48)]
    public void A_drawn_row_is_the_windows_own_whether_or_not_it_is_whole_cache_lines(int valueCount)
    {
        using var cache = new WindowCache(null, anchors: false);
        for (int i = 1; i <= 90; i++) cache.Put(Samples.One("a", (ulong)i, valueCount: valueCount) with { Id = (ulong)i, Role = ExampleRole.Replay });
        float[] windows = new float[20 * valueCount + 1];
        ulong[] ids = new ulong[20];
        windows[^1] = -7;
        Assert.Equal(20, new MinibatchSampler(cache, ["a"], MinibatchBalance.Uniform, 1).Draw(windows, new int[20], ids));
        for (int i = 0; i < 20; i++) Assert.Equal(Samples.One("a", ids[i], valueCount: valueCount).Samples, windows[(i * valueCount)..((i + 1) * valueCount)]);
        Assert.Equal(-7, windows[^1]);
    }

    [Theory]
    [InlineData(MinibatchBalance.Uniform)]
    [InlineData(MinibatchBalance.ByClass)]
    public void More_than_there_is_gives_all_there_is_and_a_small_class_gives_what_it_has(MinibatchBalance balance)
    {
        using var cache = Filled(20, 3, 1);
        var sampler = new MinibatchSampler(cache, s_classes, balance, 3);
        float[] windows = new float[40 * cache.ValueCount];
        int[] labels = new int[40];
        ulong[] ids = new ulong[40];
        Assert.Equal(24, sampler.Draw(windows, labels, ids));
        Assert.Equal(Enumerable.Range(1, 24).Select(id => (ulong)id), ids.Take(24).Order());
        if (balance == MinibatchBalance.ByClass)
        {
            Assert.Equal(10, sampler.Draw(windows, labels.AsSpan(0, 10), ids));
            Assert.Equal([6, 3, 1], Enumerable.Range(0, 3).Select(label => labels.Take(10).Count(l => l == label)));
        }

        Assert.Throws<ArgumentException>(() => sampler.Draw(windows.AsSpan(0, 5 * cache.ValueCount), labels));
    }

    [Fact]
    public void Values_labels_and_ids_belong_together_and_classes_that_are_not_asked_for_stay_out()
    {
        using var cache = Filled(10, 10, 10);
        var sampler = new MinibatchSampler(cache, ["c", "none", "a"], MinibatchBalance.Uniform, 4);
        float[] windows = new float[20 * cache.ValueCount];
        int[] labels = new int[20];
        ulong[] ids = new ulong[20];
        Assert.Equal(20, sampler.Draw(windows, labels, ids));
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(ids[i] <= 10 ? 2 : ids[i] > 20 ? 0 : -1, labels[i]);
            Assert.Equal(Samples.One("", ids[i]).Samples, windows[(i * cache.ValueCount)..((i + 1) * cache.ValueCount)]);
        }
    }

    [Fact]
    public void A_seed_gives_the_same_draws_and_another_gives_others()
    {
        using var cache = Filled(30, 20, 10);
        Assert.Equal(First(5), First(5));
        Assert.NotEqual(First(5), First(6));

        string First(int seed)
        {
            var sampler = new MinibatchSampler(cache, s_classes, MinibatchBalance.ByClass, seed);
            ulong[] ids = new ulong[8];
            string all = "";
            for (int i = 0; i < 10; i++)
            {
                sampler.Draw(new float[8 * cache.ValueCount], new int[8], ids);
                all += string.Join(' ', ids) + ";";
            }

            return all;
        }
    }

    private static int[] Drawn(WindowCache cache, MinibatchBalance balance, int runs, int size, out int[] perClass)
    {
        var sampler = new MinibatchSampler(cache, s_classes, balance, 11);
        int[] counts = new int[cache.Count], labels = new int[size];
        perClass = new int[3];
        ulong[] ids = new ulong[size];
        float[] windows = new float[size * cache.ValueCount];
        for (int run = 0; run < runs; run++)
        {
            Assert.Equal(size, sampler.Draw(windows, labels, ids));
            Assert.Equal(size, ids.Distinct().Count());
            foreach (ulong id in ids) counts[id - 1]++;
            foreach (int label in labels) perClass[label]++;
        }

        return counts;
    }

    private static WindowCache Filled(params int[] perClass)
    {
        var cache = new WindowCache(null, anchors: false);
        ulong id = 0;
        for (int c = 0; c < perClass.Length; c++)
        {
            for (int i = 0; i < perClass[c]; i++)
            {
                id++;
                cache.Put(Samples.One(s_classes[c], id) with { Id = id, Role = ExampleRole.Replay });
            }
        }

        return cache;
    }
}
