namespace Edge.Telemetry.Forgetting;

/// <summary>
/// Accuracy per class on the anchor set over the life of the device: best so far, when it was learned, lowest since, now. A class may appear at any time; a class without anchors in an evaluation keeps what is known of it and is left
/// out of that reading. An alarm rings once when a class loses more than its limit, and ends when the loss is half of it. Memory: a few numbers per class ever seen. Not thread-safe.
/// </summary>
public sealed class ForgettingTracker
{
    /// <summary>Anchors below which a class rings no alarm: one window more or less is 20 points there.</summary>
    public const int MinAlarmAnchorCount = 5;

    private readonly List<string> _order = [];
    private readonly Dictionary<string, ClassBest> _known = new(StringComparer.Ordinal);
    private long _evaluationCount, _anytimeCount;
    private double _anytimeMean;

    /// <summary>Evaluations taken.</summary>
    public long EvaluationCount => _evaluationCount;

    /// <summary>The latest reading since the process started; null before the first.</summary>
    public ForgettingReading? Latest { get; private set; }

    /// <summary>Takes one evaluation of a snapshot.</summary>
    /// <param name="snapshotId">The snapshot that was evaluated.</param>
    /// <param name="round">The round that made it.</param>
    /// <param name="perClass">Accuracy per class; classes without anchors are left out.</param>
    /// <param name="alarmPoints">A class that loses more than this against its best rings the alarm, percentage points; 0: none does.</param>
    /// <param name="alarmPointsByClass">The same for single classes, in place of <paramref name="alarmPoints"/>; null: none has a limit of its own.</param>
    /// <exception cref="ArgumentException">An accuracy is not within 0 to 100, or an anchor count is below 1; nothing is changed then.</exception>
    public ForgettingReading Update(string snapshotId, int round, IReadOnlyDictionary<string, AnchorAccuracy> perClass, double alarmPoints = 0, IReadOnlyDictionary<string, double>? alarmPointsByClass = null)
    {
        ArgumentNullException.ThrowIfNull(snapshotId);
        ArgumentNullException.ThrowIfNull(perClass);
        ThrowIfImpossible(perClass);

        (double lost, double transferred, double lowest) = (0, 0, 0);
        int seenBefore = 0;
        double learnedNow = 0;
        List<ForgettingAlarm> alarms = [];
        foreach ((string name, AnchorAccuracy measured) in perClass)
        {
            double now = measured.AccuracyPercent;
            if (!_known.TryGetValue(name, out ClassBest? earlier))
            {
                _order.Add(name);
                _known.Add(name, new ClassBest(name, now) { LearnedPercent = now });
                learnedNow += now;
                continue;
            }

            seenBefore++;
            lost += earlier.BestPercent - now;
            transferred += now - (earlier.LearnedPercent ?? now);
            ClassBest known = earlier with
            {
                BestPercent = Math.Max(earlier.BestPercent, now),
                LearnedPercent = earlier.LearnedPercent ?? now, // The record of an earlier version, which did not note it.
                LowestSincePercent = Math.Min(earlier.LowestSincePercent ?? now, now),
            };
            lowest += known.LowestSincePercent!.Value;
            _known[name] = Alarmed(known, measured, snapshotId, round, alarmPointsByClass is not null && alarmPointsByClass.TryGetValue(name, out double own) ? own : alarmPoints, alarms);
        }

        ClassForgetting[] classes =
        [
            .. from name in _order
               where perClass.ContainsKey(name)
               let now = perClass[name]
               let best = _known[name].BestPercent
               select new ClassForgetting(name, now.AccuracyPercent, best, best - now.AccuracyPercent, now.AnchorCount),
        ];
        double average = classes.Length == 0 ? 0 : classes.Average(c => c.AccuracyPercent);
        _evaluationCount++;
        if (classes.Length > 0) _anytimeMean += (average - _anytimeMean) / ++_anytimeCount;
        Latest = new ForgettingReading(snapshotId, round, classes, average, seenBefore == 0 ? 0 : lost / seenBefore)
        {
            OverallAccuracyPercent = classes.Length == 0 ? 0 : classes.Sum(c => c.AccuracyPercent * c.AnchorCount) / classes.Sum(c => c.AnchorCount),
            BwtLopezPazPoints = seenBefore == 0 ? 0 : transferred / seenBefore,
            LearningAccuracyPercent = classes.Length == 0 ? 0 : classes.Average(c => _known[c.Class].LearnedPercent!.Value),
            AnytimeAverageAccuracyPercent = _anytimeMean,
            MinAccDeLangePercent = seenBefore == 0 ? null : lowest / seenBefore,
            WcAccDeLangePercent = classes.Length == 0 ? 0 : (learnedNow + lowest) / classes.Length,
            Alarms = alarms,
        };
        return Latest;
    }

    /// <summary>Everything it would need to go on after a restart.</summary>
    public ForgettingTrackerState Save() => new(_evaluationCount, [.. _order.Select(name => _known[name])]) { AnytimeCount = _anytimeCount, AnytimeMeanPercent = _anytimeMean };

    /// <summary>Goes on from <paramref name="state"/>, replacing what it knew.</summary>
    public void Restore(ForgettingTrackerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _order.Clear();
        _known.Clear();
        foreach (ClassBest known in state.Best)
        {
            _order.Add(known.Class);
            _known.Add(known.Class, known);
        }

        (_evaluationCount, _anytimeCount, _anytimeMean, Latest) = (state.EvaluationCount, state.AnytimeCount, state.AnytimeMeanPercent, null);
    }

    /// <summary>Rings or ends the alarm of a class where it is due.</summary>
    private static ClassBest Alarmed(ClassBest known, AnchorAccuracy now, string snapshotId, int round, double limit, List<ForgettingAlarm> alarms)
    {
        double lost = known.BestPercent - now.AccuracyPercent;
        bool stands = known.LostBySnapshotId is not null;
        bool rings = !stands && limit > 0 && lost > limit && now.AnchorCount >= MinAlarmAnchorCount;
        if (!rings && !(stands && lost <= limit / 2) && !(stands && limit <= 0)) return known;
        (string by, int byRound) = rings ? (snapshotId, round) : (known.LostBySnapshotId!, known.LostByRound ?? 0);
        alarms.Add(new ForgettingAlarm(known.Class, rings, now.AccuracyPercent, known.BestPercent, lost, limit, now.AnchorCount, by, byRound));
        return known with { LostBySnapshotId = rings ? by : null, LostByRound = rings ? byRound : null };
    }

    private static void ThrowIfImpossible(IReadOnlyDictionary<string, AnchorAccuracy> perClass)
    {
        foreach ((string name, AnchorAccuracy measured) in perClass)
        {
            if (!(measured.AccuracyPercent >= 0 && measured.AccuracyPercent <= 100) || measured.AnchorCount < 1)
            {
                throw new ArgumentException(
                    $"Class '{name}' has accuracy {measured.AccuracyPercent} % on {measured.AnchorCount} anchors; expected 0 to 100 % on at least 1. " +
                    "Leave out a class without anchors.",
                    nameof(perClass));
            }
        }
    }
}

/// <summary>What is known of a class.</summary>
/// <param name="Class">Name of the class.</param>
/// <param name="BestPercent">Best accuracy so far, percent.</param>
public sealed record ClassBest(string Class, double BestPercent)
{
    /// <summary>Accuracy at its first evaluation, percent; null in the record of an earlier version.</summary>
    public double? LearnedPercent { get; init; }

    /// <summary>Lowest accuracy since then, percent; null while there was one evaluation only.</summary>
    public double? LowestSincePercent { get; init; }

    /// <summary>The snapshot with which its alarm began; null while none stands.</summary>
    public string? LostBySnapshotId { get; init; }

    /// <summary>The round that made that snapshot.</summary>
    public int? LostByRound { get; init; }
}

/// <summary>State of a <see cref="ForgettingTracker"/>; can be kept as JSON.</summary>
/// <param name="EvaluationCount">Evaluations taken.</param>
/// <param name="Best">One entry per class, in order of first appearance.</param>
public sealed record ForgettingTrackerState(long EvaluationCount, IReadOnlyList<ClassBest> Best)
{
    /// <summary>Evaluations in the mean below.</summary>
    public long AnytimeCount { get; init; }

    /// <summary>Mean over them of the average accuracy, percent.</summary>
    public double AnytimeMeanPercent { get; init; }
}
