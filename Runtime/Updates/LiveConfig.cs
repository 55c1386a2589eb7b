using Edge.Config;

namespace Edge.Runtime.Updates;

/// <summary>
/// The configuration of a running service, exchanged as a whole. A stage that can take changes while it runs reads <see cref="Current"/> at a point that it chooses (between two windows, batches or rounds) and works with that one
/// object until the next; all others keep what they were given at start, and only fields of class <see cref="ConfigChange.Live"/> ever differ from it. Safe from any thread.
/// </summary>
/// <param name="start">What the service was started with.</param>
/// <param name="lastGood">The configuration that it goes back to when a trial fails; null, or where that cannot be read: what runs.</param>
public sealed class LiveConfig(DeviceConfig start, Func<DeviceConfig?>? lastGood = null)
{
    private DeviceConfig current = start;

    /// <summary>Raised after an exchange, on the thread that made it; handlers must be quick.</summary>
    public event Action<DeviceConfig>? Swapped;

    /// <summary>What runs.</summary>
    public DeviceConfig Current => Volatile.Read(ref current);

    /// <summary>What it goes back to when the one that runs is on trial and fails; otherwise what runs.</summary>
    public DeviceConfig LastGood => lastGood?.Invoke() ?? Current;

    /// <summary>Puts another one in its place.</summary>
    /// <exception cref="ArgumentException">It differs in more than live fields, which a running service does not take.</exception>
    public void Swap(DeviceConfig next)
    {
        if (ConfigDiff.Between(Current, next).Heaviest is > ConfigChange.Live) throw new ArgumentException("only live fields can be exchanged while the service runs", nameof(next));
        Volatile.Write(ref current, next);
        Swapped?.Invoke(next);
    }
}
