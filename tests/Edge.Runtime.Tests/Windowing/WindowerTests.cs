using Edge.Runtime.Sensors;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Tests.Windowing;

/// <summary>Blocks in, windows out: exactly those that a naive reader of the whole stream would cut.</summary>
public class WindowerTests
{
    private static readonly WindowShape s_shape = new(2, 8, 50);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 300)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Any_stream_gives_the_windows_that_a_naive_reader_cuts(int seed)
    {
        var random = new Random(seed);
        var shape = new WindowShape(random.Next(1, 5), random.Next(1, 41), random.Next(1, 200));
        int stride = random.Next(1, shape.Length + 1);
        var naive = new NaiveWindower(shape, stride, firstId: 100);
        var windower = new Windower(shape, stride, 100);
        var streams = new Streams(shape.ChannelCount, capacity: 60);
        var pool = new WindowPool(shape);
        var cut = new List<Window>();
        double seconds = random.Next(0, 1000);
        int answered = 0;
        for (int i = 0; i < 40; i++)
        {
            int count = random.Next(1, 61);
            float[][] values = [.. Enumerable.Range(0, shape.ChannelCount).Select(_ => Enumerable.Range(0, count).Select(_ => Value(random)).ToArray())];
            bool afterGap = random.Next(6) == 0;
            if (random.Next(8) == 0) streams.Drop(random.Next(1, 100));
            string? truth = random.Next(3) switch { 0 => "walking", 1 => new string("walking".AsSpan()), _ => null };
            var block = streams.Block(values, seconds, truth, afterGap);
            naive.Take(block);
            answered += windower.Push(block, pool, cut, static (list, window) => list.Add(window));
            seconds += count / shape.SampleRateHz;
        }

        Assert.Equal(cut.Count, answered);
        Assert.Equal(naive.Broken, windower.BrokenCount);
        Assert.Equal(naive.Windows.Select(w => (w.Id, w.Truth)), cut.Select(w => (w.Id, w.Truth)));
        for (int i = 0; i < cut.Count; i++)
        {
            Assert.Equal(naive.Windows[i].Samples, cut[i].Samples);
            Assert.Equal(naive.Windows[i].StartSeconds, cut[i].StartSeconds, 1e-6);
            Assert.Equal(cut[i].StartSeconds + shape.Length / shape.SampleRateHz, cut[i].EndSeconds, 1e-6);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(1.1e9f)]
    [InlineData(float.MinValue)]
    public void No_window_holds_a_value_that_no_sensor_measures_and_it_goes_on_after_it(float glitch)
    {
        var (windower, streams, cut) = (new Windower(s_shape, 4, 1), new Streams(2, 32), new List<Window>());
        var block = streams.Ramp(32, 50);
        block.Channel(1)[10] = glitch;
        windower.Push(block, new WindowPool(s_shape), cut, static (list, window) => list.Add(window));

        // Windows begin at 0, 4, ..., 24; those at 4 and 8 hold sample 10.
        Assert.Equal(2, windower.BrokenCount);
        Assert.Equal([1, 4, 5, 6, 7], cut.Select(w => w.Id));
        Assert.Equal([0, 12, 16, 20, 24], cut.Select(w => w.Samples[0]));
        Assert.All(cut, w => Assert.All(w.Samples, value => Assert.True(Math.Abs(value) <= Windower.LargestMagnitude)));
    }

    [Fact]
    public void A_finite_window_is_cut_though_its_sum_is_large()
    {
        var (windower, streams, cut) = (new Windower(s_shape, 8, 1), new Streams(2, 8), new List<Window>());
        float[] large = [.. Enumerable.Repeat(-Windower.LargestMagnitude, 8)];
        windower.Push(streams.Block([large, large]), new WindowPool(s_shape), cut, static (list, window) => list.Add(window));
        Assert.Single(cut);
        Assert.Equal(0, windower.BrokenCount);
    }

    [Fact]
    public void A_window_of_two_classes_has_no_truth()
    {
        var (windower, streams, cut) = (new Windower(s_shape, 4, 1), new Streams(2, 8), new List<Window>());
        var pool = new WindowPool(s_shape);
        foreach (string? truth in new[] { "sitting", "sitting", "walking", "walking", null })
            windower.Push(streams.Ramp(8, 50, truth), pool, cut, static (list, window) => list.Add(window));
        Assert.Equal(["sitting", "sitting", "sitting", null, "walking", "walking", "walking", null, null], cut.Select(w => w.Truth));
    }

    [Fact]
    public void No_window_reaches_across_a_gap_of_the_sensor()
    {
        var (windower, streams, cut) = (new Windower(s_shape, 8, 1), new Streams(2, 12), new List<Window>());
        var pool = new WindowPool(s_shape);
        windower.Push(streams.Ramp(12, 50), pool, cut, static (list, window) => list.Add(window));
        windower.Push(streams.Ramp(12, 50, afterGap: true), pool, cut, static (list, window) => list.Add(window));
        Assert.Equal([0, 12], cut.Select(w => w.Samples[0]));
        Assert.Equal(0, windower.LostCount); // The sensor had nothing; no window was lost on the way.
    }

    [Theory]
    [InlineData(8, 1)]
    [InlineData(8, 3)]
    [InlineData(8, 8)]
    [InlineData(128, 64)]
    public void Blocks_that_a_full_queue_dropped_are_a_gap_and_every_window_they_cost_is_counted(int length, int stride)
    {
        var shape = new WindowShape(1, length, 50);
        for (int missing = 1; missing <= 3 * length; missing++)
        {
            for (int before = 0; before <= length; before += Math.Max(1, length / 8))
            {
                var (windower, streams, cut) = (new Windower(shape, stride, 1), new Streams(1, 4 * length), new List<Window>());
                var pool = new WindowPool(shape);
                if (before > 0) windower.Push(streams.Ramp(before, 50), pool, cut, static (list, window) => list.Add(window));
                streams.Drop(missing);
                windower.Push(streams.Ramp(length, 50), pool, cut, static (list, window) => list.Add(window));

                int whole = before + missing + length; // The stream without the loss, up to the first window after it.
                Assert.Equal((whole - length) / stride + 1, cut.Count + windower.LostCount);
                Assert.All(cut, w => Assert.Equal(length - 1, w.Samples[^1] - w.Samples[0]));
            }
        }
    }

    [Fact]
    public void After_warm_up_a_window_costs_no_allocation()
    {
        var shape = new WindowShape(9, 128, 50);
        var blocks = new SampleBlockPool(9, 16);
        var windows = new WindowPool(shape);
        var ring = new WindowRing(16, shape);
        var windower = new Windower(shape, 64, 1);
        float[] embedding = new float[128];
        var sink = new Sink(windows, ring, embedding);
        long first = 0;
        Run(2000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int cut = Run(20_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(20_000 * 16 / 64, cut);
        Assert.Equal(0, allocated);

        int Run(int count)
        {
            int windowCount = 0;
            for (int i = 0; i < count; i++)
            {
                var block = blocks.Rent();
                block.SampleCount = 16;
                block.FirstSample = first;
                block.StartSeconds = first / 50.0;
                block.Truth = "walking";
                first += 16;
                windowCount += windower.Push(block, windows, sink, static (to, window) => to.Take(window));
                blocks.Return(block);
            }

            return windowCount;
        }
    }

    private static float Value(Random random) => random.Next(400) switch
    {
        0 => float.NaN,
        1 => float.NegativeInfinity,
        2 => 3e38f,
        _ => (float)(random.NextDouble() * 4 - 2),
    };

    private sealed record Sink(WindowPool Pool, WindowRing Ring, float[] Embedding)
    {
        public void Take(Window window)
        {
            Ring.Keep(window, Embedding, "s000001-00000000");
            Pool.Return(window);
        }
    }

    /// <summary>Keeps everything since the last gap and reads the windows off it.</summary>
    private sealed class NaiveWindower(WindowShape shape, int stride, ulong firstId)
    {
        private readonly List<float>[] channels = [.. Enumerable.Range(0, shape.ChannelCount).Select(_ => new List<float>())];
        private readonly List<string?> truths = [];
        private double startSeconds;
        private int next;
        private long expected;
        private ulong id = firstId;

        public List<(ulong Id, double StartSeconds, string? Truth, float[] Samples)> Windows { get; } = [];

        public int Broken { get; private set; }

        public void Take(SampleBlock block)
        {
            if (block.StartsAfterGap || block.FirstSample != expected || truths.Count == 0)
            {
                foreach (var channel in channels) channel.Clear();
                truths.Clear();
                (next, startSeconds) = (0, block.StartSeconds);
            }

            expected = block.FirstSample + block.SampleCount;
            for (int channel = 0; channel < channels.Length; channel++) channels[channel].AddRange(block.Channel(channel));
            truths.AddRange(Enumerable.Repeat(block.Truth, block.SampleCount));
            for (; next + shape.Length <= truths.Count; next += stride, id++)
            {
                float[] samples = [.. channels.SelectMany(c => c.GetRange(next, shape.Length))];
                if (samples.Any(v => !float.IsFinite(v) || Math.Abs(v) > 1e9f))
                {
                    Broken++;
                    continue;
                }

                var within = truths.GetRange(next, shape.Length).Distinct().ToList();
                Windows.Add((id, startSeconds + next / shape.SampleRateHz, within.Count == 1 ? within[0] : null, samples));
            }
        }
    }
}
