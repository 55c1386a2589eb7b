using Edge.Storage;

namespace Edge.ReplayVictim;

/// <summary>Everything about an example follows from the id of its window, so a check knows what must be there.</summary>
internal static class Content
{
    public const int FeatureCount = 4;
    public const string ClassNames = "abcdef";
    private const int ValueCount = 9 * 64;

    /// <summary>Room for everything: nothing is let go, so nothing that was acknowledged may be missing.</summary>
    public static ReplayBufferOptions Options { get; } = new()
    {
        Capacity = 200_000, AnchorCapacity = 50_000, AnchorShare = 0.2, AnchorBlockSeconds = 10, FreshCapacity = 200_000, Seed = 3,
    };

    /// <summary>Little room: soon every example that comes lets another go, and what waits for a round overflows.</summary>
    public static ReplayBufferOptions Bounded { get; } = Options with { Capacity = 60, AnchorCapacity = 20, FreshCapacity = 40 };

    /// <summary>Less room still.</summary>
    public static ReplayBufferOptions Trimmed { get; } = Bounded with { Capacity = 30, AnchorCapacity = 10, FreshCapacity = 20 };

    public static Example Of(ulong windowId)
    {
        var random = new Random((int)(windowId * 2654435761 % int.MaxValue));
        float[] samples = new float[ValueCount];
        for (int i = 0; i < samples.Length; i++) samples[i] = random.Next(-1000, 1000);
        return new Example { WindowId = windowId, Class = ClassNames[random.Next(ClassNames.Length)].ToString(), StartSeconds = windowId * 1.28, LabelledAt = DateTimeOffset.UnixEpoch.AddSeconds(windowId), Samples = samples };
    }

    public static Example[] Range(ulong first, int count) => [.. Enumerable.Range(0, count).Select(i => Of(first + (ulong)i))];

    /// <summary>Whole numbers, so that their sums are exact in any order.</summary>
    public static ReadOnlySpan<float> FeaturesOf(Example example) => example.Samples.AsSpan(0, FeatureCount);

    public static string StoreIn(string folder) => Path.Combine(folder, "replay.db");

    public static StatisticsFile StatisticsIn(string folder) => new(Path.Combine(folder, "statistics.bin"));

    public static ClassStatistics NewStatistics() => new("victim", FeatureCount);
}
