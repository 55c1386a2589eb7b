using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>
/// The frozen bank for vectors of features instead of windows: [batch, F, 1] in any units to [batch, F + random features]. First a = asinh(x), a logarithm with a sign, since the features of one
/// vector may differ by factors of 10,000; then random Fourier features of z = (a - m) / s (Rahimi and Recht 2007, Random features for large-scale kernel machines, algorithm 1):
/// cos(w'z + b), w ~ N(0, 1/F), b uniform over a circle, which stand for the kernel exp(-‖z - z'‖² / 2F).
/// </summary>
/// <remarks>
/// m and s are 0 and 4 until <see cref="Fit"/> has set them, once, from the first vectors; they are buffers and exported. Being bounded, the random features stay tame when later vectors lie far
/// from the first.
/// </remarks>
public sealed class FeatureVectorBank : FrozenBank
{
    private const float UnfittedDeviation = 4; // Between asinh(10) and asinh(100): what a feature of unknown units may be. Fitted or not, the gas set gives the same accuracy.
    private const double LeastOfMedian = 0.05; // A feature that hardly moves among the first vectors would swamp the others when it moves later.
    private readonly Tensor mean;
    private readonly Tensor deviation;
    private readonly Tensor directions;
    private readonly Tensor phases;

    /// <summary>Draws the bank for vectors of <paramref name="featureCount"/> features.</summary>
    /// <param name="featureCount">Length F of a vector, 1 or more: the channels of its windows of one sample.</param>
    /// <param name="randomCount">Number of random features, 1 or more.</param>
    /// <param name="seed">Seed of the random features.</param>
    public FeatureVectorBank(int featureCount, int randomCount = 512, int seed = 1)
        : base(nameof(FeatureVectorBank), seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(featureCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(randomCount, 1);
        (ChannelCount, RandomCount) = (featureCount, randomCount);
        var random = new BankRandom(seed);
        float[] weights = new float[featureCount * randomCount], offsets = new float[randomCount];
        for (int i = 0; i < weights.Length; i++) weights[i] = (float)(random.Normal() / Math.Sqrt(featureCount));
        for (int i = 0; i < offsets.Length; i++) offsets[i] = (float)(2 * Math.PI * random.Uniform());
        mean = zeros(featureCount);
        deviation = full(featureCount, UnfittedDeviation);
        directions = tensor(weights, [featureCount, randomCount]);
        phases = tensor(offsets);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override int ChannelCount { get; }

    /// <summary>1: a vector has no time.</summary>
    public override int Length => 1;

    /// <summary>Number of random features.</summary>
    public int RandomCount { get; }

    /// <inheritdoc/>
    public override int FeatureLength => PlainCount(ChannelCount) + RandomCount;

    /// <summary>m, [F].</summary>
    public Tensor Mean => mean;

    /// <summary>s, [F].</summary>
    public Tensor Deviation => deviation;

    /// <summary>The vectors w as columns, [F, random].</summary>
    public Tensor Directions => directions;

    /// <summary>b, [random].</summary>
    public Tensor Phases => phases;

    /// <summary>Sets m and s to mean and standard deviation of asinh of the vectors, [n, F, 1], n of 2 or more; s is at least a twentieth of the features' median.</summary>
    public override void Fit(Tensor firstWindows)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var compressed = Compressed(firstWindows);
        var spread = compressed.std(0, unbiased: false);
        double median = spread.median().item<float>();
        mean.copy_(compressed.mean([0]));
        deviation.copy_(median > 0 ? spread.clamp_min(LeastOfMedian * median) : spread + spread.eq(0));
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var compressed = Compressed(input);
        var random = (((compressed - mean) / deviation).matmul(directions) + phases).cos();
        return cat([compressed, random], 1).MoveToOuterDisposeScope();
    }

    internal static int PlainCount(int featureCount) => featureCount;

    private Tensor Compressed(Tensor vectors) => vectors.dim() == 3 && vectors.shape[1] == ChannelCount && vectors.shape[2] == 1
        ? vectors.flatten(1).asinh()
        : throw new ArgumentException($"The bank takes [batch, {ChannelCount}, 1] and gets [{string.Join(", ", vectors.shape)}]. Make one for that shape.", nameof(vectors));
}
