namespace Edge.Telemetry.Drift.Watching;

/// <summary>One change of the world is one event: after one, others are counted and not told for some stream time. Not thread-safe.</summary>
internal sealed class Refractory
{
    private double _quietUntil = double.MinValue;
    private long _told, _suppressed;

    /// <summary>Events told.</summary>
    public long ToldCount => Interlocked.Read(ref _told);

    /// <summary>Alarms that were not told.</summary>
    public long SuppressedCount => Interlocked.Read(ref _suppressed);

    /// <summary>Counts what rang; true when the first of it is to be told.</summary>
    /// <param name="rings">What rang; of several at one window only the first can be told.</param>
    /// <param name="nowSeconds">Stream time of the latest window; not that of the window that rang, which may be long past where a label came late.</param>
    /// <param name="seconds">The refractory time.</param>
    public bool Admits(in Rings rings, double nowSeconds, double seconds)
    {
        if (_quietUntil - nowSeconds > seconds)
        {
            _quietUntil = double.MinValue; // Stream time has begun anew, and will come by that time again.
        }

        if (rings.Count == 0 || nowSeconds < _quietUntil)
        {
            _suppressed += rings.Count;
            return false;
        }

        _told++;
        _suppressed += rings.Count - 1;
        _quietUntil = nowSeconds + seconds;
        return true;
    }

    internal void Exchange(StateArchive archive)
    {
        archive.Value(ref _quietUntil);
        archive.Value(ref _told);
        archive.Value(ref _suppressed);
    }
}
