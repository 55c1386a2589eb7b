using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Learning;
using Edge.Runtime.Updates;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Stages;

/// <summary>
/// Makes labelled windows durable in batches, and with each batch the prototypes that count it in; then acknowledges, and lets the classifier use the fresher read-out. It owns the
/// read-out, so an accepted snapshot is adopted here too, between two batches, and the end of a round is settled.
/// </summary>
public sealed partial class ExampleStage(
    Flows flows, ReplayBuffer buffer, ReadOut readOut, LabelledWindowSet labelled, RoundSchedule schedule, RoundGate rounds, LiveConfig live, Reporter reporter, ServiceState state, TimeProvider time,
    ILogger<ExampleStage> log, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    private readonly List<PendingExample> batch = [];
    private string statisticsFailure = "";
    private long refusedCount; // Examples since the disk last took a batch.
    private Task<bool>? example, handover; // Kept until they complete: a queue remembers everyone who ever waited for it.

    // A batch is no larger than what may wait for a round: else some of it would leave the buffer at once, before the statistics count it durably.
    private int BatchSize => Math.Min(live.Current.Replay.CommitBatchSize, live.Current.Replay.FreshCapacity);

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                example ??= flows.Examples.Reader.WaitToReadAsync(stopping).AsTask();
                await TakeOverOrAsync(example, stopping);
                if (!example.IsCompleted) continue;
                example = null;
                await CollectAsync(stopping);
                await WaitForRoundAsync(stopping);
                await StoreAsync();
            }
        }
        finally
        {
            // Asked to stop: what has come so far is made durable before the store closes.
            do
            {
                while (batch.Count < BatchSize && flows.Examples.Reader.TryRead(out var left)) batch.Add(left);
                if (batch.Count > 0) await StoreAsync();
            }
            while (flows.Examples.Reader.Count > 0);
            while (flows.Handovers.Reader.TryRead(out var late)) (late as IDisposable)?.Dispose();
            readOut.Save();
            NoteStatistics();
        }
    }

    private async Task CollectAsync(CancellationToken stopping)
    {
        // A lossless stream fills every batch but the last before it rests, so that which example falls into which round does not depend on the machine's speed.
        do await CollectForAsync(TimeSpan.FromMilliseconds(live.Current.Replay.CommitDelayMs), stopping);
        while (flows.Lossless && batch.Count < BatchSize && (flows.InFlight.Count > 0 || flows.Examples.Reader.Count > 0));
    }

    private async Task CollectForAsync(TimeSpan patience, CancellationToken stopping)
    {
        using var late = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, late.Token);
        try
        {
            while (batch.Count < BatchSize && await flows.Examples.Reader.WaitToReadAsync(either.Token))
            {
                while (batch.Count < BatchSize && flows.Examples.Reader.TryRead(out var example)) batch.Add(example);
            }
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // The first of the batch has waited long enough.
        }
    }

    /// <summary>A lossless stream waits for the round that its examples have made due; a snapshot that the round brings is adopted meanwhile.</summary>
    private async Task WaitForRoundAsync(CancellationToken stopping)
    {
        while (flows.Lossless && rounds.Quiet is { IsCompleted: false } quiet) await TakeOverOrAsync(quiet, stopping);
    }

    /// <summary>Waits for <paramref name="other"/>, or until the learner has brought something and it has been taken over.</summary>
    private async Task TakeOverOrAsync(Task other, CancellationToken stopping)
    {
        handover ??= flows.Handovers.Reader.WaitToReadAsync(stopping).AsTask();
        await Task.WhenAny(other, handover);
        stopping.ThrowIfCancellationRequested();
        if (!handover.IsCompleted) return;
        handover = null;
        await TakeOverAsync();
    }

    private async Task StoreAsync()
    {
        bool stored = false;
        try
        {
            await readOut.MakeRoomAsync(buffer, batch.Count);
            readOut.Take(batch.Where(e => !buffer.IsHeldOut(e.Window.StartSeconds)));
            var now = time.GetUtcNow();
            var kept = await buffer.OfferAsync([.. batch.Select(e => ToExample(e, now))], readOut.Bank);
            readOut.Keep(kept, e => buffer.IsHeldOut(e.StartSeconds));
            readOut.Publish();
            for (int i = 0; i < batch.Count; i++) Answer(new LabelOutcome(batch[i].Request, kept[i], null));
            stored = true;
            if (refusedCount > 0) LogExamplesStored(refusedCount);
            refusedCount = 0;
        }
        catch (IOException e)
        {
            if (refusedCount == 0) LogExamplesRefused(e.Message);
            refusedCount += batch.Count;
            await readOut.ForgetTakenAsync(buffer);
            foreach (var pending in batch) Answer(LabelOutcome.Refused(pending.Request, e.Message));
        }

        NoteStatistics();
        if (schedule.IsDue(RoundSchedule.Examples)) rounds.Ask(RoundSchedule.Examples);
        // Counted last: whoever sees that nothing is pending sees the round that is due as well.
        if (stored) state.CountStored(batch.Count);
        else state.CountStoreFailure(batch.Count);
        batch.Clear();
    }

    /// <summary>Counts what the disk refused of the statistics, and says when it begins and ends: between the two every batch tries again.</summary>
    private void NoteStatistics()
    {
        state.NoteStatisticsFailures(readOut.StatisticsFailureCount);
        if (readOut.StatisticsFailure.Length > 0 && statisticsFailure.Length == 0) LogStatisticsFailed(readOut.StatisticsFailure);
        if (readOut.StatisticsFailure.Length == 0 && statisticsFailure.Length > 0) LogStatisticsWritten(readOut.StatisticsFailureCount);
        statisticsFailure = readOut.StatisticsFailure;
    }

    private void Answer(LabelOutcome outcome)
    {
        var others = outcome.Example is { } kept
            ? labelled.Set(outcome with { Example = kept with { Samples = [] } }) // A thousand windows of samples that nobody will ask for.
            : labelled.Abandon(outcome.Request.WindowId);
        reporter.LabelResult(outcome.ToMessage());
        foreach (var other in others) reporter.LabelResult((outcome with { Request = other }).ToMessage());
    }

    private async Task TakeOverAsync()
    {
        while (flows.Handovers.Reader.TryRead(out var brought))
        {
            try
            {
                await (brought switch
                {
                    Adoption accepted => AdoptAsync(accepted),
                    Settlement settlement => readOut.SettleAsync(settlement, buffer),
                    Rerun other => readOut.RunAsync(other.Running, buffer),
                    Resize resize => readOut.ResizeAsync(resize.Capacities, buffer),
                    Discounting drifted => DiscountAsync(drifted),
                    _ => throw new InvalidOperationException($"nobody takes over a {brought.GetType().Name}"),
                });
                brought.Done.SetResult();
            }
            catch (IOException e)
            {
                (brought as IDisposable)?.Dispose(); // Nothing of it was taken over.
                brought.Done.SetException(e); // A full disk: the round says so, its examples stay.
            }

            NoteStatistics();
        }
    }

    private async Task AdoptAsync(Adoption accepted)
    {
        await readOut.AdoptAsync(accepted, buffer);
        state.Snapshot = accepted.Snapshot;
        state.Provider = accepted.Running.Provider;
    }

    private Task DiscountAsync(Discounting drifted)
    {
        readOut.Discount(drifted.Share);
        return Task.CompletedTask;
    }

    private static Example ToExample(PendingExample pending, DateTimeOffset now) => new()
    {
        WindowId = pending.Window.Id,
        Class = pending.Request.Class,
        StartSeconds = pending.Window.StartSeconds,
        LabelledAt = now,
        Samples = pending.Window.Samples,
    };

    [LoggerMessage(2201, LogLevel.Warning, "the statistics of the frozen features could not be written; what they count is kept in the replay buffer until they can: {Reason}")]
    private partial void LogStatisticsFailed(string reason);

    [LoggerMessage(2202, LogLevel.Information, "the statistics of the frozen features are written again, after {Count} failures since the start")]
    private partial void LogStatisticsWritten(long count);

    [LoggerMessage(2203, LogLevel.Warning, "labelled windows are not stored, and their labels are answered with a refusal, until the disk takes them again: {Reason}")]
    private partial void LogExamplesRefused(string reason);

    [LoggerMessage(2204, LogLevel.Information, "labelled windows are stored again; {Count} were refused meanwhile")]
    private partial void LogExamplesStored(long count);
}
