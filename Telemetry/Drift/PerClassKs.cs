namespace Edge.Telemetry.Drift;

/// <summary>Settings of <see cref="PerClassKs"/>.</summary>
public sealed record PerClassKsOptions
{
    /// <summary>Observations of a class that make its reference, the first after a reset.</summary>
    /// <value>Default 100, at least 2.</value>
    public int ReferenceCount { get; init; } = 100;

    /// <summary>Latest observations of the class that are compared with it.</summary>
    /// <value>Default 30, at least 2.</value>
    public int RecentCount { get; init; } = 30;

    /// <summary>Mean number of observations, of all classes together, between two false alarms; at least.</summary>
    /// <value>Default 10,000.</value>
    public double ExpectedRunTime { get; init; } = 10_000;

    /// <summary>Whether a class's reference is learnt anew after its alarm. False: it stays until <see cref="PerClassKs.Reset"/>, and so does the distance of a class that has drifted, for a test that rings later.</summary>
    /// <value>Default true: one change is one alarm.</value>
    public bool RelearnsAfterAlarm { get; init; } = true;

    internal PerClassKsOptions Checked()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ReferenceCount, 2, nameof(ReferenceCount));
        ArgumentOutOfRangeException.ThrowIfLessThan(RecentCount, 2, nameof(RecentCount));
        if (!(ExpectedRunTime > 1 && double.IsFinite(ExpectedRunTime)))
        {
            throw new ArgumentOutOfRangeException(nameof(ExpectedRunTime), ExpectedRunTime, "Must be finite and above 1.");
        }

        return this;
    }
}

/// <summary>
/// Which class looks different: for each class the latest values of a number (distance to the prototype, margin) against the first ones, by the exact two-sample test of <see cref="KolmogorovSmirnov"/>. Every observation is
/// one test, of one class, however many classes there are; at level 1 / expected run time each, Boole's inequality bounds the false alarms of that many observations by one. Observations of a class count as independent:
/// in a stream where they are not, take it for the diagnosis of an alarm, not for the alarm. Not thread-safe.
/// </summary>
public sealed class PerClassKs
{
    private readonly PerClassKsOptions _options;
    private readonly double[] _reference, _recent, _sorted;
    private readonly double[] _distances;
    private readonly int[] _seen;
    private readonly double _critical;
    private int _alarmed = -1;

    /// <summary>A test that has seen nothing.</summary>
    /// <param name="classCount">Classes, at least 1.</param>
    /// <param name="options">Settings.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public PerClassKs(int classCount, PerClassKsOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 1);
        _options = (options ?? new PerClassKsOptions()).Checked();
        _reference = new double[classCount * _options.ReferenceCount];
        _recent = new double[classCount * _options.RecentCount];
        (_sorted, _distances, _seen) = (new double[_options.RecentCount], new double[classCount], new int[classCount]);
        _critical = KolmogorovSmirnov.CriticalDistance(_options.ReferenceCount, _options.RecentCount, 1 / _options.ExpectedRunTime);
    }

    /// <summary>Name in telemetry.</summary>
    public const string DetectorName = "perClassKs";

    /// <summary>At this distance it is a drift; above 1 when the samples are too small for the run time.</summary>
    public double Threshold => _critical;

    /// <summary>Latest distance of a class, 0 to 1; 0 before there is one.</summary>
    public double Distance(int classIndex) => _distances[classIndex];

    /// <summary>The class whose latest values are farthest from its reference; −1 before any has one.</summary>
    public int Farthest
    {
        get
        {
            int farthest = -1;
            for (int c = 0; c < _distances.Length; c++)
            {
                if (_distances[c] > (farthest < 0 ? 0 : _distances[farthest]))
                {
                    farthest = c;
                }
            }

            return farthest;
        }
    }

    /// <summary>Takes one observation of a class.</summary>
    /// <param name="value">A finite number.</param>
    /// <param name="classIndex">0-based.</param>
    /// <returns>Drift when this class's latest values are not as they were; its reference is then learnt anew, unless it is to stay.</returns>
    public DriftState Update(double value, int classIndex)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "An observation must be finite.");
        }

        if (_alarmed >= 0)
        {
            (_seen[_alarmed], _distances[_alarmed]) = (0, 0);
            _alarmed = -1;
        }

        Span<double> reference = _reference.AsSpan(classIndex * _options.ReferenceCount, _options.ReferenceCount);
        int seen = _seen[classIndex];
        if (seen < reference.Length)
        {
            reference[seen] = value;
            _seen[classIndex]++;
            if (seen == reference.Length - 1)
            {
                reference.Sort();
            }

            return DriftState.None;
        }

        Span<double> recent = _recent.AsSpan(classIndex * _options.RecentCount, _options.RecentCount);
        int place = seen - reference.Length; // Counts through one lap, then goes round in the second.
        recent[place % recent.Length] = value;
        _seen[classIndex] = place + 1 < 2 * recent.Length ? seen + 1 : seen + 1 - recent.Length;
        if (place + 1 < recent.Length)
        {
            return DriftState.None;
        }

        recent.CopyTo(_sorted);
        _sorted.AsSpan().Sort();
        _distances[classIndex] = KolmogorovSmirnov.Distance(reference, _sorted);
        bool drifts = _distances[classIndex] >= _critical;
        _alarmed = drifts && _options.RelearnsAfterAlarm ? classIndex : -1;
        return drifts ? DriftState.Drift : DriftState.None;
    }

    /// <summary>Forgets everything, the references too.</summary>
    public void Reset()
    {
        Array.Clear(_seen);
        Array.Clear(_distances);
        _alarmed = -1;
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
        archive.Same(_options.ReferenceCount, "reference count");
        archive.Same(_options.RecentCount, "recent count");
        archive.Same(_options.ExpectedRunTime, "expected run time");
        archive.Same(_seen.Length, "class count");
        for (int c = 0; c < _seen.Length; c++)
        {
            archive.Count(ref _seen[c], _options.ReferenceCount + (2 * _options.RecentCount));
        }

        archive.Values(_reference.AsSpan());
        archive.Values(_recent.AsSpan());
        archive.Values(_distances.AsSpan());
        int alarmed = _alarmed + 1;
        archive.Count(ref alarmed, _seen.Length);
        _alarmed = _options.RelearnsAfterAlarm ? alarmed - 1 : -1; // A state from before references could stay: this one does.
    }
}
