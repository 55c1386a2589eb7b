using System.Threading.Channels;
using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trials;
using Edge.Runtime.Updates.Trust;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Updates;

/// <summary>What outlives a restart of the pipeline: the state of the configuration, and the keys that are trusted.</summary>
/// <param name="Machine">The state.</param>
/// <param name="Keys">The keys.</param>
/// <param name="Clock">The device's clock.</param>
public sealed record UpdateState(ConfigMachine Machine, KeyRingStore Keys, IDeviceClock Clock);

/// <summary>What a running service is to desired configuration.</summary>
public sealed record UpdateSurroundings
{
    /// <summary>The device's name in topics.</summary>
    public required string DeviceId { get; init; }

    /// <summary>Whether its broker is on the device itself.</summary>
    public required bool BrokerIsLoopback { get; init; }

    /// <summary>Accuracy on the anchor set as last measured, percent; null when it was not.</summary>
    public required Func<double?> AccuracyPercent { get; init; }

    /// <summary>Why the snapshot that a configuration pins cannot run; null when it can.</summary>
    public Func<DeviceConfig, string?> WhyNotPinned { get; init; } = _ => null;

    /// <summary>Takes every step as it is made; must not block. Whether anybody hears of it changes nothing.</summary>
    public required Action<ConfigReportedMessage> Tell { get; init; }
}

/// <summary>
/// Takes configuration from the air through its life: checked, staged, tried, and kept or rolled back; every step is on disk first and reported then. A change of live fields alone is exchanged in the running service; for any other
/// the caller is told to start the pipeline again. Safe from any thread.
/// </summary>
public sealed class DesiredConfig(UpdateState updates, RunningConfig start, LiveConfig live, RunRequest request, UpdateSurroundings around)
{
    private static readonly Version s_runtime = Version.Parse(Product.Version.Split('-')[0]);
    private readonly ConfigMachine machine = updates.Machine;
    private RunningConfig running = start;
    private readonly Lock gate = new();
    private readonly Channel<bool> trialBegun = Channel.CreateBounded<bool>(1); // A level, not a queue.
    private IReadOnlyList<Reason> keysRefused = [];

    /// <summary>The latest attempt; null before the first.</summary>
    public ConfigAttempt? LastAttempt { get; private set; } = Later(request.LastAttempt, Shown(updates.Machine.State.LastAttempt, request.Gap));

    /// <summary>What the service runs with now.</summary>
    public RunningConfig Running => running;

    /// <summary>The last good configuration.</summary>
    public DeviceConfig GoodConfig => Good.Verdict.Config!;

    /// <summary>Whether a configuration is on trial.</summary>
    public bool IsOnTrial => Tried is not null;

    /// <summary>The document on trial; null while none is.</summary>
    public DocumentName? Tried => machine.State is { Phase: ConfigPhase.Trial, Candidate: { } candidate } ? candidate : null;

    /// <summary>What the device believes.</summary>
    public ConfigTrust Trust => updates.Keys.Damage is not null || !live.Current.Updates.Accept ? ConfigTrust.Nothing
        : !updates.Keys.IsUnsignedMode ? ConfigTrust.Signed
        : around.BrokerIsLoopback ? ConfigTrust.Unsigned : ConfigTrust.Nothing;

    private RunningConfig Good => running.With(machine.Good);

    /// <summary>Judges one message, and sets to work what it wants when all checks pass.</summary>
    /// <returns>True when the pipeline must start again with it.</returns>
    public bool Judge(ReadOnlyMemory<byte> message)
    {
        lock (gate)
        {
            var verdict = UpdateChecks.Judge(message, new DeviceFacts { DeviceId = around.DeviceId, Good = Good, Keys = updates.Keys, BrokerIsLoopback = around.BrokerIsLoopback, State = machine.State, Clock = updates.Clock, Runtime = s_runtime, WhyNotPinned = around.WhyNotPinned });
            switch (verdict.Outcome)
            {
                case CheckOutcome.Accepted:
                    return Take(verdict);
                case CheckOutcome.Known:
                    // A retained message comes again after every connect: that what is active is active is no news, and what failed is not tried again.
                    bool IsIt(long? version, string? keyId) => version == verdict.Version && keyId == verdict.KeyId;
                    var kept = machine.State.LastAttempt;
                    if (IsIt(LastAttempt?.Version, LastAttempt?.KeyId) && LastAttempt!.Result != ConfigResult.Refused) break;
                    if (IsIt(kept?.Document.Version, kept?.Document.KeyId)) LastAttempt = Shown(kept, request.Gap);
                    else Note(verdict, ConfigResult.Unchanged);
                    break;
                default:
                    Note(verdict, verdict.Outcome == CheckOutcome.Deferred ? ConfigResult.Deferred : ConfigResult.Refused);
                    break;
            }

            around.Tell(Report());
            return false;
        }
    }

    /// <summary>Judges a signed list of trusted keys, and uses it from now on when all checks pass.</summary>
    public void TakeKeys(ReadOnlyMemory<byte> message)
    {
        lock (gate)
        {
            keysRefused = updates.Keys.Take(message);
            if (keysRefused.Count == 0) machine.ForgetVersionsOf(id => id == KeyId.Unsigned || updates.Keys.Ring.Find(id, KeyRole.Config) is not null);
            around.Tell(Report());
        }
    }

    /// <summary>Waits until a trial is to be watched: at once when one is on at the start of the service.</summary>
    public async Task TrialBegunAsync(CancellationToken stopping)
    {
        if (!IsOnTrial) await trialBegun.Reader.ReadAsync(stopping);
    }

    /// <summary>The service runs: what was rolled back is over.</summary>
    public void Arrived()
    {
        lock (gate)
        {
            if (machine.State.Phase != ConfigPhase.RolledBack) return;
            machine.Settle();
            around.Tell(Report());
        }
    }

    /// <summary>The first window after a restart has come: what the restart cost is reported with the attempt that caused it.</summary>
    public void NoteGap()
    {
        lock (gate)
        {
            if (machine.State.LastAttempt is not { } record || LastAttempt is null || LastAttempt.Version != record.Document.Version || LastAttempt.KeyId != record.Document.KeyId) return;
            LastAttempt = LastAttempt with { GapWindows = request.Gap.Windows };
            around.Tell(Report());
        }
    }

    /// <summary>Ends a trial as <paramref name="verdict"/> says.</summary>
    /// <param name="tried">What was judged; when another has taken its place meanwhile, nothing is done.</param>
    /// <param name="verdict">What is to become of it.</param>
    /// <returns>True when the pipeline must start again with the last good configuration.</returns>
    public bool End(DocumentName tried, TrialVerdict verdict)
    {
        lock (gate)
        {
            if (Tried != tried) return false;
            if (verdict.Decision == TrialDecision.Promote)
            {
                try
                {
                    machine.Promote(verdict.Notes);
                    Show();
                    return false;
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    verdict = verdict with { Decision = TrialDecision.RollBack, Reasons = [new Reason(ReasonCode.StoreNotWritable, e.Message)] };
                }
            }

            machine.RollBack(verdict.Reasons);
            Show();
            return GoBack();
        }
    }

    /// <summary>The state to report.</summary>
    public ConfigReportedMessage Report()
    {
        var good = Good;
        string[] problems = [.. updates.Keys.Damage is { } damage ? [damage] : keysRefused.Select(reason => reason.ToString())];
        return new ConfigReportedMessage
        {
            Active = new ActiveConfig(good.Overlay?.Version, good.Verdict.Hash, good.Source),
            LastAttempt = LastAttempt,
            Trust = Trust,
            KeysVersion = updates.Keys.Ring.Version > 0 ? updates.Keys.Ring.Version : null,
            KeysProblems = problems.Length > 0 ? problems : null,
        };
    }

    private bool Take(CheckVerdict verdict)
    {
        var wanted = verdict.Merged!;
        var change = ConfigDiff.Between(live.Current, wanted.Verdict.Config!).Heaviest;
        var sinceGood = ConfigDiff.Between(GoodConfig, wanted.Verdict.Config!).Heaviest; // What runs may itself be on trial, or on its way out.
        var limits = wanted.Verdict.Config!.Updates;
        var superseded = machine.State is { Phase: ConfigPhase.Trial or ConfigPhase.Staged, LastAttempt: { } tried } ? Shown(tried, request.Gap) : null;
        try
        {
            machine.Stage(wanted.Overlay!, wanted.Verdict.Hash, around.AccuracyPercent(), verdict.Notes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nothing has changed: what is on trial stays on trial.
            Note(verdict with { Reasons = [new Reason(ReasonCode.NotWritten, e.Message)] }, ConfigResult.Refused);
            around.Tell(Report());
            return false;
        }

        request.Gap.Begin();
        if (superseded is not null)
        {
            LastAttempt = superseded with { Result = ConfigResult.Superseded, Codes = [new Reason(ReasonCode.Superseded, "").Word], Reasons = [$"version {verdict.Version} came before its trial was over"], At = updates.Clock.Now };
            around.Tell(Report());
        }

        Show();
        if (change is > ConfigChange.Live) return true;
        try
        {
            machine.BeginTrial(limits.TrialAttempts, TrialHealth.LimitOf(limits));
            Swap(wanted);
            request.Gap.None();
            Show();
            if (sinceGood is null || (limits.TrialSeconds == 0 && sinceGood is ConfigChange.Live)) machine.Promote([]); // Nothing that could have gone wrong, or nothing to hold.
            if (IsOnTrial) trialBegun.Writer.TryWrite(true);
            else Show();
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            machine.RollBack([new Reason(ReasonCode.NotWritten, e.Message)]);
            bool restarts = GoBack();
            Note(verdict with { Reasons = [new Reason(ReasonCode.NotWritten, e.Message)] }, ConfigResult.Refused);
            around.Tell(Report());
            return restarts;
        }
    }

    /// <summary>The last good configuration runs again, once it has been rolled back to; true when that takes a restart, since what was on trial differs in more than live fields.</summary>
    private bool GoBack()
    {
        var good = Good;
        if (ConfigDiff.Between(live.Current, good.Verdict.Config!).Heaviest is > ConfigChange.Live) return true;
        Swap(good);
        machine.Settle();
        return false;
    }

    private void Swap(RunningConfig next)
    {
        running = next;
        live.Swap(next.Verdict.Config!);
    }

    private void Show()
    {
        LastAttempt = Shown(machine.State.LastAttempt, request.Gap);
        around.Tell(Report());
    }

    private void Note(CheckVerdict verdict, ConfigResult result)
    {
        LastAttempt = new ConfigAttempt(verdict.Version, verdict.Hash, result, [.. verdict.Reasons.Select(reason => reason.Text)], updates.Clock.Now)
        {
            Stage = ConfigStage.Checks,
            Codes = verdict.Reasons.Count > 0 ? [.. verdict.Reasons.Select(reason => reason.Word)] : null,
            Notes = verdict.Notes.Count > 0 ? verdict.Notes : null,
            KeyId = verdict.KeyId,
        };
        request.LastAttempt = LastAttempt;
    }

    private static ConfigAttempt? Later(ConfigAttempt? one, ConfigAttempt? other) => one is null || other?.At > one.At ? other : one;

    private static ConfigAttempt? Shown(ConfigTrialRecord? record, RestartGap gap) => record is null ? null : new ConfigAttempt(
        record.Document.Version,
        record.Document.ConfigHash.Length > 0 ? record.Document.ConfigHash : null,
        record.Result switch { AttemptResult.Staged => ConfigResult.Staged, AttemptResult.Trial => ConfigResult.Trial, AttemptResult.Applied => ConfigResult.Applied, _ => ConfigResult.RolledBack },
        [.. record.Reasons.Select(reason => reason.Text)],
        record.At)
    {
        Stage = record.Result switch { AttemptResult.Staged => ConfigStage.Staged, AttemptResult.Applied => ConfigStage.Active, _ => ConfigStage.Trial },
        Codes = record.Reasons.Count > 0 ? [.. record.Reasons.Select(reason => reason.Word)] : null,
        Notes = record.Notes.Count > 0 ? record.Notes : null,
        KeyId = record.Document.KeyId,
        GapWindows = record.Result == AttemptResult.Staged ? null : gap.Windows,
    };
}
