using System.Globalization;
using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>
/// Statistics of the frozen features of everything that was ever labelled, and their file. Every example that was acknowledged and is no anchor is counted once: the file says through which id it counts, what came later is counted
/// again from the replay buffer at start, and the buffer lets nothing go that the file does not count. The file has several MB, so it is written when something is about to leave and at a clean stop, and not in between. One stage owns it.
/// </summary>
public sealed class FrozenStatistics(string path)
{
    private readonly StatisticsFile file = new(path);
    private readonly string before = path + ".before"; // What the file held before it was last written: it takes the file's place where that is damaged.
    private ClassNames names = ClassNames.Same;
    private long savedCount, writtenBytes;
    private ulong savedThroughId;
    private bool lacksSettled; // The file does not count examples that have had their round, so any of them may leave at any time.

    /// <summary>What is counted; null without a frozen branch.</summary>
    public ClassStatistics? Counted { get; private set; }

    /// <summary>Why there were no sums of the features that are computed, and what is used instead; empty when there were.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>Identity of what a bank computes from windows of that sampling rate, Hz.</summary>
    public static string FeaturesOf(string bankName, double sampleRateHz) => string.Create(CultureInfo.InvariantCulture, $"{bankName}, sampled at {sampleRateHz} Hz");

    /// <summary>Writes of the file that the disk refused.</summary>
    public long FailureCount { get; private set; }

    /// <summary>Bytes of the file that were written since the start; safe from any thread.</summary>
    public long WrittenBytes => Interlocked.Read(ref writtenBytes);

    /// <summary>Why the latest write failed; empty when it did not. What the file lacks is in the replay buffer meanwhile.</summary>
    public string Failure { get; private set; } = "";

    /// <summary>Takes up the file, or begins anew.</summary>
    /// <param name="bankId">Features that the running snapshot computes; null: it has no frozen branch.</param>
    /// <param name="featureLength">Their number.</param>
    /// <param name="lastExampleId">The newest example of the buffer: a buffer that was begun anew counts from 1 again.</param>
    /// <param name="called">What classes are called in the file and now; null: the same.</param>
    public void Open(string? bankId, int featureLength, ulong lastExampleId, ClassNames? called = null)
    {
        names = called ?? ClassNames.Same;
        Counted = bankId is null ? null : (file.Load(bankId, featureLength) ?? Before(bankId, featureLength)).Under(names);
        if (Counted is null) return;
        (savedCount, savedThroughId) = (Counted.Count, Counted.ThroughExampleId);
        if (Counted.ThroughExampleId <= lastExampleId) return;
        Counted.ThroughExampleId = lastExampleId;
        TrySave(); // Before the new ids grow past the old ones.
        (savedThroughId, lacksSettled) = (lastExampleId, Failure.Length > 0);
    }

    /// <summary>Counts at start what the buffer holds and the file does not count. Where examples that have had their round are among these (the file was damaged or missing), it is written at once: they leave without further notice.</summary>
    /// <param name="windows">Windows of trainable examples that came after what the file counts.</param>
    /// <param name="throughId">The newest example of the buffer.</param>
    /// <param name="settledThroughId">The newest that has had its round.</param>
    public void CatchUp(EncodedWindows windows, ulong throughId, ulong settledThroughId)
    {
        if (Counted is null) return;
        lacksSettled |= windows.Classes.Count > 0 && settledThroughId > savedThroughId;
        Count(windows, throughId);
        if (lacksSettled) TrySave();
    }

    /// <summary>Counts labelled windows in.</summary>
    /// <param name="windows">Windows of trainable examples, none of them counted before.</param>
    /// <param name="throughId">The newest example that is counted now.</param>
    public void Count(EncodedWindows windows, ulong throughId)
    {
        if (Counted is null) return;
        windows.CountInto(Counted);
        Counted.ThroughExampleId = Math.Max(Counted.ThroughExampleId, throughId);
        if (Failure.Length > 0) TrySave(); // The disk has refused it; whether it still does is worth a try with each batch.
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

    /// <summary>Writes the sampling rate into a file of an earlier version, which did not say it: that of the newest window that it counts.</summary>
    /// <param name="bankName">What computes the features now.</param>
    /// <param name="rateOf">Sampling rate of the windows of the time in which an example was labelled, Hz.</param>
    /// <exception cref="IOException">The disk refused; the file is as before.</exception>
    public void NoteRate(string bankName, Func<ulong, double> rateOf)
    {
        if (file.Head is { } head && head.FeatureBankId == bankName) file.Rename(FeaturesOf(bankName, rateOf(head.ThroughExampleId)));
    }

    /// <summary>Goes over to other features. What was counted of the present ones is laid aside, and where sums of the others lie aside, they go on and what the buffer holds beyond them is counted in.</summary>
    /// <param name="anew">What the buffer holds, counted in the other features under the same names; null: there is no frozen branch any more.</param>
    /// <param name="held">The same examples, encoded.</param>
    /// <param name="ids">[n] their ids, ascending.</param>
    public void Replace(ClassStatistics? anew, EncodedWindows held, IReadOnlyList<ulong> ids)
    {
        TrySave();
        (Counted, savedCount, savedThroughId, lacksSettled) = (anew, 0, 0, true);
        if (anew is null) return;
        if (TakeUp(anew) is { } earlier)
        {
            (Counted, savedCount, savedThroughId) = (earlier, earlier.Count, earlier.ThroughExampleId);
            held.From(ids.Count(id => id <= earlier.ThroughExampleId)).CountInto(earlier);
            earlier.ThroughExampleId = Math.Max(earlier.ThroughExampleId, anew.ThroughExampleId);
        }

        TrySave();
    }

    /// <summary>Sees to it that examples up to this one are counted in the file: they are about to leave the buffer.</summary>
    /// <exception cref="IOException">The disk refused; they must stay.</exception>
    public void SaveThrough(ulong exampleId)
    {
        if (Counted is not null && (lacksSettled || exampleId > savedThroughId && Counted.ThroughExampleId > savedThroughId)) Save();
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

    private ClassStatistics Before(string bankId, int featureLength)
    {
        Problem = file.Problem;
        var earlier = Problem.Length > 0 ? new StatisticsFile(before).Look(bankId, featureLength) : null;
        if (earlier is not null) Problem += $" What was written before it goes on: {earlier.Count} examples.";
        return earlier ?? new ClassStatistics(bankId, featureLength);
    }

    private ClassStatistics? TakeUp(ClassStatistics anew)
    {
        try
        {
            return file.Load(anew.FeatureBankId, anew.FeatureLength)?.Under(names);
        }
        catch (IOException e)
        {
            (FailureCount, Failure) = (FailureCount + 1, e.Message);
            return null; // What was counted of the others stays where it is; the next write lays the present file aside.
        }
    }

    private void Save()
    {
        try
        {
            if (Failure.Length == 0) DurableFile.KeepAs(path, before); // After a refusal it is kept already.
            file.Save(Counted!);
            Interlocked.Add(ref writtenBytes, new FileInfo(path).Length);
        }
        catch (IOException e)
        {
            FailureCount++;
            Failure = e.Message;
            throw;
        }

        (Failure, lacksSettled) = ("", false);
        (savedCount, savedThroughId) = (Counted!.Count, Counted.ThroughExampleId);
    }
}
