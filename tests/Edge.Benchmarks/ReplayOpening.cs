using System.Diagnostics;
using System.Runtime.InteropServices;
using Edge.Storage;
using static Edge.Benchmarks.ReplayLoad;

namespace Edge.Benchmarks;

/// <summary>Opening a store and filling its tensor against reading the same payload from a plain file; and minibatches from the tensor against a copy of as many bytes.</summary>
internal static class ReplayOpening
{
    private const int TurnCount = 9, MinibatchSize = 128, FillBatch = 512, DrawCount = 2000;

    public static async Task<IEnumerable<ReplayRow>> MeasureAsync(string folder, int windowCount)
    {
        string path = Path.Combine(folder, "open.db"), raw = Path.Combine(folder, "raw.bin");
        using (var buffer = Open(path, windowCount, 64))
        {
            var windows = Windows(FillBatch);
            for (int i = 0; i < windowCount; i += FillBatch) await buffer.OfferAsync(windows[..Math.Min(FillBatch, windowCount - i)], null);
        }

        using (var stream = File.Create(raw))
        {
            byte[] some = [.. Windows(FillBatch).SelectMany(window => MemoryMarshal.AsBytes(window.Samples.AsSpan()).ToArray())];
            while (stream.Length < (long)windowCount * PayloadBytes) stream.Write(some);
            stream.SetLength((long)windowCount * PayloadBytes);
        }

        var opened = new List<double>();
        var read = new List<double>();
        var cpu = new List<double>();
        for (int turn = 0; turn < TurnCount; turn++)
        {
            read.Add(Milliseconds(() => ReadRaw(raw)));
            ReplayBuffer buffer = null!;
            var before = Process.GetCurrentProcess().TotalProcessorTime;
            opened.Add(Milliseconds(() => buffer = Open(path, windowCount, 64)));
            cpu.Add((Process.GetCurrentProcess().TotalProcessorTime - before).TotalMilliseconds);
            if (buffer.Windows.Count != windowCount) throw new InvalidOperationException($"{buffer.Windows.Count} windows were opened, not {windowCount}");
            buffer.Dispose();
            GC.Collect();
        }

        using var store = Open(path, windowCount, 64);
        double opening = Median(opened), reading = Median(read);
        return
        [
            new(Text($"open and fill the tensor, {windowCount} windows, ms"), Text($"{opening:0} (CPU {Median(cpu):0})"), Text($"{reading:0} reading the raw bytes"), "", Text($"<= 2 x {reading:0} + 500 = {2 * reading + 500:0}")),
            .. Draws(store, windowCount, MinibatchBalance.Uniform),
            .. Draws(store, windowCount, MinibatchBalance.ByClass),
        ];
    }

    private static IEnumerable<ReplayRow> Draws(ReplayBuffer store, int windowCount, MinibatchBalance balance)
    {
        var sampler = new MinibatchSampler(store.Windows, ["a", "b", "c", "d", "e", "f"], balance, 1);
        float[] source = GC.AllocateUninitializedArray<float>(windowCount * ValueCount), target = new float[MinibatchSize * ValueCount];
        source.AsSpan().Fill(1);
        int[] labels = new int[MinibatchSize];
        var random = new Random(1);
        var drawn = new List<double>();
        var copied = new List<double>();
        var rowByRow = new List<double>();
        for (int i = 0; i < 200; i++) sampler.Draw(target, labels);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < DrawCount; i++) sampler.Draw(target, labels);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        for (int i = 0; i < DrawCount; i++)
        {
            // As far from the processor's caches as the rows of a draw: somewhere in as many bytes.
            int at = random.Next(windowCount - MinibatchSize) * ValueCount;
            long start = Stopwatch.GetTimestamp();
            source.AsSpan(at, target.Length).CopyTo(target);
            long between = Stopwatch.GetTimestamp();
            sampler.Draw(target, labels);
            long drew = Stopwatch.GetTimestamp();
            for (int row = 0; row < MinibatchSize; row++) source.AsSpan(random.Next(windowCount) * ValueCount, ValueCount).CopyTo(target.AsSpan(row * ValueCount));
            rowByRow.Add(Stopwatch.GetElapsedTime(drew).TotalMicroseconds);
            drawn.Add(Stopwatch.GetElapsedTime(between, drew).TotalMicroseconds);
            copied.Add(Stopwatch.GetElapsedTime(start, between).TotalMicroseconds);
        }

        yield return new(
            Text($"draw a minibatch of {MinibatchSize} from {windowCount} ({balance}), µs"), Text($"{Median(drawn):0}"), Text($"{Median(copied):0} copying as many bytes in one piece; {Median(rowByRow):0} as many rows one by one"), Text($"{Median(drawn) / Median(copied):0.00}; {Median(drawn) / Median(rowByRow):0.00}"), "<= 2");
        yield return new(Text($"managed bytes of {DrawCount} such draws"), Text($"{allocated}"), "", "", "0");
    }

    private static void ReadRaw(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        byte[] buffer = new byte[1 << 20];
        while (stream.Read(buffer) > 0)
        {
        }
    }
}
