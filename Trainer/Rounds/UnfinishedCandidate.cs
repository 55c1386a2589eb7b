using Edge.Storage;

namespace Edge.Trainer.Rounds;

/// <summary>The folder <c>candidate.tmp</c> beside the candidate's place: files are written there and forced to the medium, then the folder's names are forced to it too, and it is renamed. What a killed run left there is removed.</summary>
internal sealed class UnfinishedCandidate
{
    private readonly RoundFolder folder;
    private readonly string directory;

    public UnfinishedCandidate(RoundFolder folder)
    {
        (this.folder, directory) = (folder, folder.CandidateDirectory + ".tmp");
        if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
    }

    /// <summary>Writes a file under the name that it has in the candidate.</summary>
    public void Write(string finalFile, byte[] bytes)
    {
        Directory.CreateDirectory(directory);
        using var stream = new FileStream(Path.Combine(directory, Path.GetFileName(finalFile)), FileMode.CreateNew, FileAccess.Write);
        stream.Write(bytes);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Puts the folder in the candidate's place, so that after a power cut it is there whole or not at all.</summary>
    public void Complete() => DurableFile.MoveDirectory(directory, folder.CandidateDirectory);
}
