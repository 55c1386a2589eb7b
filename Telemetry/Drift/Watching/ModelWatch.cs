namespace Edge.Telemetry.Drift.Watching;

/// <summary>
/// What depends on the model: the distribution of embeddings, distance to the nearest prototype and margin, by calibrated tests and by sequential ones. With another snapshot all of it begins anew; <see cref="Refer"/> gives it
/// the reference back, encoded by that snapshot. Not thread-safe.
/// </summary>
internal sealed class ModelWatch
{
    private readonly ShiftOptions _grouped;
    private readonly bool _watchesEmbedding;
    private readonly MeanShift? _prototypes;
    private readonly RiseTest? _distance, _margin;
    private readonly PerClassKs _perClass;
    private readonly PerClassTest? _perClassTest;
    private readonly float[] _pair = new float[2];
    private PageHinkley? _pageHinkley;
    private EmbeddingMmd? _embedding;

    /// <summary>A watch without a snapshot.</summary>
    /// <param name="options">Which detectors, and their tests.</param>
    /// <param name="grouped">Reference, window and run time, grouped by class.</param>
    public ModelWatch(DriftWatchOptions options, ShiftOptions grouped)
    {
        _grouped = grouped;
        _watchesEmbedding = options.Detectors.Contains("embedding");
        _prototypes = options.Detectors.Contains("prototypes") ? new MeanShift(2, ShiftNorm.LargestRise, grouped) : null;
        _pageHinkley = options.Detectors.Contains("pageHinkley") ? new PageHinkley(options.PageHinkley) : null;
        _distance = options.Detectors.Contains("distance") ? new RiseTest(options.DistanceTest, grouped) : null;
        _margin = options.Detectors.Contains("margin") ? new RiseTest(options.MarginTest, grouped) : null;
        _perClassTest = options.Detectors.Contains(PerClassKs.DetectorName) ? new PerClassTest(grouped) : null;
        _perClass = new PerClassKs(options.Classes.Count, new PerClassKsOptions { RelearnsAfterAlarm = false }); // A slow test rings when the drifted class has long been seen to drift, and means that class.
    }

    /// <summary>Whether something is still without its reference; not the test of single classes, one of which may come once a month.</summary>
    public bool LacksReference => _embedding is { Watches: false } || _prototypes is { Watches: false } || _distance is { Watches: false } || _margin is { Watches: false };

    /// <summary>The class whose distances changed most since this snapshot's reference, which no alarm ends; −1: none.</summary>
    public int FarthestClass => _perClass.Farthest;

    /// <summary>Statistic / threshold of a detector; 0 of one that is not at work.</summary>
    public double ScoreOf(string name) => name switch
    {
        "embedding" => _embedding?.Score ?? 0,
        "prototypes" => _prototypes is { Threshold: > 0 } shift ? shift.Statistic / shift.Threshold : 0,
        "pageHinkley" => _pageHinkley?.Score ?? 0,
        "distance" => _distance?.Score ?? 0,
        "margin" => _margin?.Score ?? 0,
        PerClassKs.DetectorName => _perClassTest is { } test ? test.Statistic / test.Threshold : 0,
        _ => 0,
    };

    /// <summary>Goes on with other tests; those that stay the same go on as they are.</summary>
    public void Retune(DriftWatchOptions before, DriftWatchOptions now)
    {
        if (_pageHinkley is not null && before.PageHinkley != now.PageHinkley)
        {
            _pageHinkley = new PageHinkley(now.PageHinkley);
        }

        _distance?.Use(now.DistanceTest);
        _margin?.Use(now.MarginTest);
    }

    /// <summary>Another snapshot runs: what was seen of the one before cannot be compared.</summary>
    public void BeginAnew(int embeddingLength)
    {
        if (_embedding?.Length == embeddingLength)
        {
            _embedding.Reset(); // Half a megabyte and thousands of random numbers that a swap need not wait for.
        }
        else
        {
            _embedding = _watchesEmbedding ? new EmbeddingMmd(embeddingLength, _grouped) : null;
        }

        _prototypes?.Reset();
        _pageHinkley?.Reset();
        _distance?.Reset();
        _margin?.Reset();
        _perClassTest?.Reset();
        _perClass.Reset();
    }

    /// <summary>Takes a window of the reference; nothing rings.</summary>
    public void Refer(in WatchedWindow window)
    {
        if (_embedding is { Watches: false })
        {
            _embedding.Update(window.Embedding, window.ClassIndex);
        }

        if (!double.IsFinite(window.Novelty) || !double.IsFinite(window.Margin))
        {
            return;
        }

        (_pair[0], _pair[1]) = ((float)window.Novelty, -(float)window.Margin);
        if (_prototypes is { Watches: false })
        {
            _prototypes.Update(_pair, window.ClassIndex);
        }

        _pageHinkley?.Update(window.Novelty);
        _distance?.Update(window.Novelty, window.ClassIndex);
        _margin?.Update(-window.Margin, window.ClassIndex);
        _perClassTest?.Update(window.Novelty, window.ClassIndex);
        if (window.ClassIndex >= 0)
        {
            _perClass.Update(window.Novelty, window.ClassIndex);
        }
    }

    /// <summary>Takes a window and says what rang.</summary>
    public void Observe(in WatchedWindow window, ref Rings rings)
    {
        int known = window.ClassIndex;
        if (_embedding?.Update(window.Embedding, known) == DriftState.Drift)
        {
            rings.Add(new Ring("embedding", "embedding", _embedding.Statistic, _embedding.Threshold, _embedding.ChangeAge, null));
        }

        if (!double.IsFinite(window.Novelty) || !double.IsFinite(window.Margin))
        {
            return;
        }

        (_pair[0], _pair[1]) = ((float)window.Novelty, -(float)window.Margin);
        if (_prototypes?.Update(_pair, known) == DriftState.Drift)
        {
            rings.Add(new Ring("prototypes", _prototypes.LargestIndex == 0 ? "novelty" : "margin", _prototypes.Statistic, _prototypes.Threshold, _prototypes.ChangeAge, null));
        }

        if (_pageHinkley?.Update(window.Novelty) == true)
        {
            rings.Add(new Ring("pageHinkley", "novelty", _pageHinkley.Statistic, _pageHinkley.Options.Threshold, _pageHinkley.ObservationsSinceLow, null));
        }

        if (_distance?.Update(window.Novelty, known) == DriftState.Drift)
        {
            rings.Add(new Ring(_distance.TestName, "novelty", _distance.Statistic, _distance.Threshold, _distance.ChangeAge, null));
        }

        if (_margin?.Update(-window.Margin, known) == DriftState.Drift)
        {
            rings.Add(new Ring(_margin.TestName, "margin", _margin.Statistic, _margin.Threshold, _margin.ChangeAge, null));
        }

        if (_perClassTest?.Update(window.Novelty, known) == DriftState.Drift)
        {
            rings.Add(new Ring(PerClassKs.DetectorName, "novelty", _perClassTest.Statistic, _perClassTest.Threshold, _perClassTest.ChangeAge, null, known));
        }

        if (known >= 0)
        {
            _perClass.Update(window.Novelty, known);
        }
    }

    internal void Exchange(StateArchive archive, bool hasSnapshot)
    {
        _prototypes?.Exchange(archive);
        _pageHinkley?.Exchange(archive);
        _distance?.Exchange(archive);
        _margin?.Exchange(archive);
        _perClass.Exchange(archive);
        bool hasEmbedding = _embedding is not null && hasSnapshot;
        archive.Value(ref hasEmbedding);
        if (hasEmbedding)
        {
            _embedding!.Exchange(archive);
        }

        _perClassTest?.Exchange(archive);
    }
}
