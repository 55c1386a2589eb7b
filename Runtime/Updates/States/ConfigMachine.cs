using System.Security.Cryptography;
using Edge.Runtime.Updates.Checks;
using Edge.Storage;

namespace Edge.Runtime.Updates.States;

/// <summary>
/// The life of a configuration that came over the air: ACTIVE(A) → STAGED(B) → TRIAL(B) → ACTIVE(B), or → ROLLED BACK(B) → ACTIVE(A). Every step is on disk before it takes effect, and what is on disk names A and B by hash, so that a
/// crash at any moment leaves one of them and never a mix. The last good document changes at promotion and nowhere else. Safe from any thread.
/// </summary>
public sealed partial class ConfigMachine
{
    private readonly Lock gate = new();
    private readonly ConfigStateFiles files;
    private readonly IDeviceClock clock;
    private ConfigState state = new();
    private string? unread;

    private ConfigMachine(ConfigStateFiles files, IDeviceClock clock) => (this.files, this.clock) = (files, clock);

    /// <summary>Where it stands.</summary>
    public ConfigState State
    {
        get
        {
            lock (gate) return state;
        }
    }

    /// <summary>The last good document; null: the file that the device was started with.</summary>
    public AcceptedOverlay? Good { get; private set; }

    /// <summary>The newer document; null when there is none.</summary>
    public AcceptedOverlay? Candidate { get; private set; }

    /// <summary>What was damaged, or could not be read, when it was opened, and what was done about it.</summary>
    public IReadOnlyList<string> Damage { get; private set; } = [];

    /// <summary>Opens the folder and mends what a crash or a bad disk left: it always ends with something that can be started.</summary>
    /// <param name="directory">The folder <c>config</c> of the data directory.</param>
    /// <param name="clock">The device's clock.</param>
    /// <param name="at">Told of every point between two writes, by name; for tests that end the process there.</param>
    public static ConfigMachine Open(string directory, IDeviceClock clock, Action<string>? at = null)
    {
        var machine = new ConfigMachine(new ConfigStateFiles(directory, at), clock);
        machine.Mend(directory);
        return machine;
    }

    /// <summary>The last good document as a verb sees it that only looks: nothing is mended. Null when there is none that verifies.</summary>
    public static AcceptedOverlay? Look(string directory)
    {
        var files = new ConfigStateFiles(directory, null);
        try
        {
            var good = (files.ReadState() ?? files.ReadLastGood())?.Good;
            return good is not null && files.Load(good) is { } bytes ? new AcceptedOverlay(good.Version, good.KeyId, bytes) : null;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>ACTIVE → STAGED, or from a trial that is superseded: the candidate is durable, and its version is the lowest that its key may send from now on.</summary>
    /// <exception cref="IOException">The disk refused; nothing has changed.</exception>
    public void Stage(AcceptedOverlay overlay, string configHash, double? accuracyBeforePercent, IReadOnlyList<string> notes)
    {
        lock (gate)
        {
            RefuseOverUnread();
            string sha256 = Sha256(overlay.ConfigUtf8);
            var name = new DocumentName(sha256, overlay.Version, overlay.KeyId, configHash);
            files.Keep("stage", sha256, overlay.ConfigUtf8);
            Write("stage", Dated(state with
            {
                Phase = ConfigPhase.Staged,
                Candidate = name,
                Attempts = 0,
                Deadline = null,
                AccuracyBeforePercent = state.Candidate is null ? accuracyBeforePercent : state.AccuracyBeforePercent,
                Ratchets = new Dictionary<string, Ratchet>(state.Ratchets) { [overlay.KeyId] = new Ratchet(overlay.Version, sha256) },
                LastAttempt = new ConfigTrialRecord(name, AttemptResult.Staged, [], notes, clock.Now),
            }));
            Candidate = overlay;
        }
    }

    /// <summary>STAGED → TRIAL, or one more attempt of a trial that was interrupted: counted on disk before it begins.</summary>
    /// <param name="mostAttempts">Attempts that are allowed.</param>
    /// <param name="limit">How long all of them may take, from the first.</param>
    /// <param name="lastEnd">How the attempt before ended; empty when that is not known.</param>
    /// <param name="wasInterrupted">Whether what ended the attempt before may have been the configuration on trial; false: it goes on in a pipeline that was started again for another reason, which costs no attempt.</param>
    /// <returns>False when there were too many, or the time is over: then it has been rolled back.</returns>
    /// <exception cref="IOException">The disk refused; nothing has changed.</exception>
    public bool BeginTrial(int mostAttempts, TimeSpan limit, string lastEnd = "", bool wasInterrupted = true)
    {
        lock (gate)
        {
            if (state.Phase is not (ConfigPhase.Staged or ConfigPhase.Trial)) return false;
            var now = clock.Now;
            if (state.Phase == ConfigPhase.Trial)
            {
                if (!wasInterrupted) return true;
                var reasons = new List<Reason>();
                if (state.Attempts >= mostAttempts) reasons.Add(new Reason(ReasonCode.TooManyAttempts, $"the service ended during the trial {state.Attempts} {(state.Attempts == 1 ? "time" : "times")}; updates.trialAttempts is {mostAttempts}{(lastEnd.Length > 0 ? $"; the last time: {lastEnd}" : "")}"));
                if (state.Deadline is { } deadline && now > deadline && clock.IsSynchronised) reasons.Add(new Reason(ReasonCode.DeadlinePassed, $"the trial had to be over by {deadline:u}"));
                if (reasons.Count > 0)
                {
                    RollBack(reasons);
                    return false;
                }
            }

            Write("try", Dated(state with
            {
                Phase = ConfigPhase.Trial,
                Attempts = state.Attempts + 1,
                Deadline = state.Deadline ?? (clock.IsSynchronised ? now + limit : null), // A clock that is set later would be past it at once.
                LastAttempt = state.LastAttempt! with { Result = AttemptResult.Trial, At = state.Phase == ConfigPhase.Staged ? now : state.LastAttempt.At },
            }));
            return true;
        }
    }

    /// <summary>TRIAL(B) → ACTIVE(B): B is the last good one from now on.</summary>
    /// <param name="notes">What could not be judged, and why.</param>
    /// <exception cref="IOException">The disk refused; the trial goes on.</exception>
    public void Promote(IReadOnlyList<string> notes)
    {
        lock (gate)
        {
            if (state.Phase != ConfigPhase.Trial) throw new InvalidOperationException($"only what is on trial can be promoted; the phase is {state.Phase}");
            Write("promote", Dated(state with
            {
                Phase = ConfigPhase.Active,
                Good = state.Candidate,
                Candidate = null,
                Attempts = 0,
                Deadline = null,
                AccuracyBeforePercent = null,
                LastAttempt = state.LastAttempt! with { Result = AttemptResult.Applied, Notes = [.. state.LastAttempt.Notes, .. notes], At = clock.Now },
            }));
            (Good, Candidate) = (Candidate, null);
            WriteLastGood("promote");
            Sweep();
        }
    }

    /// <summary>STAGED or TRIAL(B) → ROLLED BACK(B): A is to run again. In this process it counts even when the disk refuses; the next start counts an attempt then.</summary>
    public void RollBack(IReadOnlyList<Reason> reasons)
    {
        lock (gate)
        {
            if (state.Candidate is null) return;
            var next = Dated(state with { Phase = ConfigPhase.RolledBack, LastAttempt = state.LastAttempt! with { Result = AttemptResult.RolledBack, Reasons = reasons, At = clock.Now } });
            WriteOrRemember("rollback", next);
            Candidate = null;
            WriteLastGood("rollback"); // So that what failed is known as that, and its version with it, when the first copy is lost.
        }
    }

    /// <summary>ROLLED BACK(B) → ACTIVE(A): A runs again.</summary>
    public void Settle()
    {
        lock (gate)
        {
            if (state.Phase != ConfigPhase.RolledBack) return;
            WriteOrRemember("settle", SettledOf(state));
            Sweep();
        }
    }

    /// <summary>The last good document does not fit the file any more that the device was started with: that file runs alone.</summary>
    public void SetGoodAside(IReadOnlyList<Reason> reasons)
    {
        lock (gate)
        {
            if (state.Good is not { } good) return;
            WriteOrRemember("aside", Dated(state with { Good = null, LastAttempt = new ConfigTrialRecord(good, AttemptResult.RolledBack, reasons, [], clock.Now) }));
            Good = null;
        }
    }

    /// <summary>Forgets the versions of keys that are trusted no more: one that was leaked cannot lock out those that come after it.</summary>
    public void ForgetVersionsOf(Func<string, bool> isTrusted)
    {
        lock (gate)
        {
            var kept = state.Ratchets.Where(pair => isTrusted(pair.Key)).ToDictionary();
            if (kept.Count == state.Ratchets.Count) return;
            WriteOrRemember("forget", state with { Ratchets = kept });
            WriteLastGood("forget");
        }
    }

    /// <summary>The last good document alone, with all that is remembered of others.</summary>
    private static ConfigState SettledOf(ConfigState state) => state with { Phase = ConfigPhase.Active, Candidate = null, Attempts = 0, Deadline = null, AccuracyBeforePercent = null };

    private static string Sha256(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private ConfigState Dated(ConfigState next) => clock.IsSynchronised && clock.Now is var now && !(now < state.NotBefore) ? next with { NotBefore = now } : next;

    /// <summary>What could not be read when it was opened may be whole: nothing is written over it by a process that does not know it, and the next start looks again.</summary>
    private void RefuseOverUnread()
    {
        if (unread is not null) throw new IOException(unread);
    }

    private void Write(string transition, ConfigState next)
    {
        RefuseOverUnread();
        try
        {
            files.WriteState(transition, next);
        }
        catch (NotSyncedException)
        {
            // The step is made for whoever looks, the next start too. Only a power cut may bring the one before back, from which it is made again.
        }

        state = next;
    }

    /// <summary>For steps towards what is safe: when the disk refuses they count in this process, and the next start finds the step before and makes them again.</summary>
    private void WriteOrRemember(string transition, ConfigState next)
    {
        try
        {
            Write(transition, next);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            state = next;
        }
    }

    /// <summary>The second copy, for a disk that loses the first. When it is refused, the next start writes it.</summary>
    private void WriteLastGood(string transition)
    {
        if (unread is not null) return;
        try
        {
            files.WriteLastGood(transition, SettledOf(state));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As said.
        }
    }

    private void Sweep()
    {
        if (unread is null) files.Sweep(state.Good, state.Candidate);
    }
}
