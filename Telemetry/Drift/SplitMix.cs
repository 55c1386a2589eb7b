namespace Edge.Telemetry.Drift;

/// <summary>SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): 64 bits of state, so that a detector that draws at random goes on to the bit after a restart.</summary>
internal struct SplitMix(ulong seed)
{
    /// <summary>All there is to keep.</summary>
    public ulong State = seed;

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        ulong z = State += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in 0 to <paramref name="end"/> − 1; the bias of the multiplication is below 2⁻³² × end.</summary>
    public int Next(int end) => (int)Math.BigMul(Next(), (ulong)end, out _);

    /// <summary>Uniform in (0, 1].</summary>
    public double NextDouble() => ((Next() >> 11) + 1) * (1.0 / (1UL << 53));

    /// <summary>Standard normal (Box-Muller).</summary>
    public double NextGaussian() => Math.Sqrt(-2 * Math.Log(NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());
}
