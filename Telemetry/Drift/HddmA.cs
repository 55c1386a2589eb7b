namespace Edge.Telemetry.Drift;

/// <summary>
/// HDDM_A-test: I. Frías-Blanco et al., "Online and Non-Parametric Drift Detection Methods Based on Hoeffding's Bounds", IEEE TKDE 27 (2015), section 4.1. Observations in [0, 1]. The cut point is where the mean so
/// far plus its Hoeffding bound was least; the mean of everything is a drift when it exceeds the mean up to the cut by ε = √(m/2 · ln(2/α)), m = (n − n_cut)/(n_cut · n) (corollary 4 of the paper, in the form of the authors'
/// implementation). <see cref="IDriftDetector.Statistic"/> is that difference of means. For abrupt changes; no assumption of a distribution, but of independence.
/// </summary>
public sealed class HddmA : DriftDetector
{
    private readonly HddmOptions _options;
    private long _count, _lowCount, _highCount;
    private double _mean, _lowMean, _highMean;
    private bool _alarmed;

    /// <summary>A test that has seen nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public HddmA(HddmOptions? options = null)
    {
        _options = (options ?? new HddmOptions()).Checked();
        Reset();
    }

    /// <inheritdoc/>
    public override string Name => "hddmA";

    /// <summary>Mean of everything since it was reset.</summary>
    public double Mean => _mean;

    /// <inheritdoc/>
    public override DriftState Update(double value)
    {
        RequireFinite(value);
        if (_alarmed)
        {
            Reset();
        }

        _count++;
        _mean += (value - _mean) / _count;
        double bound = Hoeffding(_count);
        if (_lowCount == 0 || _lowMean + Hoeffding(_lowCount) >= _mean + bound)
        {
            (_lowCount, _lowMean) = (_count, _mean);
        }

        if (_highCount == 0 || _highMean - Hoeffding(_highCount) <= _mean - bound)
        {
            (_highCount, _highMean) = (_count, _mean);
        }

        DriftState state = Judge(_mean - _lowMean, _lowCount);
        if (_options.TwoSided)
        {
            (double statistic, double threshold, long age) = (Statistic, Threshold, ChangeAge);
            DriftState fall = Judge(_highMean - _mean, _highCount);
            if (statistic * Threshold >= Statistic * threshold && state >= fall)
            {
                (Statistic, Threshold, ChangeAge) = (statistic, threshold, age);
            }

            state = state > fall ? state : fall;
        }

        _alarmed = state == DriftState.Drift;
        return state;
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        (_count, _lowCount, _highCount, _mean, _lowMean, _highMean, _alarmed) = (0, 0, 0, 0, 0, 0, false);
        (Statistic, Threshold, ChangeAge) = (0, 0, 0);
    }

    private protected override void Exchange(StateArchive archive)
    {
        _options.Exchange(archive);
        archive.Value(ref _count);
        archive.Value(ref _lowCount);
        archive.Value(ref _highCount);
        archive.Value(ref _mean);
        archive.Value(ref _lowMean);
        archive.Value(ref _highMean);
        archive.Value(ref _alarmed);
        ExchangeFacts(archive);
    }

    private double Hoeffding(long count) => Math.Sqrt(Math.Log(1 / _options.DriftConfidence) / (2.0 * count));

    private DriftState Judge(double difference, long cut)
    {
        ChangeAge = _count - cut;
        if (cut == _count)
        {
            (Statistic, Threshold) = (0, 1);
            return DriftState.None;
        }

        double half = (_count - cut) / (double)cut * (1.0 / _count) / 2;
        (Statistic, Threshold) = (Math.Max(0, difference), Math.Sqrt(half * Math.Log(2 / _options.DriftConfidence)));
        return difference >= Threshold ? DriftState.Drift
            : difference >= Math.Sqrt(half * Math.Log(2 / _options.WarningConfidence)) ? DriftState.Warning
            : DriftState.None;
    }
}
