namespace Edge.Telemetry.Drift;

/// <summary>What a detector says of the stream so far.</summary>
public enum DriftState
{
    /// <summary>Nothing to tell.</summary>
    None,

    /// <summary>It may be changing; not enough to act upon.</summary>
    Warning,

    /// <summary>It changed.</summary>
    Drift,
}

/// <summary>
/// A test for a change, fed with one number per observation. One verb: <see cref="Update"/>. Constant memory, no allocation per observation, state that survives a restart. Not thread-safe: one stage owns it.
/// After <see cref="DriftState.Drift"/> the next observation starts the test anew, so that one change of the world is told once.
/// </summary>
public interface IDriftDetector
{
    /// <summary>Name in telemetry and configuration, camelCase.</summary>
    string Name { get; }

    /// <summary>The statistic at the latest observation, at least 0, in the unit that the detector's documentation names.</summary>
    double Statistic { get; }

    /// <summary>Above (or at) this it says <see cref="DriftState.Drift"/>; 0 before there is one.</summary>
    double Threshold { get; }

    /// <summary><see cref="Statistic"/> as a share of <see cref="Threshold"/>; 0 before there is a threshold.</summary>
    double Score => Threshold > 0 ? Statistic / Threshold : 0;

    /// <summary>Observations since the suspected change, the first of them and the latest included. Only meaningful at the observation that said warning or drift.</summary>
    long ChangeAge { get; }

    /// <summary>Takes one observation.</summary>
    /// <param name="value">A finite number; for detectors of errors 1 (wrong) or 0 (right).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="value"/> is not finite: it would poison every sum for ever.</exception>
    DriftState Update(double value);

    /// <summary>Forgets everything seen.</summary>
    void Reset();

    /// <summary>Everything it needs to go on after a restart to the bit, with format version, settings and checksum.</summary>
    byte[] Save();

    /// <summary>Goes on from what <see cref="Save"/> gave. A state that is damaged, of another detector, of other settings or of a later version is refused, and the detector is as new.</summary>
    /// <param name="state">The bytes.</param>
    /// <param name="refusal">Why it was refused; empty when it was taken.</param>
    bool TryRestore(ReadOnlySpan<byte> state, out string refusal);
}

/// <summary>What detectors of one number have in common: the facts of the latest observation, and how their state is kept.</summary>
public abstract class DriftDetector : IDriftDetector
{
    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <inheritdoc/>
    public double Statistic { get; protected set; }

    /// <inheritdoc/>
    public double Threshold { get; protected set; }

    /// <inheritdoc/>
    public long ChangeAge { get; protected set; }

    /// <inheritdoc/>
    public double Score => Threshold > 0 ? Statistic / Threshold : 0;

    /// <inheritdoc/>
    public abstract DriftState Update(double value);

    /// <inheritdoc/>
    public abstract void Reset();

    /// <inheritdoc/>
    public byte[] Save() => StateArchive.Write(Name, Exchange);

    /// <inheritdoc/>
    public bool TryRestore(ReadOnlySpan<byte> state, out string refusal)
    {
        bool taken = StateArchive.TryRead(state, Name, Exchange, out refusal);
        if (!taken)
        {
            Reset();
        }

        return taken;
    }

    internal void ExchangeState(StateArchive archive) => Exchange(archive);

    /// <summary>Throws where an observation would poison the sums.</summary>
    private protected static void RequireFinite(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "An observation must be finite.");
        }
    }

    /// <summary>The facts of the latest observation.</summary>
    private protected void ExchangeFacts(StateArchive archive)
    {
        (double statistic, double threshold, long age) = (Statistic, Threshold, ChangeAge);
        archive.Value(ref statistic);
        archive.Value(ref threshold);
        archive.Value(ref age);
        (Statistic, Threshold, ChangeAge) = (statistic, threshold, age);
    }

    /// <summary>Writes every field to the archive, or takes it from there: one order for both.</summary>
    private protected abstract void Exchange(StateArchive archive);
}
