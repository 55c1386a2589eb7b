namespace Edge.Telemetry.Drift.Watching;

/// <summary>Whether the answers have become wrong more often, by labels, which come late and in any order. Not thread-safe.</summary>
internal sealed class LabelErrorWatch(string testName)
{
    private readonly WindowTrail _labels = new(); // By their number, in the order in which they came.
    private DriftDetector _test = LabelErrorTests.Make(testName);
    private ulong _count;

    /// <summary>Statistic / threshold.</summary>
    public double Score => _test.Score;

    /// <summary>Goes on with another test, which begins anew.</summary>
    public void Use(string name)
    {
        if (name != _test.Name)
        {
            _test = LabelErrorTests.Make(name);
        }
    }

    /// <summary>Takes a label.</summary>
    /// <param name="answered">What the device had answered.</param>
    /// <param name="classIndex">The true class.</param>
    /// <param name="seconds">Stream time of the end of the window.</param>
    /// <param name="rings">Where it rings.</param>
    /// <returns>Stream time of the window whose label was the first of the suspected change.</returns>
    public double Update(int answered, int classIndex, double seconds, ref Rings rings)
    {
        _labels.Add(_count++, seconds, answered);
        if (_test.Update(answered == classIndex ? 0 : 1) != DriftState.Drift)
        {
            return seconds;
        }

        rings.Add(new Ring(_test.Name, "labelError", _test.Statistic, _test.Threshold, 1, null));
        return _labels.Ago(_test.ChangeAge).Seconds;
    }

    internal void Exchange(StateArchive archive)
    {
        archive.Same(LabelErrorTests.Names.ToList().IndexOf(_test.Name), "test of label errors");
        archive.Value(ref _count);
        _labels.Exchange(archive);
        _test.ExchangeState(archive);
    }
}
