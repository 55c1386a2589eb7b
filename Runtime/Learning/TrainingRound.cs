using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Edge.Trainer.Rounds;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Learning;

/// <summary>One training round from the draw to the verdict: draw, child process (again if it is killed), exam on the anchor set, promotion or refusal, forgetting.</summary>
public sealed partial class TrainingRound(
    Flows flows, ReplayBuffer buffer, SnapshotStore snapshots, RoundFolders folders, ReadOutSlot slot, ProviderChain providers, ShapeHistory shapes, AnchorWatch watch, LiveConfig live, Reporter reporter, ServiceState state, TimeProvider time, ILogger<TrainingRound> log)
{
    private DeviceConfig config = live.Current; // Of one round from its draw to its verdict; what is changed meanwhile counts from the next.

    /// <summary>The running snapshot, with the classes that the configuration knows now: the graph takes any number of prototypes.</summary>
    private SnapshotManifest? Current => snapshots.Current is { } current ? current with { Classes = config.Labels.Classes } : null;

    /// <summary>Whether the disk refused the latest round: the next one had better wait a little.</summary>
    public bool WasRefusedByDisk { get; private set; }

    /// <summary>Whether the latest round got to its beginning: what it trains on is drawn and written. Where it did not, whatever made it due still waits for one.</summary>
    public bool HasBegun { get; private set; }

    /// <summary>Runs one round. Whatever happens to the child, the service goes on with the snapshot it has.</summary>
    /// <param name="afterDrift">Whether a confirmed drift has started it.</param>
    /// <param name="stopping">Ends it.</param>
    public async Task RunAsync(bool afterDrift, CancellationToken stopping)
    {
        config = live.Current;
        (WasRefusedByDisk, HasBegun) = (false, false);
        var parent = Current ?? throw new InvalidOperationException("a round needs a snapshot to start from");
        var plan = RoundPlans.FineTune(config, folders.NextRound(snapshots.List()), parent);
        try
        {
            if (!NeedsChild(parent))
            {
                await BeginAsync(afterDrift, stopping);
                await SettleAloneAsync(parent, stopping);
                return;
            }

            if (await DrawAsync(plan, parent) is not (var folder, var throughId)) return; // What made it due is partly of other windows; the next example asks again.
            await BeginAsync(afterDrift, stopping);
            var better = await TrainAsync(folder, plan, stopping) is { } report ? (await JudgeAsync(BroughtCandidate.Of(folder, report, plan, parent, time.GetUtcNow()), parent, stopping)).Better : null;
            await SettleAsync(throughId, parent, better, stopping);
            folders.Prune();
        }
        catch (IOException e)
        {
            // A full disk: weather. The examples stay fresh and the next one that arrives asks again.
            WasRefusedByDisk = true;
            state.CountRoundFailed();
            Tell(new TrainingMessage { Round = plan.Round, Event = TrainingEvent.Failed, Reason = e.Message });
        }
        finally
        {
            state.Round = null;
            NativeMemory.Release();
        }
    }

    /// <summary>Writes down what the round trains on; null where too little of it is of the parent's windows. A method of its own, so that the windows are not held while the round runs.</summary>
    private async Task<(RoundFolder Folder, ulong ThroughId)?> DrawAsync(RoundPlan plan, SnapshotManifest parent)
    {
        var draw = shapes.Fitting(await buffer.DrawAsync(), parent.Window);
        var anchors = shapes.Fitting(await buffer.AnchorsAsync(), parent.Window);
        if (shapes.HasOthers && (draw.Fresh.Count < 2 || anchors.Count < PromotionGate.Of(live).MinAnchors)) return null;
        return (folders.Create(plan, draw, snapshots.CheckpointFile(parent), anchors), draw.ThroughId);
    }

    private async Task<RoundReport?> TrainAsync(RoundFolder folder, RoundPlan plan, CancellationToken stopping)
    {
        long start = time.GetTimestamp();
        string why = "";
        for (int attempt = 1; attempt <= config.Training.MaxAttempts; attempt++)
        {
            Tell(new TrainingMessage { Round = plan.Round, Event = attempt == 1 ? TrainingEvent.Started : TrainingEvent.Retried, Attempt = attempt, Reason = attempt == 1 ? null : why });
            double peak = 0;
            var outcome = await TrainingChild.RunAsync(folder.Path, config.Training, (id, progress) => Progress(plan.Round, attempt, id, progress, start, ref peak), time, stopping);
            if (outcome.Ended is null)
            {
                var report = folder.ReadReport();
                if (report.HasCandidate)
                {
                    if (report.BeganAnewBecause is { } anew) LogBeganAnew(plan.Round, anew);
                    state.CountRound();
                    Tell(new TrainingMessage
                    {
                        Round = plan.Round,
                        Event = TrainingEvent.Finished,
                        Attempt = attempt,
                        Step = report.StepCount,
                        StepCount = report.StepCount,
                        Loss = report.LastEpochLoss,
                        Seconds = time.GetElapsedTime(start).TotalSeconds,
                        PeakRssMiB = report.PeakRssMiB,
                        Reason = Remarks(report),
                    });
                    return report;
                }

                state.CountRoundFailed();
                state.NoteAbandoned(report.AbandonedBecause ?? "the round brought no candidate", config);
                Tell(new TrainingMessage { Round = plan.Round, Event = TrainingEvent.Abandoned, Attempt = attempt, Seconds = outcome.Seconds, Reason = report.AbandonedBecause });
                return null;
            }

            why = outcome.Talk.Length > 0 && !outcome.WasKilled ? $"{outcome.Ended}: {outcome.Talk}" : outcome.Ended;
            if (outcome.Outgrew == RoundBudget.Memory && attempt < config.Training.MaxAttempts)
            {
                RoundPlans.HalveRows(folder);
                why += "; the next attempt takes half as many rows at a time";
            }

            Tell(new TrainingMessage { Round = plan.Round, Event = outcome.WasKilled ? TrainingEvent.ChildKilled : TrainingEvent.Failed, Attempt = attempt, Seconds = outcome.Seconds, Reason = why, PeakRssMiB = peak });
        }

        state.CountRoundFailed();
        state.NoteAbandoned($"given up after {config.Training.MaxAttempts} attempts: {why}", config);
        Tell(new TrainingMessage { Round = plan.Round, Event = TrainingEvent.Abandoned, Attempt = config.Training.MaxAttempts, Reason = $"given up after training.maxAttempts = {config.Training.MaxAttempts}: {why}" });
        return null;
    }

    private static string? Remarks(RoundReport report)
    {
        string[] remarks =
        [
            .. report.BeganAnewBecause is { } anew ? new[] { $"training began from new weights: {anew}" } : [],
            .. report.EndedEarly is { } early ? new[] { $"training ended early: {early}" } : [],
        ];
        return remarks.Length > 0 ? string.Join("; ", remarks) : null;
    }

    private void Progress(int round, int attempt, int processId, RoundProgress? progress, long start, ref double peak)
    {
        peak = Math.Max(peak, TrainingChild.ResidentMiB(processId, "VmHWM"));
        var now = new TrainingMessage
        {
            Round = round,
            Event = TrainingEvent.Progress,
            Attempt = attempt,
            Step = progress?.Step,
            StepCount = progress?.StepCount,
            Loss = progress?.Loss,
            Seconds = time.GetElapsedTime(start).TotalSeconds,
            PeakRssMiB = peak,
        };
        state.Round = now;
        state.TrainingProcessId = processId;
        if (progress is not null) reporter.Training(now);
    }

    /// <summary>Lets the gate judge a candidate, each side with the read-out that it runs or would run with, and runs it when it is promoted.</summary>
    private async Task<Judgement> JudgeAsync(BroughtCandidate brought, SnapshotManifest parent, CancellationToken stopping)
    {
        var candidate = brought.Manifest;
        var anchors = Fitting(await buffer.AnchorsAsync(), candidate);
        GateEvidence evidence;
        CandidateReadOut read;
        ReadOutBlend better;
        var trainable = Fitting(await buffer.TrainableAsync(), candidate);
        try
        {
            using var exam = providers.Open(new GraphFile(brought.ModelFile), candidate, AnchorExam.BatchSize);
            using var onCpu = exam.Provider == ProviderChain.Cpu ? null : Classifier.Open(brought.ModelFile, candidate, config.Inference with { Providers = [ProviderChain.Cpu] });
            using var running = providers.Open(new GraphFile(snapshots.ModelFile(parent)), parent, AnchorExam.BatchSize);
            var present = slot.LatestFor(parent.Id)!;
            read = CandidateReadOut.Of(exam, trainable, present, config, AnchorExam.Encode(exam, AnchorExam.Pairs(anchors)));
            better = Better(running, parent, anchors);
            if (brought.OfferedAs is not null && !config.Updates.AcceptNewSnapshot && present.FrozenBankId is { } bank && exam.FrozenBankId != bank)
                return Refuse(brought, parent, new Reason(ReasonCode.OtherFeatures, $"it computes other frozen features ({exam.FrozenBankId ?? "none"}) than the running snapshot ({bank}), and what was counted of everything ever labelled would be lost; set updates.acceptNewSnapshot to true if that is meant"));
            evidence = new GateEvidence
            {
                Running = AnchorExam.Examine(running, present.Weights, config.Inference, AnchorExam.Pairs(anchors)),
                Candidate = AnchorExam.Examine(exam, read.Weights, config.Inference, AnchorExam.Pairs(anchors)),
                ParityError = RoundParity.ErrorOf(ParityCases.FromBytes(File.ReadAllBytes(brought.ParityFile)), onCpu ?? exam), // What was exported is asked, not how a GPU rounds.
            };
        }
        catch (InvalidDataException e)
        {
            return Refuse(brought, parent, new Reason(ReasonCode.Unfit, e.Message));
        }

        NativeMemory.ReleaseNative(); // Two sessions have come and gone, and two more are about to come.
        state.NoteCandidate(evidence.Candidate.AccuracyPercent, config);
        var verdict = PromotionGate.Judge(evidence, PromotionGate.Stricter(config.Promotion, live.LastGood.Promotion)); // Of the round's own configuration, whatever runs by now.
        if (!verdict.Promoted)
        {
            state.CountRefused();
            Tell(Outcome(SnapshotEvent.Refused, parent, brought, evidence) with { Reasons = verdict.Reasons, Codes = brought.OfferedAs is null ? null : [.. verdict.Reasons.Select(reason => new Reason(ReasonCode.GateRefused, reason).Word)] });
            return new Judgement(false, better);
        }

        var precision = PrecisionGate.Examine(brought.ModelFile, candidate, read.Weights, trainable, anchors, config.Inference, time, providers);
        var accepted = await RunInsteadAsync(brought, candidate with { AnchorAccuracy = evidence.Candidate.AccuracyPercent }, precision, read, stopping);
        state.CountPromoted();
        Tell(Outcome(brought.OfferedAs is null ? SnapshotEvent.Promoted : SnapshotEvent.Received, accepted, brought, evidence) with { Precision = precision?.Runs, PrecisionNote = precision?.ToString() });
        if (precision is not null) LogPrecision(accepted.Id, precision.ToString());
        watch.Note(config, accepted, evidence.Candidate, anchors, EvaluationCause.Promotion, stopping);
        return new Judgement(true, null);
    }

    private SnapshotMessage Outcome(SnapshotEvent what, SnapshotManifest runs, BroughtCandidate brought, GateEvidence evidence) => new()
    {
        Event = what,
        SnapshotId = runs.Id,
        ParentId = runs.ParentId,
        Round = brought.Manifest.Round,
        CandidateId = brought.OfferedAs,
        AnchorAccuracyPercent = evidence.Candidate.AccuracyPercent,
        PreviousAnchorAccuracyPercent = evidence.Running.AccuracyPercent,
        ReadOut = slot.LatestName,
        Novelty = slot.LatestFor(runs.Id)?.Weights.Calibration?.ToMessage(),
    };

    private void Tell(TrainingMessage what)
    {
        if (what.Event is TrainingEvent.Started or TrainingEvent.Retried) state.Round = what;
        switch (what.Event)
        {
            case TrainingEvent.Started:
                LogRoundStarted(what.Round);
                break;
            case TrainingEvent.Finished:
                LogRoundFinished(what.Round, what.StepCount, what.Loss, what.Seconds, what.PeakRssMiB);
                break;
            default:
                LogRoundTrouble(what.Round, what.Event, what.Attempt ?? 0, what.Reason); // 0: before a child was started.
                break;
        }

        reporter.Training(what);
    }

    private void Tell(SnapshotMessage what)
    {
        if (what.CandidateId is not null) TellReceived(what);
        else if (what.Event == SnapshotEvent.Promoted) LogPromoted(what.SnapshotId, what.Round, what.AnchorAccuracyPercent, what.PreviousAnchorAccuracyPercent, what.ReadOut);
        else LogRefused(what.SnapshotId, what.Round, string.Join("; ", what.Reasons));
        reporter.Snapshot(what);
    }

    private List<Example> Fitting(IReadOnlyList<Example> examples, SnapshotManifest snapshot) =>
        [.. examples.Where(e => shapes.Fits(e, snapshot.Window) && snapshot.Classes.Contains(e.Class, StringComparer.Ordinal))];

    [LoggerMessage(2001, LogLevel.Information, "round {Round} started")]
    private partial void LogRoundStarted(int round);

    [LoggerMessage(2002, LogLevel.Information, "round {Round} finished: {StepCount} steps, loss {Loss:0.000}, {Seconds:0.0} s, child's peak memory {PeakRssMiB:0} MiB")]
    private partial void LogRoundFinished(int round, int? stepCount, double? loss, double? seconds, double? peakRssMiB);

    [LoggerMessage(2003, LogLevel.Warning, "round {Round} {Event} (attempt {Attempt}): {Reason}")]
    private partial void LogRoundTrouble(int round, TrainingEvent @event, int attempt, string? reason);

    [LoggerMessage(2004, LogLevel.Information, "snapshot {SnapshotId} promoted by round {Round}: {AnchorAccuracyPercent:0.0} % on the anchor set, the one before has {PreviousAnchorAccuracyPercent:0.0} %; read out by {ReadOut}")]
    private partial void LogPromoted(string snapshotId, int round, double? anchorAccuracyPercent, double? previousAnchorAccuracyPercent, string? readOut);

    [LoggerMessage(2005, LogLevel.Information, "snapshot {SnapshotId} goes on, the candidate of round {Round} was refused: {Reasons}")]
    private partial void LogRefused(string snapshotId, int round, string reasons);

    [LoggerMessage(2007, LogLevel.Information, "snapshot {SnapshotId}: {Precision}")]
    private partial void LogPrecision(string snapshotId, string precision);

    [LoggerMessage(2006, LogLevel.Information, "round {Round} began from new weights: {Reason}")]
    private partial void LogBeganAnew(int round, string reason);
}
