namespace Edge.Trainer.Backbones;

/// <summary>
/// The generator of the frozen banks, and of the copies that their statistics count: SplitMix64 (Steele, Lea, Flood 2014). Torch's and .NET's own may change with their version; what is made anew from its seed may not.
/// </summary>
public sealed class BankRandom(int seed)
{
    private const int UniformCount = 12;
    private ulong state = (ulong)(uint)seed;

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double Uniform()
    {
        state += 0x9E3779B97F4A7C15UL;
        ulong z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>
    /// A number of mean 0 and variance 1 that is nearly normal: twelve uniform ones less six. Only sums, so that no mathematics library decides on its last bit.
    /// </summary>
    public double Normal()
    {
        double sum = -UniformCount / 2.0;
        for (int i = 0; i < UniformCount; i++) sum += Uniform();
        return sum;
    }

    /// <summary><paramref name="count"/> different indices below <paramref name="bound"/>, in random order (Fisher and Yates).</summary>
    public int[] Choose(int count, int bound)
    {
        int[] all = [.. Enumerable.Range(0, bound)];
        for (int i = 0; i < count; i++)
        {
            int j = i + (int)(Uniform() * (bound - i));
            (all[i], all[j]) = (all[j], all[i]);
        }

        return all[..count];
    }
}
