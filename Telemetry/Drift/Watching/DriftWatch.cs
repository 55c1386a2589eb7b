namespace Edge.Telemetry.Drift.Watching;

/// <summary>
/// Watches a device's stream for drift: fed once per window and once per label, it tells an event when something changed. <c>inputs</c>: mean and spread of each channel; <c>embedding</c>: the distribution of the embeddings
/// within their classes; <c>perClassKs</c>: the distances of each class for itself; <c>prototypes</c>: distance to the nearest prototype up, or margin down, within classes; <c>pageHinkley</c>, <c>distance</c>, <c>margin</c>: the same as sequential tests; <c>labelError</c>: right or wrong
/// as labels come; <c>classMix</c>: how often each class is answered. What depends on the model begins anew when the snapshot changes, so that a model update is not taken for a drift of the world, and takes the reference back
/// as that snapshot encodes it; inputs, class mix and labels live on. No allocation per window but the one that tells an event. Thread-safe: labels come from another thread than windows.
/// </summary>
public sealed class DriftWatch
{
    /// <summary>Channels in <see cref="DriftEvent.Channels"/> at most.</summary>
    public const int MostChannels = 16;

    /// <summary>The names that <see cref="DriftWatchOptions.Detectors"/> takes.</summary>
    public static readonly IReadOnlyList<string> DetectorNames = ["inputs", "embedding", "prototypes", "pageHinkley", "distance", "margin", "labelError", "classMix", PerClassKs.DetectorName];

    /// <summary>Those of them whose thresholds are derived from <see cref="DriftWatchOptions.ExpectedRunTime"/>.</summary>
    public static readonly IReadOnlyList<string> CalibratedNames = ["inputs", "embedding", "prototypes", "classMix", PerClassKs.DetectorName];

    private readonly Lock _gate = new();
    private readonly MeanShift? _inputs, _classMix;
    private readonly ModelWatch _model;
    private readonly LabelErrorWatch? _labelError;
    private readonly WindowTrail _trail = new();
    private readonly Refractory _refractory = new();
    private readonly float[] _oneHot;
    private DriftWatchOptions _options;
    private string _snapshotId = "";
    private long _rebased, _modelAlarms;

    /// <summary>A watch that has seen nothing.</summary>
    /// <exception cref="ArgumentException">A detector or test that there is not, no channel, no class, or a setting out of range.</exception>
    public DriftWatch(DriftWatchOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        if (options.Detectors.FirstOrDefault(name => !DetectorNames.Contains(name)) is { } unknown)
        {
            throw new ArgumentException($"there is no detector '{unknown}'; expected {string.Join(", ", DetectorNames)}", nameof(options));
        }

        int classes = options.Classes.Count, calibrated = Math.Max(1, options.Detectors.Count(CalibratedNames.Contains));
        ShiftOptions plain = new()
        {
            ReferenceCount = options.ReferenceCount, WindowCount = options.WindowCount, BlockCount = options.BlockCount, Seed = options.Seed,
            ExpectedRunTime = options.ExpectedRunTime * calibrated, // Each may ring as seldom as all of them together should.
        };
        _inputs = Has("inputs") ? new MeanShift(2 * options.Channels.Count, ShiftNorm.Largest, plain) : null;
        _classMix = Has("classMix") ? new MeanShift(classes + 1, ShiftNorm.Largest, plain with { WindowCount = 2 * options.WindowCount }) : null;
        _labelError = Has("labelError") ? new LabelErrorWatch(options.LabelErrorTest) : null;
        _model = new ModelWatch(options, plain with { GroupCount = classes });
        _oneHot = new float[classes + 1];

        bool Has(string name) => options.Detectors.Contains(name);
    }

    /// <summary>Gives the sequential tests other limits, or takes others in their place. Those that change begin anew: what was judged by other limits is not added up.</summary>
    public void Retune(SequentialTests tests)
    {
        ArgumentNullException.ThrowIfNull(tests);
        lock (_gate)
        {
            var now = _options with { PageHinkley = tests.PageHinkley, DistanceTest = tests.Distance, MarginTest = tests.Margin, LabelErrorTest = tests.LabelError };
            _model.Retune(_options, now);
            _labelError?.Use(now.LabelErrorTest);
            _options = now;
        }
    }

    /// <summary>Events told.</summary>
    public long AlarmCount => _refractory.ToldCount;

    // Another name with what came later: without it the bytes are those that every version reads.
    private string StateName => _options.Detectors.Contains(PerClassKs.DetectorName) ? $"driftWatch+{PerClassKs.DetectorName}" : "driftWatch";

    /// <summary>Alarms of a detector that fell into a refractory time.</summary>
    public long SuppressedCount => _refractory.SuppressedCount;

    /// <summary>Times that what depends on the model was started anew.</summary>
    public long RebaseCount => Interlocked.Read(ref _rebased);

    /// <summary>Alarms of what depends on the model, told or not: after each it learns a new reference.</summary>
    public long ModelAlarmCount => Interlocked.Read(ref _modelAlarms);

    /// <summary>Largest score of a detector; at 1 it rings.</summary>
    public double Score
    {
        get
        {
            lock (_gate)
            {
                double largest = 0;
                for (int i = 0; i < _options.Detectors.Count; i++)
                {
                    largest = Math.Max(largest, ScoreOf(_options.Detectors[i]));
                }

                return largest;
            }
        }
    }

    /// <summary>Whether what depends on the model is still without a reference.</summary>
    public bool WantsReference
    {
        get
        {
            lock (_gate)
            {
                return _model.LacksReference;
            }
        }
    }

    /// <summary>What of its state takes long to come by again; another one after each step of it.</summary>
    public DriftMilestones Milestones
    {
        get
        {
            lock (_gate)
            {
                return new DriftMilestones(AlarmCount, ModelAlarmCount, RebaseCount, _inputs is not { Watches: false } && _classMix is not { Watches: false }, !_model.LacksReference);
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
            _model.BeginAnew(embeddingLength);
        }
    }

    /// <summary>Takes one window.</summary>
    /// <returns>An event when something changed and no other was told just before; else null.</returns>
    public DriftEvent? Observe(in WatchedWindow window)
    {
        lock (_gate)
        {
            _trail.Add(window.WindowId, window.EndSeconds, window.ClassIndex);
            Rings rings = default;
            if (_inputs?.Update(window.Channels) == DriftState.Drift)
            {
                rings.Add(new Ring("inputs", "inputs", _inputs.Statistic, _inputs.Threshold, _inputs.ChangeAge, _options.Channels[_inputs.LargestIndex % _options.Channels.Count]));
            }

            if (window.Embedding.Length > 0)
            {
                ObserveModel(window, ref rings);
            }

            if (window.KnowsClasses && _classMix is not null)
            {
                Array.Clear(_oneHot);
                _oneHot[window.ClassIndex < 0 ? _options.Classes.Count : window.ClassIndex] = 1;
                if (_classMix.Update(_oneHot) == DriftState.Drift)
                {
                    rings.Add(new Ring("classMix", "classMix", _classMix.Statistic, _classMix.Threshold, _classMix.ChangeAge, null));
                }
            }

            return Tell(rings, window.WindowId, window.EndSeconds, latestAge: 1);
        }
    }

    /// <summary>Takes a window of the reference, encoded anew by the snapshot that runs now, after a change of snapshot has ended what was there. It is judged by nothing, and tells nothing.</summary>
    /// <param name="window">The window; its channel statistics are not read.</param>
    public void Refer(in WatchedWindow window)
    {
        lock (_gate)
        {
            _model.Refer(window);
        }
    }

    /// <summary>Takes a window that came while the reference was encoded anew, for what depends on the model: what happened meanwhile is not missed.</summary>
    /// <param name="window">The window; id, time and channel statistics are not read.</param>
    /// <param name="age">How many windows old it is, 1: the latest that was observed.</param>
    public DriftEvent? CatchUp(in WatchedWindow window, int age)
    {
        lock (_gate)
        {
            Rings rings = default;
            ObserveModel(window, ref rings);
            (ulong id, double seconds) = _trail.Ago(age);
            return Tell(rings, id, seconds, age);
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

            Rings rings = default;
            double since = _labelError.Update(answered, classIndex, seconds, ref rings);
            DriftEvent? told = Tell(rings, windowId, seconds, latestAge: 1);
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
            _model.BeginAnew(embeddingLength);
            return StateArchive.TryRead(state, StateName, Exchange, out refusal);
        }
    }

    private double ScoreOf(string name) => name switch
    {
        "inputs" => ScoreOf(_inputs),
        "classMix" => ScoreOf(_classMix),
        "labelError" => _labelError?.Score ?? 0,
        _ => _model.ScoreOf(name),
    };

    private static double ScoreOf(MeanShift? shift) => shift is { Threshold: > 0 } ? shift.Statistic / shift.Threshold : 0;

    private void ObserveModel(in WatchedWindow window, ref Rings rings)
    {
        int before = rings.Count;
        _model.Observe(window, ref rings);
        _modelAlarms += rings.Count - before;
    }

    /// <summary>The event, or null while others are not to be told. Of several at one window the first is told.</summary>
    private DriftEvent? Tell(in Rings rings, ulong windowId, double endSeconds, int latestAge)
    {
        // By the stream's latest time: a label, and a window that waited, speak of an earlier one.
        if (!_refractory.Admits(rings, _trail.Ago(1).Seconds, _options.RefractorySeconds))
        {
            return null;
        }

        Ring ring = rings.First;
        (ulong id, double seconds) = _trail.Ago(ring.Age + latestAge - 1);
        int named = ring.What == "classMix" ? _classMix!.LargestIndex : ring.ClassIndex >= 0 ? ring.ClassIndex : _model.FarthestClass;
        return new DriftEvent
        {
            Detector = ring.Detector,
            What = ring.What,
            Statistic = ring.Statistic,
            Threshold = ring.Threshold,
            WindowId = windowId,
            SinceWindowId = id,
            SinceSeconds = Math.Max(0, endSeconds - seconds),
            Channel = ring.Channel,
            Channels = _inputs is { Watches: true } ? Moves(_inputs) : null,
            Class = named >= 0 && named < _options.Classes.Count ? _options.Classes[named] : null,
            Scores = _options.Detectors.ToDictionary(name => name, ScoreOf, StringComparer.Ordinal),
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

    private void Exchange(StateArchive archive)
    {
        foreach (string name in DetectorNames.Where(name => name != PerClassKs.DetectorName)) // Of that the state's name speaks.
        {
            archive.Same(_options.Detectors.Contains(name) ? 1 : 0, name);
        }

        archive.Same(string.Join('\n', _options.Channels.Concat(_options.StoredClasses ?? _options.Classes)).Aggregate(2166136261u, (hash, c) => (hash ^ c) * 16777619), "names of channels and classes (hash)");
        archive.Value(ref _snapshotId);
        archive.Value(ref _rebased);
        archive.Value(ref _modelAlarms);
        _refractory.Exchange(archive);
        _trail.Exchange(archive);
        _inputs?.Exchange(archive);
        _classMix?.Exchange(archive);
        _labelError?.Exchange(archive);
        _model.Exchange(archive, _snapshotId.Length > 0);
    }
}
