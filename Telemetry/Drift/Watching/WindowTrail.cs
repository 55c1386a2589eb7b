namespace Edge.Telemetry.Drift.Watching;

/// <summary>The latest windows by id, time and answer, so that an alarm can say since when and a late label whether the answer was right. Bounded: what is older than the oldest counts as the oldest.</summary>
internal sealed class WindowTrail
{
    private const int Capacity = 4096;
    private readonly ulong[] _ids = new ulong[Capacity];
    private readonly double[] _seconds = new double[Capacity];
    private readonly int[] _classes = new int[Capacity];
    private long _count;

    /// <summary>Notes a window.</summary>
    public void Add(ulong id, double seconds, int classIndex)
    {
        int place = (int)(_count++ % Capacity);
        (_ids[place], _seconds[place], _classes[place]) = (id, seconds, classIndex);
    }

    /// <summary>The window that is <paramref name="age"/> windows old; 1: the latest.</summary>
    public (ulong Id, double Seconds) Ago(long age)
    {
        int place = (int)((_count - Math.Clamp(age, 1, Math.Max(1, Math.Min(_count, Capacity))) + Capacity) % Capacity);
        return (_ids[place], _seconds[place]);
    }

    /// <summary>What was answered for a window; false when it is not remembered (any more).</summary>
    public bool TryFind(ulong id, out int classIndex, out double seconds)
    {
        long low = Math.Max(0, _count - Capacity), high = _count; // Ids increase.
        while (low < high)
        {
            long middle = (low + high) / 2;
            (low, high) = _ids[(int)(middle % Capacity)] < id ? (middle + 1, high) : (low, middle);
        }

        int place = (int)(low % Capacity);
        (classIndex, seconds) = (_classes[place], _seconds[place]);
        return low < _count && _ids[place] == id;
    }

    /// <summary>The oldest window that is remembered and ended at that time or later; 0 when there is none.</summary>
    public ulong AtOrAfter(double seconds)
    {
        long low = Math.Max(0, _count - Capacity), high = _count;
        while (low < high)
        {
            long middle = (low + high) / 2;
            (low, high) = _seconds[(int)(middle % Capacity)] < seconds ? (middle + 1, high) : (low, middle);
        }

        return low < _count ? _ids[(int)(low % Capacity)] : 0;
    }

    internal void Exchange(StateArchive archive)
    {
        archive.Value(ref _count);
        int used = (int)Math.Clamp(_count, 0, Capacity);
        archive.Values(_ids.AsSpan(0, used));
        archive.Values(_seconds.AsSpan(0, used));
        archive.Values(_classes.AsSpan(0, used));
    }
}
