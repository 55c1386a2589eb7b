using Edge.Runtime.Inference;
using Edge.Runtime.Updates.States;
using Edge.Storage;

namespace Edge.Runtime.Updates.Trials;

/// <summary>
/// What the anchors chose for the last good snapshot, laid aside while a configuration that needs another snapshot is on trial: a round of that one would write its own choice over it, and going back must find the old one. The folder
/// is named by the last good document, so that what was laid aside for another is never taken for it. The sums of the frozen features need no such care: they are kept by the features that they count (<see cref="StatisticsShelf"/>).
/// </summary>
/// <param name="files">The files that the service works with.</param>
/// <param name="directory">Folder below which they are laid aside.</param>
public sealed class KeptReadOut(ReadOutFiles files, string directory)
{
    private const string Prefix = "read-out-of-";

    /// <summary>Lays it aside, durably, unless that was done already.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Keep(DocumentName? good)
    {
        string folder = FolderOf(good);
        if (Directory.Exists(folder)) return;
        Drop();
        string making = folder + ".tmp";
        Directory.CreateDirectory(making);
        if (File.Exists(files.Choice)) DurableFile.Copy(files.Choice, Path.Combine(making, Path.GetFileName(files.Choice)));
        DurableFile.MoveDirectory(making, folder);
    }

    /// <summary>Brings it back, where it was laid aside for that document, and lets go of all else that lies aside.</summary>
    /// <exception cref="IOException">The disk refused; the next start brings it back.</exception>
    public void Restore(DocumentName? good)
    {
        string folder = FolderOf(good);
        if (Directory.Exists(folder))
        {
            Put(files.Statistics); // Of a trial that an earlier version began.
            if (!Put(files.Choice)) File.Delete(files.Choice); // There was none: what is there now was chosen on trial.
        }

        Drop();

        bool Put(string file)
        {
            string kept = Path.Combine(folder, Path.GetFileName(file));
            if (!File.Exists(kept)) return false;
            using var from = File.OpenRead(kept);
            DurableFile.Replace(file, from.CopyTo);
            return true;
        }
    }

    /// <summary>Lets go of all that was laid aside.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Drop()
    {
        if (!Directory.Exists(directory)) return;
        foreach (string folder in Directory.GetDirectories(directory, Prefix + "*").OrderBy(name => name.EndsWith(".tmp", StringComparison.Ordinal) ? 0 : 1))
        {
            if (folder.EndsWith(".tmp", StringComparison.Ordinal)) Directory.Delete(folder, recursive: true);
            else DurableFile.DeleteDirectory(folder);
        }
    }

    private string FolderOf(DocumentName? good) => Path.Combine(directory, Prefix + (good?.Sha256[..16] ?? "file"));
}
