using System.Diagnostics;
using Edge.Storage;
using static Edge.Benchmarks.ReplayLoad;

namespace Edge.Benchmarks;

/// <summary>Durable ingest one by one and in batches of 32, taking turns; the bytes that each costs; and both again in a store that is full.</summary>
internal static class ReplayIngest
{
    private const int BatchSize = 32, TurnCount = 8, SinglesPerTurn = 32, BatchesPerTurn = 16;

    public static async Task<IEnumerable<ReplayRow>> MeasureAsync(string folder)
    {
        using var single = Open(Path.Combine(folder, "single.db"), 100_000, 100_000);
        using var batched = Open(Path.Combine(folder, "batched.db"), 100_000, 100_000);
        var windows = Windows(BatchSize * BatchesPerTurn);
        await OfferAsync(single, windows[..1], 1);
        await OfferAsync(batched, windows[..BatchSize], BatchSize);
        var turns = new List<(Cost Single, Cost Batched)>();
        for (int turn = 0; turn < TurnCount; turn++) turns.Add((await OfferAsync(single, windows[..SinglesPerTurn], 1), await OfferAsync(batched, windows, BatchSize)));
        double singles = Median(turns.Select(t => t.Single.PerSecond)), batches = Median(turns.Select(t => t.Batched.PerSecond));
        using var full = Open(Path.Combine(folder, "full.db"), 1000, 64);
        for (int i = 0; i < 6; i++) await OfferAsync(full, windows, BatchSize);
        var atCapacity = new List<Cost>();
        for (int turn = 0; turn < TurnCount; turn++) atCapacity.Add(await OfferAsync(full, windows, BatchSize));
        return
        [
            new(Text($"durable ingest in batches of {BatchSize}, windows a second"), Text($"{batches:0}"), Text($"{singles:0} one by one"), Text($"{Median(turns.Select(t => t.Batched.PerSecond / t.Single.PerSecond)):0.0}"), ">= 5"),
            new(Text($"bytes written per byte of payload, batches of {BatchSize}"), Text($"{Median(turns.Select(t => t.Batched.BytesPerByte)):0.00}"), Text($"{Median(turns.Select(t => t.Single.BytesPerByte)):0.0} one by one"), "", "<= 3"),
            new("the same in a full store: 1000 for replay, 64 fresh, each new one lets an old one go", Text($"{Median(atCapacity.Select(c => c.BytesPerByte)):0.00}"), Text($"{Median(atCapacity.Select(c => c.PerSecond)):0} windows a second"), "", "<= 3"),
        ];
    }

    private static async Task<Cost> OfferAsync(ReplayBuffer buffer, Example[] windows, int batchSize)
    {
        long written = WrittenBytes(), start = Stopwatch.GetTimestamp();
        for (int i = 0; i < windows.Length; i += batchSize) await buffer.OfferAsync(windows[i..(i + batchSize)], null);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Cost(windows.Length / seconds, (WrittenBytes() - written) / (double)(windows.Length * PayloadBytes));
    }

    private readonly record struct Cost(double PerSecond, double BytesPerByte);
}
