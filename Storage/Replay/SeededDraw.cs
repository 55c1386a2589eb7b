namespace Edge.Storage;

/// <summary>Draws that depend on a seed and a counter only, so that they are the same after a restart without a generator state on disk. SplitMix64 (Steele, Lea, Flood 2014).</summary>
internal static class SeededDraw
{
    /// <summary>A number in [0, 1) for draw <paramref name="counter"/> of stream <paramref name="stream"/>.</summary>
    public static double Unit(int seed, uint stream, ulong counter) => (Bits(seed, stream, counter) >> 11) * (1.0 / (1UL << 53));

    /// <summary>An index in [0, <paramref name="count"/>).</summary>
    public static int Index(int seed, uint stream, ulong counter, int count) => (int)(Unit(seed, stream, counter) * count);

    private static ulong Bits(int seed, uint stream, ulong counter) => Mix(Mix(((ulong)(uint)seed << 32) | stream) + counter * 0x9E3779B97F4A7C15UL);

    private static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
