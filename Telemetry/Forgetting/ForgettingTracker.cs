namespace Edge.Telemetry.Forgetting;

/// <summary>
/// Accuracy per class on the anchor set over the life of the device: best so far, now, and the difference. A class may appear at any time; a class without
/// anchors in an evaluation
/// keeps its best and is left out of that reading. Memory: one number per class ever seen. Not thread-safe.
/// </summary>
public sealed class ForgettingTracker
{
    private readonly List<string> _order = [];
    private readonly Dictionary<string, double> _best = new(StringComparer.Ordinal);
    private long _evaluationCount;

    /// <summary>Evaluations taken.</summary>
    public long EvaluationCount => _evaluationCount;

    /// <summary>The latest reading since the process started; null before the first.</summary>
    public ForgettingReading? Latest { get; private set; }

    /// <summary>Takes one evaluation of a snapshot.</summary>
    /// <param name="snapshotId">The snapshot that was evaluated.</param>
    /// <param name="round">The round that made it.</param>
    /// <param name="perClass">Accuracy per class; classes without anchors are left out.</param>
    /// <exception cref="ArgumentException">An accuracy is not within 0 to 100, or an anchor count is below 1; nothing is changed then.</exception>
    public ForgettingReading Update(string snapshotId, int round, IReadOnlyDictionary<string, AnchorAccuracy> perClass)
    {
        ArgumentNullException.ThrowIfNull(snapshotId);
        ArgumentNullException.ThrowIfNull(perClass);
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

        double lost = 0;
        int seenBefore = 0;
        foreach ((string name, AnchorAccuracy measured) in perClass)
        {
            if (_best.TryGetValue(name, out double earlier))
            {
                lost += earlier - measured.AccuracyPercent;
                seenBefore++;
                _best[name] = Math.Max(earlier, measured.AccuracyPercent);
            }
            else
            {
                _order.Add(name);
                _best.Add(name, measured.AccuracyPercent);
            }
        }

        List<ClassForgetting> classes = [];
        foreach (string name in _order)
        {
            if (perClass.TryGetValue(name, out AnchorAccuracy now))
            {
                classes.Add(new ClassForgetting(name, now.AccuracyPercent, _best[name], _best[name] - now.AccuracyPercent, now.AnchorCount));
            }
        }

        _evaluationCount++;
        Latest = new ForgettingReading(
            snapshotId,
            round,
            classes,
            classes.Count == 0 ? 0 : classes.Average(c => c.AccuracyPercent),
            seenBefore == 0 ? 0 : lost / seenBefore);
        return Latest;
    }

    /// <summary>Everything it would need to go on after a restart.</summary>
    public ForgettingTrackerState Save() => new(_evaluationCount, [.. _order.Select(name => new ClassBest(name, _best[name]))]);

    /// <summary>Goes on from <paramref name="state"/>, replacing what it knew.</summary>
    public void Restore(ForgettingTrackerState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        _order.Clear();
        _best.Clear();
        foreach (ClassBest best in state.Best)
        {
            _order.Add(best.Class);
            _best.Add(best.Class, best.BestPercent);
        }

        (_evaluationCount, Latest) = (state.EvaluationCount, null);
    }
}

/// <summary>Best accuracy of a class so far.</summary>
/// <param name="Class">Name of the class.</param>
/// <param name="BestPercent">Percent.</param>
public sealed record ClassBest(string Class, double BestPercent);

/// <summary>State of a <see cref="ForgettingTracker"/>; can be kept as JSON.</summary>
/// <param name="EvaluationCount">Evaluations taken.</param>
/// <param name="Best">One entry per class, in order of first appearance.</param>
public sealed record ForgettingTrackerState(long EvaluationCount, IReadOnlyList<ClassBest> Best);
