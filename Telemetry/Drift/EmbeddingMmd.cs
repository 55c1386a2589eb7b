namespace Edge.Telemetry.Drift;

/// <summary>
/// Maximum mean discrepancy between a reference of embeddings and a sliding window: A. Gretton et al., "A Kernel Two-Sample Test", JMLR 13 (2012), with the Gaussian kernel exp(−‖x − y‖² / 2σ²) in random Fourier
/// features: A. Rahimi, B. Recht, "Random Features for Large-Scale Kernel Machines", NIPS 2007. MMD² (biased) is the squared distance of the two mean feature vectors, so that an observation costs one projection and
/// O(features), whatever the window. σ is the median distance within the reference, over √2, unless given. Reference, groups, threshold and cost otherwise as <see cref="MeanShift"/>; what the reference costs is spread as
/// well: σ is known some observations before it is complete, and these take its features. Not thread-safe.
/// </summary>
public sealed class EmbeddingMmd
{
    private const int FrequencyCount = 128;
    private const int PairedCount = 64; // Embeddings whose distances give the median: 2016 pairs.
    private readonly int _length;
    private readonly double _bandwidth;
    private readonly float[] _frequencies, _features, _reference, _distances;
    private readonly byte[] _groups;
    private readonly MeanShift _shift;
    private double _sigma;
    private int _learned;

    /// <summary>A test that has seen nothing.</summary>
    /// <param name="embeddingLength">Numbers of an embedding, at least 1.</param>
    /// <param name="options">Settings.</param>
    /// <param name="bandwidth">σ in units of the embeddings, above 0; 0: the median heuristic.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public EmbeddingMmd(int embeddingLength, ShiftOptions? options = null, double bandwidth = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(embeddingLength, 1);
        if (!(bandwidth >= 0 && double.IsFinite(bandwidth)))
        {
            throw new ArgumentOutOfRangeException(nameof(bandwidth), bandwidth, "Must be finite and at least 0.");
        }

        (_length, _bandwidth) = (embeddingLength, bandwidth);
        _shift = new MeanShift(2 * FrequencyCount, ShiftNorm.Euclidean, options);
        _reference = new float[_shift.Options.ReferenceCount * embeddingLength];
        _groups = new byte[_shift.Options.ReferenceCount];
        _frequencies = new float[FrequencyCount * embeddingLength];
        _features = new float[2 * FrequencyCount];
        _distances = new float[PairedCount * (PairedCount - 1) / 2];
        SplitMix random = new((ulong)_shift.Options.Seed ^ 0x52464600);
        for (int i = 0; i < _frequencies.Length; i++)
        {
            _frequencies[i] = (float)random.NextGaussian();
        }
    }

    /// <summary>Name in telemetry.</summary>
    public const string DetectorName = "embedding";

    /// <summary>MMD² of the latest window and the reference.</summary>
    public double Statistic => _shift.Statistic;

    /// <summary>At this it is a drift; 0 until there is a whole window after the reference.</summary>
    public double Threshold => _shift.Threshold;

    /// <summary><see cref="Statistic"/> as a share of <see cref="Threshold"/>.</summary>
    public double Score => Threshold > 0 ? Statistic / Threshold : 0;

    /// <summary>Observations since the most likely change, known after an alarm.</summary>
    public long ChangeAge => _shift.ChangeAge;

    /// <summary>Numbers of an embedding.</summary>
    public int Length => _length;

    /// <summary>Whether the reference is complete.</summary>
    public bool Watches => _shift.Watches;

    /// <summary>σ; 0 before the first reference is nearly complete.</summary>
    public double Bandwidth => _sigma;

    /// <summary>Takes one embedding.</summary>
    /// <param name="embedding">[embedding length] finite numbers.</param>
    /// <param name="group">Its class, 0-based; −1: of none.</param>
    public DriftState Update(ReadOnlySpan<float> embedding, int group = -1)
    {
        if (embedding.Length != _length)
        {
            throw new ArgumentException($"an embedding of {embedding.Length}; expected {_length}", nameof(embedding));
        }

        if (_shift.Watches && _learned > 0)
        {
            DriftState state = _shift.Update(Featured(embedding), group);
            if (state == DriftState.Drift)
            {
                _learned = 0; // With the next one a new reference begins.
            }

            return state;
        }

        if (_learned == 0)
        {
            _shift.Reset();
        }

        embedding.CopyTo(_reference.AsSpan(_learned * _length));
        _groups[_learned++] = group < 0 ? byte.MaxValue : (byte)group;
        TakeFeatures();
        return DriftState.None;
    }

    /// <summary>Forgets everything, the reference too: the snapshot changed, and embeddings before and after cannot be compared.</summary>
    public void Reset()
    {
        (_learned, _sigma) = (0, 0);
        _shift.Reset();
    }

    /// <summary>Everything it needs to go on after a restart to the bit.</summary>
    public byte[] Save() => StateArchive.Write(DetectorName, Exchange);

    /// <summary>Goes on from what <see cref="Save"/> gave; see <see cref="IDriftDetector.TryRestore"/>.</summary>
    public bool TryRestore(ReadOnlySpan<byte> state, out string refusal)
    {
        bool taken = StateArchive.TryRead(state, DetectorName, Exchange, out refusal);
        if (!taken)
        {
            Reset();
        }

        return taken;
    }

    internal void Exchange(StateArchive archive)
    {
        archive.Same(_length, "embedding length");
        archive.Same(_bandwidth, "bandwidth");
        archive.Count(ref _learned, _groups.Length);
        if (_learned < _groups.Length)
        {
            archive.Values(_reference.AsSpan(0, _learned * _length));
            archive.Values(_groups.AsSpan(0, _learned));
        }

        archive.Value(ref _sigma);
        _shift.Exchange(archive);
    }

    /// <summary>With the last embedding that the median looks at, σ; with each after it a share of the reference's features, and with the last of the reference all that are left.</summary>
    private void TakeFeatures()
    {
        int median = Place(Paired - 1) + 1, shares = Math.Max(1, _groups.Length - median), share = (_groups.Length + shares - 1) / shares;
        if (_learned < median)
        {
            return;
        }

        if (_shift.LearnedCount == 0)
        {
            _sigma = _bandwidth > 0 ? _bandwidth : MedianDistance() / Math.Sqrt(2);
        }

        int due = _learned == _groups.Length ? _learned : Math.Min(_learned, 1 + ((_learned - median) * share));
        for (int i = _shift.LearnedCount; i < due; i++)
        {
            _shift.Update(Featured(_reference.AsSpan(i * _length, _length)), _groups[i] == byte.MaxValue ? -1 : _groups[i]);
        }
    }

    /// <summary>√(1/F) [cos ωx, sin ωx]: the inner product of two such vectors estimates the kernel.</summary>
    private ReadOnlySpan<float> Featured(ReadOnlySpan<float> embedding)
    {
        float perSigma = (float)(1 / _sigma), size = MathF.Sqrt(1f / FrequencyCount);
        for (int f = 0; f < FrequencyCount; f++)
        {
            (float sin, float cos) = MathF.SinCos(FloatRows.Dot(_frequencies.AsSpan(f * _length, _length), embedding) * perSigma);
            (_features[f], _features[FrequencyCount + f]) = (size * cos, size * sin);
        }

        return _features;
    }

    private double MedianDistance()
    {
        int pairs = 0;
        for (int i = 0; i < Paired; i++)
        {
            ReadOnlySpan<float> first = Spread(i);
            for (int j = 0; j < i; j++)
            {
                ReadOnlySpan<float> second = Spread(j);
                _distances[pairs++] = MathF.Sqrt(Math.Max(0, FloatRows.Dot(first, first) + FloatRows.Dot(second, second) - (2 * FloatRows.Dot(first, second))));
            }
        }

        Span<float> all = _distances.AsSpan(0, pairs);
        all.Sort();
        return Math.Max(all[pairs / 2], 1e-6f);
    }

    private int Paired => Math.Min(PairedCount, _groups.Length);

    private ReadOnlySpan<float> Spread(int index) => _reference.AsSpan(Place(index) * _length, _length);

    /// <summary>Where in the reference the embeddings lie whose distances give the median: all over it.</summary>
    private int Place(int index) => index * _groups.Length / Paired;
}
