using Edge.Runtime.Inference;
using Edge.Runtime.Updates.States;
using Edge.Storage;

namespace Edge.Runtime.Updates.Trials;

/// <summary>
/// What the last good snapshot has counted of everything ever labelled, laid aside while a configuration that needs another snapshot is on trial: that one counts other features into the same files, and going back must find the
/// old ones. The folder is named by the last good document, so that what was laid aside for another is never taken for it.
/// </summary>
/// <param name="files">The files that the service works with.</param>
/// <param name="directory">Folder below which they are laid aside.</param>
public sealed class KeptReadOut(ReadOutFiles files, string directory)
{
    private const string Prefix = "read-out-of-";

    private string[] Files => [files.Statistics, files.Choice];

    /// <summary>Lays them aside, durably, unless that was done already.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Keep(DocumentName? good)
    {
        string folder = FolderOf(good);
        if (Directory.Exists(folder)) return;
        Drop();
        string making = folder + ".tmp";
        Directory.CreateDirectory(making);
        foreach (string file in Files.Where(File.Exists)) DurableFile.Copy(file, Path.Combine(making, Path.GetFileName(file)));
        DurableFile.MoveDirectory(making, folder);
    }

    /// <summary>Brings them back, where they were laid aside for that document; what was counted meanwhile is let go.</summary>
    /// <exception cref="IOException">The disk refused; the next start brings them back.</exception>
    public void Restore(DocumentName? good)
    {
        string folder = FolderOf(good);
        if (!Directory.Exists(folder)) return;
        foreach (string file in Files)
        {
            string kept = Path.Combine(folder, Path.GetFileName(file));
            if (!File.Exists(kept))
            {
                File.Delete(file); // There was none: what is there now was counted on trial.
                continue;
            }

            using var from = File.OpenRead(kept);
            DurableFile.Replace(file, from.CopyTo);
        }

        Drop();
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
