using Edge.Config;
using Edge.Storage;

namespace Edge.Runtime.Learning;

/// <summary>The snapshot a device begins with: a seeded random backbone and no prototypes, so that it says "unknown" until somebody has told it something.</summary>
public static class FirstSnapshot
{
    /// <summary>Makes it in a training child, unless there is a snapshot for such windows already: the running one, or the newest of those that are kept, which runs again then.</summary>
    /// <remarks>On trial, what takes the place of the running one does so for this process only: after a roll back <c>snapshots/current</c> still names the one before.</remarks>
    /// <returns>The running snapshot.</returns>
    /// <exception cref="InvalidOperationException">The child could not make it; the message has its words and the remedy.</exception>
    public static async Task<SnapshotManifest> EnsureAsync(
        SnapshotStore snapshots, RoundFolders folders, DeviceConfig config, WindowShape window, IReadOnlyList<string> channels, TimeProvider time, bool isOnTrial, CancellationToken stopping)
    {
        if (snapshots.Current is { } current && current.Window == window) return current;
        if (Earlier(snapshots, window, isOnTrial) is { } earlier) return earlier;
        var plan = RoundPlans.Initial(config, window, channels);
        var folder = folders.Create(plan, null, null);
        var outcome = await TrainingChild.RunAsync(folder.Path, config.Training, (_, _) => { }, time, stopping);
        if (outcome.Ended is not null)
            throw new InvalidOperationException($"the first snapshot could not be made: {outcome.Ended}. {outcome.Talk}\nRun 'edge doctor' to see what training needs on this machine.");
        var report = folder.ReadReport();
        if (isOnTrial) snapshots.BeginTrying();
        return snapshots.Promote(
            folder.CandidateDirectory,
            new SnapshotManifest
            {
                Id = "candidate",
                CreatedAt = time.GetUtcNow(),
                Classes = plan.Classes,
                Window = window,
                EmbeddingLength = report.EmbeddingLength,
                Round = 0,
            });
    }

    /// <summary>The newest good snapshot for such windows, running again: the window was another for a while, and what was learnt before is there still.</summary>
    private static SnapshotManifest? Earlier(SnapshotStore snapshots, WindowShape window, bool isOnTrial)
    {
        foreach (var kept in snapshots.List().Where(kept => kept.Window == window).OrderByDescending(kept => kept.CreatedAt))
        {
            try
            {
                return isOnTrial ? snapshots.Try(kept.Id) : snapshots.RollBack(kept.Id);
            }
            catch (InvalidDataException)
            {
                // Damaged; the next older one.
            }
        }

        return null;
    }
}
