using Edge.Runtime.Inference;
using Edge.Runtime.Snapshots;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Offers;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Edge.Trainer.Rounds;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Learning;

/// <summary>Snapshots that came over the air take the same road as candidates of this device: same exam, same gate, same switch.</summary>
public sealed partial class TrainingRound
{
    /// <summary>Whether there are enough anchors to judge one by. Until then it waits: an untrained device knows nothing that would speak against anything.</summary>
    public bool CanJudge => buffer.Counts.AnchorCount >= PromotionGate.Of(live).MinAnchors;

    /// <summary>Judges a snapshot that came over the air on this device's own anchors, and runs it when it is at least as good.</summary>
    /// <returns>Whether it runs.</returns>
    public async Task<bool> TakeAsync(ReceivedSnapshot received, CancellationToken stopping)
    {
        if (!received.Begin()) return false; // Sessions of a graph from elsewhere are opened: the kernel may end the process for its memory.
        try
        {
            return await ExamineAsync(received, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            received.BreakOff();
            throw;
        }
    }

    private async Task<bool> ExamineAsync(ReceivedSnapshot received, CancellationToken stopping)
    {
        config = live.Current;
        var parent = Current ?? throw new InvalidOperationException("nothing can be judged without a running snapshot");
        var reasons = new List<string>();
        var manifest = CandidateCheck.Contract(Path.Combine(received.Directory, SnapshotStore.ModelFileName), config, parent, time.GetUtcNow(), reasons);
        var offered = received.Offer.Manifest;
        var brought = new BroughtCandidate(received.Directory, (manifest ?? parent) with { ParentId = offered.ParentId, Round = offered.Round }, offered.Id);
        if (manifest is null || reasons.Count > 0) return Refuse(brought, parent, [.. reasons.Select(reason => new Reason(ReasonCode.Unfit, reason))]).Promoted;
        if (config.Promotion.PinnedSnapshot is { Length: > 0 } pinned) return Refuse(brought, parent, new Reason(ReasonCode.SnapshotPinned, $"promotion.pinnedSnapshot is '{pinned}'")).Promoted;
        try
        {
            return (await JudgeAsync(brought, parent, stopping)).Promoted;
        }
        catch (IOException e)
        {
            return Refuse(brought, parent, new Reason(ReasonCode.NotWritten, e.Message)).Promoted; // A full disk: weather. To have it judged again, it is offered again.
        }
        finally
        {
            NativeMemory.Release();
        }
    }

    private Judgement Refuse(BroughtCandidate brought, SnapshotManifest runs, params IReadOnlyList<Reason> reasons)
    {
        state.CountRefused();
        Tell(new SnapshotMessage
        {
            Event = SnapshotEvent.Refused,
            SnapshotId = runs.Id,
            ParentId = runs.ParentId,
            Round = brought.Manifest.Round,
            CandidateId = brought.OfferedAs,
            Reasons = [.. reasons.Select(reason => reason.Text)],
            Codes = brought.OfferedAs is null ? null : [.. reasons.Select(reason => reason.Word)],
        });
        return new Judgement(false, null);
    }

    private void TellReceived(SnapshotMessage what)
    {
        if (what.Event == SnapshotEvent.Received) LogReceived(what.SnapshotId, what.CandidateId!, what.AnchorAccuracyPercent, what.PreviousAnchorAccuracyPercent);
        else LogReceivedRefused(what.SnapshotId, what.CandidateId!, string.Join("; ", what.Reasons));
    }

    [LoggerMessage(2008, LogLevel.Information, "snapshot {SnapshotId} runs, which came over the air as {OfferedId}: {AnchorAccuracyPercent:0.0} % on this device's anchor set, the one before has {PreviousAnchorAccuracyPercent:0.0} %")]
    private partial void LogReceived(string snapshotId, string offeredId, double? anchorAccuracyPercent, double? previousAnchorAccuracyPercent);

    [LoggerMessage(2009, LogLevel.Information, "snapshot {SnapshotId} goes on, {OfferedId}, which came over the air, was refused: {Reasons}")]
    private partial void LogReceivedRefused(string snapshotId, string offeredId, string reasons);

    /// <summary>What the gate is to judge.</summary>
    /// <param name="Directory">Folder with <c>model.onnx</c>, <c>model.checkpoint</c> and <c>parity.bin</c>.</param>
    /// <param name="Manifest">Its description, with no id of this device yet.</param>
    /// <param name="OfferedAs">Its id where it comes from, over the air; null: of a round of this device.</param>
    private sealed record BroughtCandidate(string Directory, SnapshotManifest Manifest, string? OfferedAs)
    {
        public string ModelFile => Path.Combine(Directory, SnapshotStore.ModelFileName);

        public string CheckpointFile => Path.Combine(Directory, SnapshotStore.CheckpointFileName);

        public string ParityFile => Path.Combine(Directory, SnapshotOffer.ParityFileName);

        public static BroughtCandidate Of(RoundFolder folder, RoundReport report, RoundPlan plan, SnapshotManifest parent, DateTimeOffset now) => new(
            folder.CandidateDirectory,
            new SnapshotManifest { Id = "candidate", ParentId = parent.Id, CreatedAt = now, Classes = parent.Classes, Window = plan.Window, EmbeddingLength = report.EmbeddingLength, Round = plan.Round },
            null);
    }

    /// <summary>What became of it.</summary>
    /// <param name="Promoted">Whether it runs.</param>
    /// <param name="Better">The blend that the anchors choose for the running snapshot, where it goes on; null: none was chosen.</param>
    private sealed record Judgement(bool Promoted, ReadOutBlend? Better);
}
