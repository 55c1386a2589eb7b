namespace Edge.Telemetry.Drift.Watching;

/// <summary>One detector that rang at one window.</summary>
/// <param name="Detector">Its name.</param>
/// <param name="What">What it watches.</param>
/// <param name="Statistic">Its statistic.</param>
/// <param name="Threshold">At this it rings.</param>
/// <param name="Age">Windows since the suspected change, that one included.</param>
/// <param name="Channel">The channel that moved most; null where channels are not watched.</param>
/// <param name="ClassIndex">The class that it rang for; −1: it does not test classes one by one.</param>
internal readonly record struct Ring(string Detector, string What, double Statistic, double Threshold, long Age, string? Channel, int ClassIndex = -1);

/// <summary>The detectors that rang at one window: the first of them, and how many.</summary>
internal struct Rings
{
    /// <summary>The first; only meaningful where <see cref="Count"/> is above 0.</summary>
    public Ring First { get; private set; }

    /// <summary>How many rang.</summary>
    public int Count { get; private set; }

    /// <summary>Another one rang.</summary>
    public void Add(in Ring ring)
    {
        if (Count++ == 0)
        {
            First = ring;
        }
    }
}
