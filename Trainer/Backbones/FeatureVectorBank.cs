using static TorchSharp.torch;

namespace Edge.Trainer.Backbones;

/// <summary>
/// The frozen bank for vectors of features instead of windows: [batch, F, 1] in any units to [batch, F + random features]. First z of <see cref="InputScale"/> with its signed logarithm, since the
/// features of one vector may differ by factors of 10,000; then random Fourier features of z (Rahimi and Recht 2007, Random features for large-scale kernel machines, algorithm 1):
/// cos(w'z + b), w ~ N(0, 1/F), b uniform over a circle, which stand for the kernel exp(-‖z - z'‖² / 2F).
/// </summary>
/// <remarks>
/// It works without <see cref="Fit"/>; fitted, it minds no units. On the gas set both give the same accuracy (Trainer/README.md). Being bounded, the random features stay tame when later vectors lie far
/// from the first.
/// </remarks>
public sealed class FeatureVectorBank : FrozenBank
{
    private readonly InputScale scale;
    private readonly Tensor directions;
    private readonly Tensor phases;

    /// <summary>Draws the bank for vectors of <paramref name="featureCount"/> features.</summary>
    /// <param name="featureCount">Length F of a vector, 1 or more: the channels of its windows of one sample.</param>
    /// <param name="randomCount">Number of random features, 1 or more.</param>
    /// <param name="seed">Seed of the random features.</param>
    public FeatureVectorBank(int featureCount, int randomCount = 512, int seed = 1)
        : base(nameof(FeatureVectorBank), seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(randomCount, 1);
        scale = new InputScale(featureCount, signedLog: true);
        RandomCount = randomCount;
        var random = new BankRandom(seed);
        float[] weights = new float[featureCount * randomCount], offsets = new float[randomCount];
        for (int i = 0; i < weights.Length; i++) weights[i] = (float)(random.Normal() / Math.Sqrt(featureCount));
        for (int i = 0; i < offsets.Length; i++) offsets[i] = (float)(2 * Math.PI * random.Uniform());
        directions = tensor(weights, [featureCount, randomCount]);
        phases = tensor(offsets);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override int ChannelCount => scale.ChannelCount;

    /// <summary>1: a vector has no time.</summary>
    public override int Length => 1;

    /// <summary>Number of random features.</summary>
    public int RandomCount { get; }

    /// <inheritdoc/>
    public override int FeatureLength => PlainCount(ChannelCount) + RandomCount;

    /// <summary>The scale of the vectors.</summary>
    public InputScale Scale => scale;

    /// <summary>The vectors w as columns, [F, random].</summary>
    public Tensor Directions => directions;

    /// <summary>b, [random].</summary>
    public Tensor Phases => phases;

    /// <summary>Sets the scale from vectors [n, F, 1], n of 2 or more.</summary>
    public override void Fit(Tensor firstWindows) => scale.Fit(Checked(firstWindows));

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var scaled = scale.forward(Checked(input)).flatten(1);
        return cat([scaled, (scaled.matmul(directions) + phases).cos()], 1).MoveToOuterDisposeScope();
    }

    internal static int PlainCount(int featureCount) => featureCount;

    private Tensor Checked(Tensor vectors) => vectors.dim() == 3 && vectors.shape[1] == ChannelCount && vectors.shape[2] == 1
        ? vectors
        : throw new ArgumentException($"The bank takes [batch, {ChannelCount}, 1] and gets [{string.Join(", ", vectors.shape)}]. Make one for that shape.", nameof(vectors));
}
