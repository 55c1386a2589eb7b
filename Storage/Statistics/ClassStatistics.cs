using System.Numerics.Tensors;

namespace Edge.Storage;

/// <summary>
/// Exact sufficient statistics of feature vectors, per class c: mass n_c, sum s_c = Σ x and Gram matrix G_c = Σ x x', float64. From them the pooled moments and every ridge read-out follow, whatever the
/// order in which examples came (analytic continual learning: Zhuang et al. 2022, ACIL). Kept per class, so that one class can be forgotten, discounted or reset and the others stay as they were, to the bit.
/// Memory: 4 D² bytes per class for D features (6.2 MB at D = 1249). Not thread-safe.
/// </summary>
/// <param name="featureBankId">Identity of the features: statistics of other ones mean nothing here.</param>
/// <param name="featureLength">D, 1 to <see cref="PackedSymmetric.MaximumOrder"/>.</param>
/// <param name="names">What classes are called on the disk and now; null: the same. Of a class that lies there under two names both sums stay apart, so that another configuration finds each; whoever asks gets the sum of both, which is what one
/// sum of all would be but for the rounding of float64.</param>
public sealed class ClassStatistics(string featureBankId, int featureLength, ClassNames? names = null)
{
    private readonly SortedDictionary<string, ClassMoments> classes = new(StringComparer.Ordinal); // By the names on the disk.
    private readonly Dictionary<string, ClassMoments> ofTwo = new(StringComparer.Ordinal); // Sums of both of a class's; none while one of them changes.
    private readonly ClassNames names = names ?? ClassNames.Same;
    private readonly double[] wide = new double[featureLength];
    private GramPanels? panels;

    /// <summary>Identity of the features counted here.</summary>
    public string FeatureBankId { get; } = featureBankId;

    /// <summary>D.</summary>
    public int FeatureLength { get; } = featureLength is >= 1 and <= PackedSymmetric.MaximumOrder
        ? featureLength
        : throw new ArgumentOutOfRangeException(nameof(featureLength), featureLength, $"expected 1 to {PackedSymmetric.MaximumOrder} features");

    /// <summary>The newest example that is counted in; the store sets it when it makes the statistics durable.</summary>
    public ulong ThroughExampleId { get; set; }

    /// <summary>Classes that have been counted, in ordinal order.</summary>
    public IReadOnlyCollection<string> Classes => names.AreSame ? classes.Keys : [.. classes.Keys.Select(names.FromStored).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>What is written, by the names on the disk, in ordinal order.</summary>
    internal IReadOnlyDictionary<string, ClassMoments> Stored => classes;

    /// <summary>Examples of all classes.</summary>
    public long Count => classes.Values.Sum(c => c.Count);

    /// <summary>Sum, Gram matrix and number of one class; null when none was counted. It is live: a later <see cref="Add(string, ReadOnlySpan{float})"/> shows in it, unless the class lies on the disk under two names.</summary>
    public ClassMoments? Of(string className)
    {
        string stored = names.ToStored(className);
        var moments = classes.GetValueOrDefault(stored);
        if (stored == className || classes.GetValueOrDefault(className) is not { } other) return moments;
        if (moments is null) return other;
        if (ofTwo.TryGetValue(className, out var both)) return both;
        ofTwo.Add(className, both = new ClassMoments(FeatureLength));
        both.Add(moments);
        both.Add(other);
        return both;
    }

    /// <summary>Counts one example in: O(D²), nothing is allocated after a class's first.</summary>
    /// <param name="className">Its class.</param>
    /// <param name="features">[D] float32, finite.</param>
    /// <exception cref="ArgumentException">Wrong length, or a value that is not finite; nothing was counted.</exception>
    public void Add(string className, ReadOnlySpan<float> features)
    {
        Check(features);
        TensorPrimitives.ConvertTruncating<float, double>(features, wide);
        CountIn(className, wide);
    }

    /// <summary>Counts one example in whose features are float64: [D], finite.</summary>
    /// <inheritdoc cref="Add(string, ReadOnlySpan{float})"/>
    public void Add(string className, ReadOnlySpan<double> features)
    {
        if (features.Length != FeatureLength) throw new ArgumentException($"bank '{FeatureBankId}' has {FeatureLength} features, not {features.Length}", nameof(features));
        foreach (double value in features)
            if (!double.IsFinite(value))
                throw new ArgumentException($"a feature is {value}; a value that is not finite would stay in the statistics for ever", nameof(features));
        CountIn(className, features);
    }

    /// <summary>Counts many examples in, class by class in rank-k updates.</summary>
    /// <param name="classNames">[n] class of each row.</param>
    /// <param name="features">[n, D] float32, row-major, finite.</param>
    /// <exception cref="ArgumentException">Wrong length, or a value that is not finite; nothing was counted.</exception>
    public void Add(IReadOnlyList<string> classNames, ReadOnlySpan<float> features) => CountIn(classNames, features, 1, areExamples: true);

    /// <summary>Counts augmented copies of examples in: they weigh less than an example, and are none.</summary>
    /// <param name="classNames">[n] class of each row.</param>
    /// <param name="features">[n, D] float32, row-major, finite.</param>
    /// <param name="weight">What each weighs, above 0 to 1, where an example weighs 1.</param>
    /// <exception cref="ArgumentException">Wrong length or weight, or a value that is not finite; nothing was counted.</exception>
    public void AddCopies(IReadOnlyList<string> classNames, ReadOnlySpan<float> features, double weight)
    {
        if (weight is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(weight), weight, "a copy weighs more than nothing and no more than the example that it is of");
        CountIn(classNames, features, weight, areExamples: false);
    }

    /// <summary>Forgets a class; the others are as if it had never been there.</summary>
    /// <returns>Whether it was there.</returns>
    public bool Remove(string className)
    {
        ofTwo.Clear();
        return names.AllStored(className).Aggregate(false, (was, stored) => classes.Remove(stored) | was);
    }

    /// <summary>Multiplies mass, sum and Gram matrix by <paramref name="rho"/>, so that what comes next weighs more: for a confirmed drift of the concept. Counts of examples stay.</summary>
    /// <param name="rho">0 (exclusive) to 1.</param>
    /// <param name="className">One class; null: all.</param>
    public void Discount(double rho, string? className = null)
    {
        if (rho is not (> 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(rho), rho, "a discount is above 0 and at most 1; to forget a class, remove it");
        ofTwo.Clear();
        foreach (var (name, moments) in classes)
            if (className is null || names.FromStored(name) == className)
                moments.Discount(rho);
    }

    /// <summary>Adds what another device, or another part of the data, has counted.</summary>
    /// <exception cref="ArgumentException">The other's features are not these.</exception>
    public void Merge(ClassStatistics other)
    {
        if (other.FeatureBankId != FeatureBankId || other.FeatureLength != FeatureLength)
            throw new ArgumentException($"statistics of feature bank '{other.FeatureBankId}' ({other.FeatureLength} features) cannot be added to those of '{FeatureBankId}' ({FeatureLength} features)", nameof(other));
        foreach (var (name, moments) in other.classes) StoredMoments(name).Add(moments);
        ThroughExampleId = Math.Max(ThroughExampleId, other.ThroughExampleId);
    }

    /// <summary>Writes the statistics as <see cref="StatisticsRecord"/> says, without a second copy in memory.</summary>
    public void WriteTo(Stream stream) => StatisticsRecord.Write(this, stream);

    /// <summary>Reads what <see cref="WriteTo"/> wrote.</summary>
    /// <param name="stream">At the record's first byte; afterwards behind its last.</param>
    /// <param name="featureBankId">Features that are computed here.</param>
    /// <param name="featureLength">Their number.</param>
    /// <param name="problem">Empty, or why there are no statistics: torn, flipped, of another version or of other features. Then they are to be counted anew from the examples.</param>
    public static ClassStatistics? ReadFrom(Stream stream, string featureBankId, int featureLength, out string problem) => StatisticsRecord.Read(stream, featureBankId, featureLength, out problem);

    /// <summary>The same sums under another identity of the same features; both count on in the same memory, and only one of them may.</summary>
    internal ClassStatistics As(string featureBankId) => Sharing(featureBankId, names);

    /// <summary>The same sums where classes are called otherwise; both count on in the same memory, and only one of them may.</summary>
    public ClassStatistics Under(ClassNames names) => ReferenceEquals(names, this.names) ? this : Sharing(FeatureBankId, names);

    /// <summary>What is counted under a name on the disk.</summary>
    internal ClassMoments StoredMoments(string stored)
    {
        ofTwo.Clear();
        if (!classes.TryGetValue(stored, out var moments)) classes.Add(stored, moments = new ClassMoments(FeatureLength));
        return moments;
    }

    private ClassMoments Moments(string className) => StoredMoments(names.ToStored(className));

    private ClassStatistics Sharing(string featureBankId, ClassNames names)
    {
        var same = new ClassStatistics(featureBankId, FeatureLength, names) { ThroughExampleId = ThroughExampleId };
        foreach (var (name, moments) in classes) same.classes.Add(name, moments);
        return same;
    }

    private void CountIn(IReadOnlyList<string> classNames, ReadOnlySpan<float> features, double weight, bool areExamples)
    {
        if (features.Length != (long)classNames.Count * FeatureLength)
            throw new ArgumentException($"{classNames.Count} classes need [{classNames.Count}, {FeatureLength}] features, not {features.Length} values", nameof(features));
        for (int i = 0; i < classNames.Count; i++) Check(features.Slice(i * FeatureLength, FeatureLength));
        panels ??= new GramPanels(FeatureLength);
        foreach (var rows in Enumerable.Range(0, classNames.Count).GroupBy(i => classNames[i], StringComparer.Ordinal))
        {
            var moments = Moments(rows.Key);
            foreach (int i in rows)
            {
                var row = features.Slice(i * FeatureLength, FeatureLength);
                TensorPrimitives.ConvertTruncating<float, double>(row, wide);
                TensorPrimitives.MultiplyAdd(wide, weight, moments.Sum, moments.Sum);
                if (weight != 1) TensorPrimitives.Multiply(wide, Math.Sqrt(weight), wide);
                panels.Gather(wide);
                if (panels.IsFull) panels.AddTo(moments.Gram);
                if (areExamples) moments.Count++;
                moments.Mass += weight;
            }

            panels.AddTo(moments.Gram);
        }
    }

    private void CountIn(string className, ReadOnlySpan<double> features)
    {
        var moments = Moments(className);
        moments.Gram.AddOuter(features);
        TensorPrimitives.Add(moments.Sum, features, moments.Sum);
        moments.Count++;
        moments.Mass++;
    }

    private void Check(ReadOnlySpan<float> features)
    {
        if (features.Length != FeatureLength) throw new ArgumentException($"bank '{FeatureBankId}' has {FeatureLength} features, not {features.Length}", nameof(features));
        int bad = FirstNotFinite(features);
        if (bad >= 0) throw new ArgumentException($"feature {bad} is {features[bad]}; a value that is not finite would stay in the statistics for ever", nameof(features));
    }

    private static int FirstNotFinite(ReadOnlySpan<float> features)
    {
        // NaN is propagated and compares false: one vectorised pass for the usual case.
        if (TensorPrimitives.MaxMagnitude(features) is >= -float.MaxValue and <= float.MaxValue) return -1;
        for (int i = 0; i < features.Length; i++)
            if (!float.IsFinite(features[i]))
                return i;
        return -1;
    }
}

/// <summary>The statistics of one class.</summary>
public sealed class ClassMoments(int featureLength)
{
    /// <summary>Examples counted in.</summary>
    public long Count { get; internal set; }

    /// <summary>n_c: what the examples weigh; less than their number after a discount, more where copies of them are counted beside.</summary>
    public double Mass { get; internal set; }

    /// <summary>s_c: [D] sum of the feature vectors.</summary>
    public double[] Sum { get; } = new double[featureLength];

    /// <summary>G_c: [D, D] sum of their outer products.</summary>
    public PackedSymmetric Gram { get; } = new(featureLength);

    internal void Discount(double rho)
    {
        Mass *= rho;
        TensorPrimitives.Multiply(Sum, rho, Sum);
        Gram.Scale(rho);
    }

    internal void Add(ClassMoments other)
    {
        Count += other.Count;
        Mass += other.Mass;
        TensorPrimitives.Add(Sum, other.Sum, Sum);
        Gram.Add(other.Gram);
    }
}
