using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>
/// Statistics of the frozen features of everything that was ever labelled, and their file. Every example that was acknowledged and is no anchor is counted once: the file says through which id it counts, what came later is counted
/// again from the replay buffer at start, and the buffer lets nothing go that the file does not count. One stage owns it.
/// </summary>
public sealed class FrozenStatistics(string path)
{
    /// <summary>Examples counted since the file was written, from which on it is written again: a start counts no more than these from the buffer, and a file of several MB is not written for each batch.</summary>
    public const int SaveEvery = 256;

    private readonly StatisticsFile file = new(path);
    private long savedCount;
    private ulong savedThroughId;

    /// <summary>What is counted; null without a frozen branch.</summary>
    public ClassStatistics? Counted { get; private set; }

    /// <summary>Why the file could not be used at start; empty when it could.</summary>
    public string Problem => file.Problem;

    /// <summary>Writes of the file that the disk refused.</summary>
    public long FailureCount { get; private set; }

    /// <summary>Why the latest write failed; empty when it did not. What the file lacks is in the replay buffer meanwhile.</summary>
    public string Failure { get; private set; } = "";

    /// <summary>Takes up the file, or begins anew.</summary>
    /// <param name="bankId">Features that the running snapshot computes; null: it has no frozen branch.</param>
    /// <param name="featureLength">Their number.</param>
    /// <param name="lastExampleId">The newest example of the buffer: a buffer that was begun anew counts from 1 again.</param>
    public void Open(string? bankId, int featureLength, ulong lastExampleId)
    {
        Counted = bankId is null ? null : file.Load(bankId, featureLength) ?? new ClassStatistics(bankId, featureLength);
        if (Counted is null) return;
        (savedCount, savedThroughId) = (Counted.Count, Counted.ThroughExampleId);
        if (Counted.ThroughExampleId <= lastExampleId) return;
        Counted.ThroughExampleId = lastExampleId;
        TrySave(); // Before the new ids grow past the old ones.
        savedThroughId = lastExampleId;
    }

    /// <summary>Counts labelled windows in.</summary>
    /// <param name="windows">Windows of trainable examples, none of them counted before.</param>
    /// <param name="throughId">The newest example that is counted now.</param>
    public void Count(EncodedWindows windows, ulong throughId)
    {
        if (Counted is null) return;
        if (windows.Classes.Count > 0) Counted.Add(windows.Classes, windows.Frozen);
        Counted.ThroughExampleId = Math.Max(Counted.ThroughExampleId, throughId);
        if (Counted.Count - savedCount >= SaveEvery) TrySave();
    }

    /// <summary>Lets everything counted so far weigh less, in the file as well; where the disk refuses, the next write brings it.</summary>
    /// <param name="share">What it weighs from now on, above 0 to 1.</param>
    public void Discount(double share)
    {
        if (Counted is null || share == 1) return;
        Counted.Discount(share);
        savedCount = -1; // No count that a file could have: it is written whatever else has happened.
        TrySave();
    }

    /// <summary>Goes over to other features.</summary>
    public void Replace(ClassStatistics? counted)
    {
        (Counted, savedCount, savedThroughId) = (counted, 0, 0);
        TrySave();
    }

    /// <summary>Sees to it that examples up to this one are counted in the file: they are about to leave the buffer.</summary>
    /// <exception cref="IOException">The disk refused; they must stay.</exception>
    public void SaveThrough(ulong exampleId)
    {
        if (Counted is not null && exampleId > savedThroughId && Counted.ThroughExampleId > savedThroughId) Save();
    }

    /// <summary>Writes the file unless it is as it should be; where the disk refuses, what is not in the file is still in the buffer.</summary>
    public void TrySave()
    {
        if (Counted is null || Counted.Count == savedCount && Counted.ThroughExampleId == savedThroughId) return;
        try
        {
            Save();
        }
        catch (IOException)
        {
            // A full disk: tried again with the next examples.
        }
    }

    private void Save()
    {
        try
        {
            file.Save(Counted!);
        }
        catch (IOException e)
        {
            FailureCount++;
            Failure = e.Message;
            throw;
        }

        Failure = "";
        (savedCount, savedThroughId) = (Counted!.Count, Counted.ThroughExampleId);
    }
}
