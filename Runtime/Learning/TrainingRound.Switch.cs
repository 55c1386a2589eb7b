using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Learning;

/// <summary>The last step of an accepted candidate: into the store, and in the place of the running snapshot, both or neither.</summary>
public sealed partial class TrainingRound
{
    /// <summary>Runs it in place of the running one.</summary>
    /// <exception cref="IOException">The disk refused: the running one goes on; the message says what that means and what to do.</exception>
    private async Task<SnapshotManifest> RunInsteadAsync(BroughtCandidate brought, SnapshotManifest candidate, PrecisionVerdict? precision, CandidateReadOut readOut, CancellationToken stopping)
    {
        var before = snapshots.Current!;
        var accepted = Accept(brought, candidate, precision);
        try
        {
            await SwitchAsync(accepted, readOut, stopping);
            return accepted;
        }
        catch (IOException e)
        {
            throw new IOException(TakenBack(accepted, before, e.Message), e);
        }
    }

    private SnapshotManifest Accept(BroughtCandidate brought, SnapshotManifest candidate, PrecisionVerdict? precision)
    {
        var names = ClassNames.Of(config.Labels.Renamed);
        return names.FromStored(Keep(brought, names.ToStored(candidate), precision));
    }

    private SnapshotManifest Keep(BroughtCandidate brought, SnapshotManifest candidate, PrecisionVerdict? precision)
    {
        if (precision?.File is not { } reduced) return snapshots.Promote(brought.Directory, candidate);
        string file = Path.Combine(brought.Directory, $"{precision.Kind}.tmp"); // The store takes it in under its own name.
        try
        {
            File.WriteAllBytes(file, reduced);
            return snapshots.Promote(brought.ModelFile, brought.CheckpointFile, candidate, (RunningGraph.NameOf(precision.Kind, precision.Provider), file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Opens the accepted snapshot twice (one session each for the two stages that run it), off the hot path, and waits until the read-out has been switched.</summary>
    private async Task SwitchAsync(SnapshotManifest accepted, CandidateReadOut readOut, CancellationToken stopping)
    {
        var adoption = new Adoption(
            accepted,
            providers.OpenForStream(RunningGraph.Of(snapshots, accepted, config.Inference.Precision), accepted),
            providers.Open(new GraphFile(snapshots.ModelFile(accepted)), accepted, AnchorExam.BatchSize),
            readOut.Bank.For(accepted.Id),
            readOut.Learned,
            readOut.Frozen,
            readOut.Blend,
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await flows.Handovers.Writer.WriteAsync(adoption, stopping);
        }
        catch (OperationCanceledException)
        {
            adoption.Dispose(); // The next start opens what has been promoted.
            throw;
        }

        await adoption.Done.Task.WaitAsync(stopping);
    }

    /// <summary>What was promoted is not taken over: the one before goes on, here and on disk.</summary>
    private string TakenBack(SnapshotManifest accepted, SnapshotManifest before, string why)
    {
        string next = $"{before.Id} goes on";
        try
        {
            snapshots.TakeBack(before);
        }
        catch (IOException e)
        {
            next = $"{before.Id} goes on until the service starts again, which then runs {accepted.Id} ({e.Message})";
        }

        return $"{accepted.Id} passed the gate and was not taken over: {why.TrimEnd('.')}. {next}. If it stays so, see 'edge replay verify' for what is wrong with the store, and the system's log for its disk.";
    }
}
