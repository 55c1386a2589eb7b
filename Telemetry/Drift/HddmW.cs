namespace Edge.Telemetry.Drift;

/// <summary>
/// HDDM_W-test: I. Frías-Blanco et al., "Online and Non-Parametric Drift Detection Methods Based on Hoeffding's Bounds", IEEE TKDE 27 (2015), section 4.2. As <see cref="HddmA"/>, with exponentially weighted
/// averages of weight λ and McDiarmid's bound ε = √(Σwᵢ² · ln(1/α) / 2): at the cut point the average so far is put by and a second one starts; a drift is when the second exceeds the first by more than the bound on both.
/// <see cref="IDriftDetector.Statistic"/> is the difference of the two. For gradual changes.
/// </summary>
public sealed class HddmW : DriftDetector
{
    private readonly HddmOptions _options;
    private Average _all, _beforeRise, _sinceRise, _beforeFall, _sinceFall;
    private double _riseCut, _fallCut;
    private bool _alarmed;

    /// <summary>A test that has seen nothing.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public HddmW(HddmOptions? options = null)
    {
        _options = (options ?? new HddmOptions()).Checked();
        Reset();
    }

    /// <inheritdoc/>
    public override string Name => "hddmW";

    /// <inheritdoc/>
    public override DriftState Update(double value)
    {
        RequireFinite(value);
        if (_alarmed)
        {
            Reset();
        }

        _all.Add(value, _options.Lambda);
        double bound = Bound(_all.SquaredWeights, _options.DriftConfidence);
        Follow(value, _all.Mean + bound, ref _riseCut, ref _beforeRise, ref _sinceRise);
        Follow(value, bound - _all.Mean, ref _fallCut, ref _beforeFall, ref _sinceFall);
        DriftState state = Judge(_beforeRise, _sinceRise, 1);
        if (_options.TwoSided && Judge(_beforeFall, _sinceFall, -1, state) is var fall && fall > state)
        {
            state = fall;
        }

        _alarmed = state == DriftState.Drift;
        return state;
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        _all = _beforeRise = _sinceRise = _beforeFall = _sinceFall = new Average { SquaredWeights = 1 };
        (_riseCut, _fallCut, _alarmed) = (double.MaxValue, double.MaxValue, false);
        (Statistic, Threshold, ChangeAge) = (0, 0, 0);
    }

    private protected override void Exchange(StateArchive archive)
    {
        _options.Exchange(archive);
        _all.Exchange(archive);
        _beforeRise.Exchange(archive);
        _sinceRise.Exchange(archive);
        _beforeFall.Exchange(archive);
        _sinceFall.Exchange(archive);
        archive.Value(ref _riseCut);
        archive.Value(ref _fallCut);
        archive.Value(ref _alarmed);
        ExchangeFacts(archive);
    }

    private static double Bound(double squaredWeights, double confidence) => Math.Sqrt(squaredWeights * Math.Log(1 / confidence) / 2);

    private void Follow(double value, double level, ref double cut, ref Average before, ref Average since)
    {
        if (level < cut)
        {
            (cut, before, since) = (level, _all, new Average { SquaredWeights = 1 });
        }
        else
        {
            since.Add(value, _options.Lambda);
        }
    }

    private DriftState Judge(in Average before, in Average since, int sign, DriftState least = DriftState.None)
    {
        if (since.Count == 0)
        {
            return DriftState.None;
        }

        double difference = sign * (since.Mean - before.Mean), squared = before.SquaredWeights + since.SquaredWeights, threshold = Bound(squared, _options.DriftConfidence);
        DriftState state = difference > threshold ? DriftState.Drift : difference > Bound(squared, _options.WarningConfidence) ? DriftState.Warning : DriftState.None;
        if (state >= least)
        {
            (Statistic, Threshold, ChangeAge) = (Math.Max(0, difference), threshold, since.Count);
        }

        return state;
    }

    /// <summary>An exponentially weighted average with the sum of its squared weights.</summary>
    private struct Average
    {
        public double Mean, SquaredWeights;
        public long Count;

        public void Add(double value, double weight)
        {
            Mean = Count++ == 0 ? value : (weight * value) + ((1 - weight) * Mean);
            SquaredWeights = (weight * weight) + ((1 - weight) * (1 - weight) * SquaredWeights);
        }

        public void Exchange(StateArchive archive)
        {
            archive.Value(ref Mean);
            archive.Value(ref SquaredWeights);
            archive.Value(ref Count);
        }
    }
}
