using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trials;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Updates;

/// <summary>Which configuration a start of the pipeline runs with.</summary>
public static class UpdateStart
{
    /// <summary>The field that names the snapshot to run.</summary>
    internal const string Pin = "promotion.pinnedSnapshot";

    /// <summary>What is staged or on trial, one attempt more counted on disk before it runs; else the last good one; else the file alone.</summary>
    /// <param name="document">The file that the device was started with; valid.</param>
    /// <param name="machine">What came over the air.</param>
    /// <param name="kept">What is laid aside of the read-out while another snapshot is on trial.</param>
    /// <param name="lastEnd">How the attempt before ended, for the reasons of a roll back; empty when that is not known.</param>
    /// <param name="log">Hears of what is set aside.</param>
    /// <param name="wasInterrupted">Whether a trial that is found was ended by what ended the run before: a process that begins, or a fault. A restart that was asked for costs no attempt.</param>
    public static RunningConfig Choose(RunningConfig document, ConfigMachine machine, KeptReadOut kept, string lastEnd, ILogger log, bool wasInterrupted = true)
    {
        if (machine.Candidate is { } overlay)
        {
            var candidate = document.With(overlay);
            if (!candidate.Verdict.IsValid)
            {
                machine.RollBack([.. candidate.Verdict.Problems.Select(problem => new Reason(ReasonCode.NoLongerValid, problem.ToString()))]);
            }
            else if (Begins(document, machine, candidate, kept, lastEnd, wasInterrupted))
            {
                return candidate;
            }

            ServiceLog.OverlaySetAside(log, string.Join(" ", machine.State.LastAttempt!.Reasons));
        }

        var before = machine.State.Good;
        var good = document.WithGoodOf(machine);
        if (machine.State.Good != before) ServiceLog.OverlaySetAside(log, string.Join(" ", machine.State.LastAttempt!.Reasons));
        BringBack(machine, kept, log);
        return good;
    }

    private static void BringBack(ConfigMachine machine, KeptReadOut kept, ILogger log)
    {
        try
        {
            kept.Restore(machine.State.Good); // After a promotion what was kept is of another document, and goes.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            ServiceLog.ReadOutNotRestored(log, e.Message);
        }
    }

    private static bool Begins(RunningConfig document, ConfigMachine machine, RunningConfig candidate, KeptReadOut kept, string lastEnd, bool wasInterrupted)
    {
        var limits = candidate.Verdict.Config!.Updates;
        try
        {
            bool needsSnapshot = document.With(machine.Good).Verdict.Config is { } good && ConfigDiff.Between(good, candidate.Verdict.Config!).Fields.Any(field => field.Change == ConfigChange.Snapshot || field.Path == Pin);
            if (needsSnapshot) kept.Keep(machine.State.Good);
            else kept.Restore(machine.State.Good); // What needed another snapshot was superseded.
            return machine.BeginTrial(limits.TrialAttempts, TrialHealth.LimitOf(limits), lastEnd, wasInterrupted);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            machine.RollBack([new Reason(ReasonCode.NotWritten, $"that an attempt begins could not be written, so that none does: {e.Message}")]);
            return false;
        }
    }
}
