namespace Edge.Telemetry.Drift.Watching;

/// <summary>
/// Watches a device's stream for drift: fed once per window and once per label, it tells an event when something changed. <c>inputs</c>: mean and spread of each channel; <c>embedding</c>: the distribution of the embeddings
/// within their classes; <c>prototypes</c>: distance to the nearest prototype up, or margin down, within classes; <c>pageHinkley</c>: the same distance, as a sequential test; <c>labelError</c>: right or wrong as labels
/// come; <c>classMix</c>: how often each class is answered. What depends on the model starts a new reference when the snapshot changes, so that a model update is not taken for a drift of the world; inputs, class mix and
/// labels live on. No allocation per window but the one that tells an event. Thread-safe: labels come from another thread than windows.
/// </summary>
public sealed class DriftWatch
{
    /// <summary>Channels in <see cref="DriftEvent.Channels"/> at most.</summary>
    public const int MostChannels = 16;

    /// <summary>The names that <see cref="DriftWatchOptions.Detectors"/> takes.</summary>
    public static readonly IReadOnlyList<string> DetectorNames = ["inputs", "embedding", "prototypes", "pageHinkley", "labelError", "classMix"];

    private const string StateName = "driftWatch";
    private readonly Lock _gate = new();
    private DriftWatchOptions _options;
    private readonly ShiftOptions _grouped;
    private readonly MeanShift? _inputs, _prototypes, _classMix;
    private PageHinkley? _pageHinkley;
    private readonly HddmA? _labelError;
    private readonly PerClassKs _perClass;
    private readonly bool _watchesEmbedding;
    private readonly WindowTrail _trail = new(), _labels = new();
    private readonly float[] _pair = new float[2], _oneHot;
    private EmbeddingMmd? _embedding;
    private string _snapshotId = "";
    private double _quietUntil = double.MinValue;
    private long _alarms, _suppressed, _rebased;
    private ulong _labelCount;

    /// <summary>A watch that has seen nothing.</summary>
    /// <exception cref="ArgumentException">A detector that there is not, no channel, no class, or a setting out of range.</exception>
    public DriftWatch(DriftWatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        if (options.Detectors.FirstOrDefault(name => !DetectorNames.Contains(name)) is { } unknown)
        {
            throw new ArgumentException($"there is no detector '{unknown}'; expected {string.Join(", ", DetectorNames)}", nameof(options));
        }

        int classes = options.Classes.Count, calibrated = Math.Max(1, options.Detectors.Count(name => name is "inputs" or "embedding" or "prototypes" or "classMix"));
        ShiftOptions plain = new()
        {
            ReferenceCount = options.ReferenceCount, WindowCount = options.WindowCount, BlockCount = options.BlockCount, Seed = options.Seed,
            ExpectedRunTime = options.ExpectedRunTime * calibrated, // Each may ring as seldom as all of them together should.
        };
        _grouped = plain with { GroupCount = classes };
        _inputs = Has("inputs") ? new MeanShift(2 * options.Channels.Count, ShiftNorm.Largest, plain) : null;
        _prototypes = Has("prototypes") ? new MeanShift(2, ShiftNorm.LargestRise, _grouped) : null;
        _classMix = Has("classMix") ? new MeanShift(classes + 1, ShiftNorm.Largest, plain with { WindowCount = 2 * options.WindowCount }) : null;
        _pageHinkley = Has("pageHinkley") ? new PageHinkley(options.PageHinkley) : null;
        _labelError = Has("labelError") ? new HddmA() : null;
        _watchesEmbedding = Has("embedding");
        _perClass = new PerClassKs(classes);
        _oneHot = new float[classes + 1];

        bool Has(string name) => options.Detectors.Contains(name);
    }

    /// <summary>Gives the sequential test other limits. It begins anew with them: distances judged by other limits are not added up.</summary>
    public void Retune(PageHinkleyOptions limits)
    {
        lock (_gate)
        {
            _options = _options with { PageHinkley = limits };
            if (_pageHinkley is not null) _pageHinkley = new PageHinkley(limits);
        }
    }

    /// <summary>Events told.</summary>
    public long AlarmCount => Interlocked.Read(ref _alarms);

    /// <summary>Alarms of a detector that fell into a refractory time.</summary>
    public long SuppressedCount => Interlocked.Read(ref _suppressed);

    /// <summary>Times that what depends on the model was started anew.</summary>
    public long RebaseCount => Interlocked.Read(ref _rebased);

    /// <summary>Largest score of a detector; at 1 it rings.</summary>
    public double Score
    {
        get
        {
            lock (_gate)
            {
                return Math.Max(
                    Math.Max(Math.Max(ScoreOf(_inputs), ScoreOf(_prototypes)), Math.Max(ScoreOf(_classMix), _embedding?.Score ?? 0)),
                    Math.Max(_pageHinkley?.Score ?? 0, _labelError?.Score ?? 0));
            }
        }
    }

    /// <summary>Says which snapshot runs from the next window on.</summary>
    /// <param name="snapshotId">Its id; the one that it is already changes nothing.</param>
    /// <param name="embeddingLength">Numbers of its embeddings.</param>
    public void SnapshotChanged(string snapshotId, int embeddingLength)
    {
        ArgumentNullException.ThrowIfNull(snapshotId);
        lock (_gate)
        {
            if (snapshotId == _snapshotId)
            {
                return;
            }

            (_snapshotId, _rebased) = (snapshotId, _rebased + 1);
            _embedding = _watchesEmbedding ? new EmbeddingMmd(embeddingLength, _grouped) : null;
            _prototypes?.Reset();
            _pageHinkley?.Reset();
            _perClass.Reset();
        }
    }

    /// <summary>Takes one window.</summary>
    /// <returns>An event when something changed and no other was told just before; else null.</returns>
    public DriftEvent? Observe(in WatchedWindow window)
    {
        lock (_gate)
        {
            _trail.Add(window.WindowId, window.EndSeconds, window.ClassIndex);
            DriftEvent? told = null;
            if (_inputs?.Update(window.Channels) == DriftState.Drift)
            {
                told = Tell(told, "inputs", "inputs", _inputs.Statistic, _inputs.Threshold, _inputs.ChangeAge, window, _options.Channels[_inputs.LargestIndex % _options.Channels.Count]);
            }

            if (window.Embedding.Length > 0)
            {
                told = ObserveModel(window, told);
            }

            return window.KnowsClasses ? ObserveMix(window, told) : told;
        }
    }

    /// <summary>Whether what depends on the model is still without a reference.</summary>
    public bool WantsReference
    {
        get
        {
            lock (_gate)
            {
                return _embedding is { Watches: false } || _prototypes is { Watches: false };
            }
        }
    }

    /// <summary>Takes an earlier window, encoded anew by the snapshot that runs now, for the references that a change of snapshot has ended. It is judged by nothing, and tells nothing.</summary>
    /// <param name="window">The window; its channel statistics are not read.</param>
    public void Refer(in WatchedWindow window)
    {
        lock (_gate)
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
            if (window.ClassIndex >= 0)
            {
                _perClass.Update(window.Novelty, window.ClassIndex);
            }
        }
    }

    /// <summary>Takes the true class of a window.</summary>
    /// <param name="windowId">The window; one that the watch does not remember is passed over.</param>
    /// <param name="classIndex">Its true class.</param>
    public DriftEvent? Label(ulong windowId, int classIndex)
    {
        lock (_gate)
        {
            if (_labelError is null || !_trail.TryFind(windowId, out int answered, out double seconds))
            {
                return null;
            }

            // Labels have a trail of their own, by their number: they come late and in any order.
            _labels.Add(_labelCount++, seconds, answered);
            if (_labelError.Update(answered == classIndex ? 0 : 1) != DriftState.Drift)
            {
                return null;
            }

            (_, double since) = _labels.Ago(_labelError.ChangeAge);
            WatchedWindow labelled = new() { WindowId = windowId, EndSeconds = seconds, KnowsClasses = true, Channels = [], Embedding = [], Novelty = 0, Margin = 0, ClassIndex = classIndex };
            DriftEvent? told = Tell(null, "labelError", "labelError", _labelError.Statistic, _labelError.Threshold, 1, labelled, null);
            return told is null ? null : told with { SinceWindowId = _trail.AtOrAfter(since), SinceSeconds = Math.Max(0, seconds - since) };
        }
    }

    /// <summary>Everything it needs to go on after a restart.</summary>
    public byte[] Save()
    {
        lock (_gate)
        {
            return StateArchive.Write(StateName, Exchange);
        }
    }

    /// <summary>Goes on from what <see cref="Save"/> gave. To be called before the first window; a watch that refused a state is to be thrown away.</summary>
    /// <param name="state">The bytes.</param>
    /// <param name="embeddingLength">Numbers of an embedding of the running snapshot.</param>
    /// <param name="refusal">Why it was refused; empty when it was taken.</param>
    public bool TryRestore(ReadOnlySpan<byte> state, int embeddingLength, out string refusal)
    {
        lock (_gate)
        {
            _embedding = _watchesEmbedding ? new EmbeddingMmd(embeddingLength, _grouped) : null;
            return StateArchive.TryRead(state, StateName, Exchange, out refusal);
        }
    }

    private static double ScoreOf(MeanShift? shift) => shift is { Threshold: > 0 } ? shift.Statistic / shift.Threshold : 0;

    private DriftEvent? ObserveModel(in WatchedWindow window, DriftEvent? told)
    {
        int known = window.ClassIndex;
        if (_embedding?.Update(window.Embedding, known) == DriftState.Drift)
        {
            told = Tell(told, "embedding", "embedding", _embedding.Statistic, _embedding.Threshold, _embedding.ChangeAge, window, null);
        }

        if (double.IsFinite(window.Novelty) && double.IsFinite(window.Margin))
        {
            (_pair[0], _pair[1]) = ((float)window.Novelty, -(float)window.Margin);
            if (_prototypes?.Update(_pair, known) == DriftState.Drift)
            {
                told = Tell(told, "prototypes", _prototypes.LargestIndex == 0 ? "novelty" : "margin", _prototypes.Statistic, _prototypes.Threshold, _prototypes.ChangeAge, window, null);
            }

            if (_pageHinkley?.Update(window.Novelty) == true)
            {
                told = Tell(told, "pageHinkley", "novelty", _pageHinkley.Statistic, _pageHinkley.Options.Threshold, _pageHinkley.ObservationsSinceLow, window, null);
            }

            if (known >= 0)
            {
                _perClass.Update(window.Novelty, known);
            }
        }

        return told;
    }

    private DriftEvent? ObserveMix(in WatchedWindow window, DriftEvent? told)
    {
        if (_classMix is not null)
        {
            Array.Clear(_oneHot);
            _oneHot[window.ClassIndex < 0 ? _options.Classes.Count : window.ClassIndex] = 1;
            if (_classMix.Update(_oneHot) == DriftState.Drift)
            {
                told = Tell(told, "classMix", "classMix", _classMix.Statistic, _classMix.Threshold, _classMix.ChangeAge, window, null);
            }
        }

        return told;
    }

    /// <summary>The event, or null while others are not to be told. Of two at one window the first is told.</summary>
    private DriftEvent? Tell(DriftEvent? told, string detector, string what, double statistic, double threshold, long age, in WatchedWindow window, string? channel)
    {
        bool quiet = window.EndSeconds < _quietUntil && _quietUntil - window.EndSeconds <= _options.RefractorySeconds; // Farther off, stream time has begun anew.
        if (told is not null || quiet)
        {
            _suppressed++;
            return told;
        }

        _alarms++;
        _quietUntil = window.EndSeconds + _options.RefractorySeconds;
        (ulong id, double seconds) = _trail.Ago(age);
        int named = what == "classMix" ? _classMix!.LargestIndex : _perClass.Farthest;
        return new DriftEvent
        {
            Detector = detector,
            What = what,
            Statistic = statistic,
            Threshold = threshold,
            WindowId = window.WindowId,
            SinceWindowId = id,
            SinceSeconds = Math.Max(0, window.EndSeconds - seconds),
            Channel = channel,
            Channels = _inputs is { Watches: true } ? Moves(_inputs) : null,
            Class = named >= 0 && named < _options.Classes.Count ? _options.Classes[named] : null,
            Scores = Scores(),
        };
    }

    private List<ChannelMove> Moves(MeanShift inputs)
    {
        int count = _options.Channels.Count;
        return [.. Enumerable.Range(0, count)
            .OrderByDescending(c => Math.Max(inputs.Deviations(c), inputs.Deviations(count + c)))
            .Take(MostChannels)
            .Select(c => new ChannelMove(_options.Channels[c], inputs.ReferenceMean(c), inputs.MovedBy(c), Math.Exp(inputs.MovedBy(count + c))))];
    }

    private Dictionary<string, double> Scores()
    {
        Dictionary<string, double> scores = new(StringComparer.Ordinal);
        foreach (string name in _options.Detectors)
        {
            scores[name] = name switch
            {
                "inputs" => ScoreOf(_inputs),
                "embedding" => _embedding?.Score ?? 0,
                "prototypes" => ScoreOf(_prototypes),
                "pageHinkley" => _pageHinkley?.Score ?? 0,
                "labelError" => _labelError?.Score ?? 0,
                _ => ScoreOf(_classMix),
            };
        }

        return scores;
    }

    private void Exchange(StateArchive archive)
    {
        foreach (string name in DetectorNames)
        {
            archive.Same(_options.Detectors.Contains(name) ? 1 : 0, name);
        }

        archive.Same(string.Join('\n', _options.Channels.Concat(_options.Classes)).Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619), "names of channels and classes (hash)");
        archive.Value(ref _snapshotId);
        archive.Value(ref _quietUntil);
        archive.Value(ref _alarms);
        archive.Value(ref _suppressed);
        archive.Value(ref _rebased);
        archive.Value(ref _labelCount);
        _trail.Exchange(archive);
        _labels.Exchange(archive);
        _inputs?.Exchange(archive);
        _prototypes?.Exchange(archive);
        _classMix?.Exchange(archive);
        _pageHinkley?.Exchange(archive);
        _labelError?.ExchangeState(archive);
        _perClass.Exchange(archive);
        bool hasEmbedding = _embedding is not null && _snapshotId.Length > 0;
        archive.Value(ref hasEmbedding);
        if (hasEmbedding)
        {
            _embedding!.Exchange(archive);
        }
    }
}
