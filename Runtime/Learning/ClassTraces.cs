using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Learning;

/// <summary>
/// What the data directory holds of a class outside the replay store: sums of its features wherever they lie (in use, of other windows, laid aside for a trial, put aside as damaged), how well it was remembered, samples in the
/// folders of rounds, and windows of it among those that the drift watch compares with. To be used while no service runs.
/// </summary>
/// <param name="data">The directory.</param>
/// <param name="rounds">Its training rounds.</param>
/// <param name="names">What classes are called there and now; null: the same.</param>
public sealed class ClassTraces(DataDirectory data, RoundFolders rounds, ClassNames? names = null)
{
    private const string Unfinished = ".tmp", Damaged = ".bad";

    /// <summary>Takes the class out of all of it. What cannot be told apart by class is deleted as a whole, and so is what a crash left unfinished; whoever needs it makes it anew. It may be called again after a crash.</summary>
    /// <param name="className">The class, by its name now or an earlier one; what lies under either goes.</param>
    /// <exception cref="IOException">The disk refused, or the statistics in use are damaged, so that nobody can take the class out of them; what is left is as before.</exception>
    public ForgottenTraces Forget(string className)
    {
        int roundFolders = rounds.ForgetSamples();
        bool inDriftReference = File.Exists(data.DriftReference);
        foreach (string file in Directory.GetFiles(data.Path, "*" + Unfinished).Append(data.DriftReference).Append(data.Forgetting + Damaged)) File.Delete(file);
        DurableFile.SyncDirectory(data.Path);
        bool inMemory = Files(Path.GetFileName(data.Forgetting)).Aggregate(false, (was, file) => new MemoryRecord(file, names).Forget(className) | was);
        bool inStatistics = Files(Path.GetFileNameWithoutExtension(data.ReadOut.Statistics) + "*").Aggregate(false, (was, file) => TakeOut(file, className) | was);
        return new ForgottenTraces(inStatistics, inMemory, inDriftReference, roundFolders);
    }

    private bool TakeOut(string file, string className)
    {
        // Of the statistics that are in use somebody should hear that they are damaged; others are of no more use to anybody then.
        bool isWorthless = file != data.ReadOut.Statistics
            && (file.EndsWith(Damaged, StringComparison.Ordinal) || Path.GetDirectoryName(file)!.EndsWith(Unfinished, StringComparison.Ordinal) || new StatisticsFile(file).Flaw() is not null);
        if (!isWorthless) return (names ?? ClassNames.Same).AllStored(className).Aggregate(false, (was, stored) => new StatisticsFile(file).Forget(stored) | was);
        File.Delete(file);
        return false;
    }

    /// <summary>Files of a name in the directory, and below it where a trial laid them aside.</summary>
    private string[] Files(string pattern) => [.. new[] { data.Path, data.Config }.Where(Directory.Exists).SelectMany(folder => Directory.GetFiles(folder, pattern, folder == data.Path ? SearchOption.TopDirectoryOnly : SearchOption.AllDirectories))];
}

/// <summary>Where a class that is forgotten had left traces.</summary>
/// <param name="InStatistics">Whether sums of its features were there.</param>
/// <param name="InMemory">Whether its best accuracy was there.</param>
/// <param name="InDriftReference">Whether there was a reference of the drift watch, which may have held windows of it.</param>
/// <param name="RoundFolderCount">Folders of rounds that held samples.</param>
public sealed record ForgottenTraces(bool InStatistics, bool InMemory, bool InDriftReference, int RoundFolderCount);
