using System.Text.Json;
using Edge.Storage;
using Edge.Trainer.Rounds;

namespace Edge.Runtime.Learning;

/// <summary>
/// The folders of training rounds under the data directory: made by the service, worked in by the child, kept for a post-mortem, pruned by count and bytes. A folder appears and goes by rename, so it is there whole or not at all.
/// </summary>
/// <param name="directory">Where they are.</param>
/// <param name="keepCount">Folders kept.</param>
/// <param name="keepBytes">Most bytes of all that are kept; the newest stays whatever it takes, unless <paramref name="keepCount"/> is 0.</param>
/// <param name="names">What classes are called in plans and now; null: the same.</param>
public sealed class RoundFolders(string directory, int keepCount, long keepBytes = long.MaxValue, ClassNames? names = null)
{
    private const string Unfinished = ".tmp";
    private long writtenBytes;

    /// <summary>Bytes of the folders written here since the start, without what the child adds; safe from any thread.</summary>
    public long WrittenBytes => Interlocked.Read(ref writtenBytes);

    /// <summary>Writes the folder of a round: the plan, the samples, the parent's checkpoint and the anchors that training may look at.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public RoundFolder Create(RoundPlan plan, ReplayDraw? draw, string? parentCheckpoint, IReadOnlyList<Example>? anchors = null)
    {
        DurableFile.CreateDirectory(directory);
        string path = PathOf(plan.Round);
        if (Directory.Exists(path))
        {
            // A child of a service that was killed may still be at work here; it notices within a second.
            using (RoundLock.Take(path)) DurableFile.DeleteDirectory(path);
        }

        RemoveUnfinished();
        string unfinished = path + Unfinished;
        try
        {
            Directory.CreateDirectory(unfinished);
            var folder = new RoundFolder(unfinished);
            if (draw is not null) DurableFile.Replace(folder.SamplesFile, file => RoundSamples.Write(file, plan.Window, Samples(plan, draw)));
            if (anchors is { Count: > 0 }) DurableFile.Replace(folder.AnchorsFile, file => RoundSamples.Write(file, plan.Window, Samples(plan, new ReplayDraw([], anchors, 0))));
            if (parentCheckpoint is not null) DurableFile.Copy(parentCheckpoint, folder.ParentCheckpointFile);
            DurableFile.Replace(folder.PlanFile, JsonSerializer.SerializeToUtf8Bytes(plan, RoundFolder.Json));
            Interlocked.Add(ref writtenBytes, new DirectoryInfo(unfinished).EnumerateFiles().Sum(file => file.Length));
            DurableFile.MoveDirectory(unfinished, path);
        }
        catch
        {
            if (Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true); // On a full disk it would take the room that is missing.
            throw;
        }

        return new RoundFolder(path);
    }

    /// <summary>Number of the next round: one more than any that left a trace.</summary>
    public int NextRound(IEnumerable<SnapshotManifest> snapshots) => snapshots.Select(s => s.Round).Concat(Numbers()).DefaultIfEmpty(0).Max() + 1;

    /// <summary>Deletes the oldest folders beyond the number and the bytes kept.</summary>
    public void Prune()
    {
        RemoveUnfinished();
        long bytes = 0;
        int count = 0;
        foreach (int number in Numbers().OrderDescending())
        {
            bytes += new DirectoryInfo(PathOf(number)).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
            if (++count > keepCount || (bytes > keepBytes && count > 1)) DurableFile.DeleteDirectory(PathOf(number));
        }
    }

    /// <summary>Deletes the examples in every round's folder and all that is unfinished: they may be of a class that is to be forgotten. What else is there stays for a post-mortem.</summary>
    /// <returns>Folders that held examples.</returns>
    public int ForgetSamples()
    {
        RemoveUnfinished();
        int count = 0;
        foreach (var folder in Numbers().Select(number => new RoundFolder(PathOf(number))))
        {
            if (File.Exists(folder.SamplesFile) || File.Exists(folder.AnchorsFile) || File.Exists(folder.ParityFile)) count++;
            foreach (string file in new[] { folder.SamplesFile, folder.AnchorsFile, folder.ProgressFile, folder.ParityFile }.Where(File.Exists)) File.Delete(file);
            foreach (string unfinished in Directory.GetDirectories(folder.Path, "*" + Unfinished)) Directory.Delete(unfinished, recursive: true); // A candidate of a killed child, with the cases of its parity check.
            foreach (string unfinished in Directory.GetFiles(folder.Path, "*" + Unfinished)) File.Delete(unfinished);
            DurableFile.SyncDirectory(folder.Path);
        }

        return count;
    }

    private void RemoveUnfinished()
    {
        if (!Directory.Exists(directory)) return;
        foreach (string left in Directory.GetDirectories(directory, "*" + Unfinished)) Directory.Delete(left, recursive: true);
    }

    private List<RoundSample> Samples(RoundPlan plan, ReplayDraw draw)
    {
        var indices = (names ?? ClassNames.Same).FromStored(plan.Classes).Select((name, index) => (name, index)).ToDictionary(c => c.name, c => c.index, StringComparer.Ordinal);
        // A class that left the configuration is still in the buffer; it is not trained.
        return [.. draw.Fresh.Select(e => (Example: e, IsFresh: true)).Concat(draw.Replay.Select(e => (Example: e, IsFresh: false)))
            .Where(s => indices.ContainsKey(s.Example.Class) && s.Example.Samples.Length == plan.Window.ValueCount)
            .Select(s => new RoundSample(indices[s.Example.Class], s.IsFresh, s.Example.Samples))];
    }

    private IEnumerable<int> Numbers() => Directory.Exists(directory)
        ? Directory.GetDirectories(directory).Select(path => int.TryParse(Path.GetFileName(path), out int number) ? number : 0).Where(number => number > 0)
        : [];

    private string PathOf(int round) => Path.Combine(directory, $"{round:D6}");
}
