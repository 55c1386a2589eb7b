using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Edge.Trainer.Rounds;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Learning;

/// <summary>One training round from the draw to the verdict: draw, child process (again if it is killed), exam on the anchor set, promotion or refusal, forgetting.</summary>
public sealed partial class TrainingRound(
    Flows flows, ReplayBuffer buffer, SnapshotStore snapshots, RoundFolders folders, ReadOutSlot slot, MemoryRecord memory, DeviceConfig config, Reporter reporter, ServiceState state, TimeProvider time, ILogger<TrainingRound> log)
{
    /// <summary>The running snapshot, with the classes that the configuration knows now: the graph takes any number of prototypes.</summary>
    private SnapshotManifest? Current => snapshots.Current is { } current ? current with { Classes = config.Labels.Classes } : null;

    /// <summary>Runs one round. Whatever happens to the child, the service goes on with the snapshot it has.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var parent = Current ?? throw new InvalidOperationException("a round needs a snapshot to start from");
        var draw = await buffer.DrawAsync();
        var plan = RoundPlans.FineTune(config, folders.NextRound(snapshots.List()), parent);
        try
        {
            var folder = folders.Create(plan, draw, snapshots.CheckpointFile(parent), await buffer.AnchorsAsync());
            if (await TrainAsync(folder, plan, stopping) is { } report) await JudgeAsync(folder, report, plan, parent, stopping);
            await buffer.SettleAsync(draw.ThroughId);
            folders.Prune();
        }
        catch (IOException e)
        {
            // A full disk: weather. The examples stay fresh and the next one that arrives asks again.
            state.CountRoundFailed();
            Tell(new TrainingMessage { Round = plan.Round, Event = TrainingEvent.Failed, Reason = e.Message });
        }
        finally
        {
            state.Round = null;
            NativeMemory.Release();
        }
    }

    /// <summary>Measures the running snapshot on the anchor set and reports how well each class is remembered.</summary>
    public async Task MeasureAsync(CancellationToken stopping)
    {
        if (Current is not { } current || slot.LatestFor(current.Id) is not { } prototypes) return;
        var anchors = Fitting(await buffer.AnchorsAsync(), current);
        if (anchors.Count == 0) return;
        using var classifier = Classifier.Open(snapshots.ModelFile(current), current, config.Inference, AnchorExam.BatchSize);
        Remember(current, AnchorExam.Examine(classifier, prototypes, config.Inference, AnchorExam.Pairs(anchors)));
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
                        Reason = report.EndedEarly is { } early ? $"training ended early: {early}" : null,
                    });
                    return report;
                }

                state.CountRoundFailed();
                Tell(new TrainingMessage { Round = plan.Round, Event = TrainingEvent.Abandoned, Attempt = attempt, Seconds = outcome.Seconds, Reason = report.AbandonedBecause });
                return null;
            }

            why = outcome.Talk.Length > 0 && !outcome.WasKilled ? $"{outcome.Ended}: {outcome.Talk}" : outcome.Ended;
            Tell(new TrainingMessage { Round = plan.Round, Event = outcome.WasKilled ? TrainingEvent.ChildKilled : TrainingEvent.Failed, Attempt = attempt, Seconds = outcome.Seconds, Reason = why, PeakRssMiB = peak });
        }

        state.CountRoundFailed();
        Tell(new TrainingMessage { Round = plan.Round, Event = TrainingEvent.Abandoned, Attempt = config.Training.MaxAttempts, Reason = $"given up after training.maxAttempts = {config.Training.MaxAttempts}: {why}" });
        return null;
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

    private async Task JudgeAsync(RoundFolder folder, RoundReport report, RoundPlan plan, SnapshotManifest parent, CancellationToken stopping)
    {
        var candidate = new SnapshotManifest
        {
            Id = "candidate",
            ParentId = parent.Id,
            CreatedAt = time.GetUtcNow(),
            Classes = plan.Classes,
            Window = plan.Window,
            EmbeddingLength = report.EmbeddingLength,
            Round = plan.Round,
        };
        var anchors = Fitting(await buffer.AnchorsAsync(), candidate);
        var bank = new PrototypeBank(candidate.Id, report.EmbeddingLength);
        GateEvidence evidence;
        GateVerdict verdict;
        try
        {
            using var exam = Classifier.Open(folder.ModelFile, candidate, config.Inference, AnchorExam.BatchSize);
            await EncodeAsync(exam, bank);
            using var running = Classifier.Open(snapshots.ModelFile(parent), parent, config.Inference, AnchorExam.BatchSize);
            evidence = new GateEvidence
            {
                Running = AnchorExam.Examine(running, slot.LatestFor(parent.Id)!, config.Inference, AnchorExam.Pairs(anchors)),
                Candidate = AnchorExam.Examine(exam, bank.ToMatrix(candidate.Classes), config.Inference, AnchorExam.Pairs(anchors)),
                ParityError = Parity(folder, exam),
            };
            verdict = PromotionGate.Judge(evidence, config.Promotion);
        }
        catch (InvalidDataException e)
        {
            state.CountRefused();
            Tell(new SnapshotMessage { Event = SnapshotEvent.Refused, SnapshotId = parent.Id, ParentId = parent.ParentId, Round = plan.Round, Reasons = [e.Message] });
            return;
        }

        if (!verdict.Promoted)
        {
            state.CountRefused();
            Tell(Outcome(SnapshotEvent.Refused, parent, plan, evidence) with { Reasons = verdict.Reasons });
            return;
        }

        var accepted = snapshots.Promote(folder.CandidateDirectory, candidate with { AnchorAccuracy = evidence.Candidate.AccuracyPercent });
        await SwitchAsync(accepted, bank, stopping);
        state.CountPromoted();
        Tell(Outcome(SnapshotEvent.Promoted, accepted, plan, evidence));
        Remember(accepted, evidence.Candidate);
    }

    /// <summary>Opens the accepted snapshot twice (one session each for the two stages that run it), off the hot path, and waits until the read-out has been switched.</summary>
    private async Task SwitchAsync(SnapshotManifest accepted, PrototypeBank bank, CancellationToken stopping)
    {
        string model = snapshots.ModelFile(accepted);
        var adoption = new Adoption(
            accepted,
            Classifier.Open(model, accepted, config.Inference),
            Classifier.Open(model, accepted, config.Inference, AnchorExam.BatchSize),
            bank.For(accepted.Id),
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await flows.Adoptions.Writer.WriteAsync(adoption, stopping);
        }
        catch (OperationCanceledException)
        {
            adoption.Dispose(); // The next start opens what has been promoted.
            throw;
        }

        await adoption.Done.Task.WaitAsync(stopping);
    }

    private async Task EncodeAsync(Classifier classifier, PrototypeBank bank)
    {
        var trainable = await buffer.TrainableAsync();
        AnchorExam.Encode(classifier, bank, AnchorExam.Pairs(Fitting(trainable, classifier.Snapshot)));
        bank.ThroughExampleId = trainable.Count > 0 ? trainable[^1].Id : 0;
    }

    private static double Parity(RoundFolder folder, Classifier exam)
    {
        var cases = ParityCases.FromBytes(File.ReadAllBytes(folder.ParityFile));
        int size = cases.Windows.Length / cases.Count, length = exam.Snapshot.EmbeddingLength;
        if (size != exam.Snapshot.Window.ValueCount) return double.PositiveInfinity;
        float[] actual = new float[cases.Count * length];
        for (int i = 0; i < cases.Count; i++)
        {
            exam.Score(cases.Windows.AsSpan(i * size, size));
            exam.EmbeddingOf(0).CopyTo(actual.AsSpan(i * length));
        }

        return PromotionGate.ParityError(cases.Embeddings, actual);
    }

    private void Remember(SnapshotManifest current, ExamResult exam)
    {
        var reading = memory.Update(current, exam);
        state.Memory = reading.PerClass;
        reporter.Forgetting(reading);
    }

    private static SnapshotMessage Outcome(SnapshotEvent what, SnapshotManifest runs, RoundPlan plan, GateEvidence evidence) => new()
    {
        Event = what,
        SnapshotId = runs.Id,
        ParentId = runs.ParentId,
        Round = plan.Round,
        AnchorAccuracyPercent = evidence.Candidate.AccuracyPercent,
        PreviousAnchorAccuracyPercent = evidence.Running.AccuracyPercent,
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
                LogRoundTrouble(what.Round, what.Event, what.Attempt, what.Reason);
                break;
        }

        reporter.Training(what);
    }

    private void Tell(SnapshotMessage what)
    {
        if (what.Event == SnapshotEvent.Promoted) LogPromoted(what.SnapshotId, what.Round, what.AnchorAccuracyPercent, what.PreviousAnchorAccuracyPercent);
        else LogRefused(what.SnapshotId, what.Round, string.Join("; ", what.Reasons));
        reporter.Snapshot(what);
    }

    private static List<Example> Fitting(IReadOnlyList<Example> examples, SnapshotManifest snapshot) =>
        [.. examples.Where(e => e.Samples.Length == snapshot.Window.ValueCount && snapshot.Classes.Contains(e.Class, StringComparer.Ordinal))];

    [LoggerMessage(2001, LogLevel.Information, "round {Round} started")]
    private partial void LogRoundStarted(int round);

    [LoggerMessage(2002, LogLevel.Information, "round {Round} finished: {StepCount} steps, loss {Loss:0.000}, {Seconds:0.0} s, child's peak memory {PeakRssMiB:0} MiB")]
    private partial void LogRoundFinished(int round, int? stepCount, double? loss, double? seconds, double? peakRssMiB);

    [LoggerMessage(2003, LogLevel.Warning, "round {Round} {Event} (attempt {Attempt}): {Reason}")]
    private partial void LogRoundTrouble(int round, TrainingEvent @event, int? attempt, string? reason);

    [LoggerMessage(2004, LogLevel.Information, "snapshot {SnapshotId} promoted by round {Round}: {AnchorAccuracyPercent:0.0} % on the anchor set, the one before has {PreviousAnchorAccuracyPercent:0.0} %")]
    private partial void LogPromoted(string snapshotId, int round, double? anchorAccuracyPercent, double? previousAnchorAccuracyPercent);

    [LoggerMessage(2005, LogLevel.Information, "snapshot {SnapshotId} goes on, the candidate of round {Round} was refused: {Reasons}")]
    private partial void LogRefused(string snapshotId, int round, string reasons);
}
