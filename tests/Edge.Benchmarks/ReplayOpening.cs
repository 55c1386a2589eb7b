using System.Diagnostics;
using System.Runtime.InteropServices;
using Edge.Storage;
using static Edge.Benchmarks.ReplayLoad;

namespace Edge.Benchmarks;

/// <summary>Opening a store and filling its tensor against reading the same payload from a plain file; and minibatches from the tensor against a copy of as many bytes.</summary>
internal static class ReplayOpening
{
    private const int TurnCount = 9, MinibatchSize = 128, FillBatch = 512, DrawCount = 2000, ColdCount = 200, ColdBytes = 128 << 20;
    private const double WarmUpSeconds = 1;

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

    /// <summary>
    /// Draws against copies of as many bytes: in one piece from somewhere in a tensor of the same size, and row by row. Twice: as they come, when a part of both tensors is in the processor's last cache, and cold, after so much
    /// else was written that neither tensor nor the target is in any.
    /// </summary>
    private static IEnumerable<ReplayRow> Draws(ReplayBuffer store, int windowCount, MinibatchBalance balance)
    {
        var sampler = new MinibatchSampler(store.Windows, ["a", "b", "c", "d", "e", "f"], balance, 1);
        float[] source = GC.AllocateUninitializedArray<float>(windowCount * ValueCount), target = new float[MinibatchSize * ValueCount];
        source.AsSpan().Fill(1);
        byte[] other = new byte[ColdBytes];
        int[] labels = new int[MinibatchSize];
        var random = new Random(1);
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < WarmUpSeconds;) sampler.Draw(target, labels); // Until the compiler has done its best.
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < DrawCount; i++) sampler.Draw(target, labels);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        var rows = new List<ReplayRow>();
        foreach (bool cold in new[] { false, true })
        {
            var (drawn, copied, rowByRow) = (new List<double>(), new List<double>(), new List<double>());
            for (int i = 0; i < (cold ? ColdCount : DrawCount); i++)
            {
                int at = random.Next(windowCount - MinibatchSize) * ValueCount;
                copied.Add(Microseconds(() => source.AsSpan(at, target.Length).CopyTo(target)));
                drawn.Add(Microseconds(() => sampler.Draw(target, labels)));
                rowByRow.Add(Microseconds(() =>
                {
                    for (int row = 0; row < MinibatchSize; row++) source.AsSpan(random.Next(windowCount) * ValueCount, ValueCount).CopyTo(target.AsSpan(row * ValueCount));
                }));
            }

            rows.Add(new(
                Text($"draw a minibatch of {MinibatchSize} from {windowCount} ({balance}), {(cold ? "nothing of it in a cache" : "as it comes")}, µs"), Text($"{Median(drawn):0}"),
                Text($"{Median(copied):0} copying as many bytes in one piece; {Median(rowByRow):0} as many rows one by one"), Text($"{Median(drawn) / Median(copied):0.00}; {Median(drawn) / Median(rowByRow):0.00}"), "<= 2"));

            double Microseconds(Action work)
            {
                if (cold) other.AsSpan().Fill((byte)drawn.Count);
                return Milliseconds(work) * 1000;
            }
        }

        return [.. rows, new(Text($"managed bytes of {DrawCount} such draws"), Text($"{allocated}"), "", "", "0")];
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
