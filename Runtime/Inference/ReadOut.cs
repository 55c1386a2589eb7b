using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>
/// The read-out of the running snapshot: the prototypes, and a session of its own to encode labelled windows that the running one has not. One stage owns it. Here is also the place of the frozen
/// branch's ridge statistics: they are counted, stored and published just like the prototypes.
/// </summary>
public sealed class ReadOut(ReadOutSlot slot, InferenceSection settings, string modelFile, SnapshotManifest snapshot) : IDisposable
{
    private Classifier encoder = Classifier.Open(modelFile, snapshot, settings, AnchorExam.BatchSize);

    /// <summary>Prototypes of everything labelled so far, in the running snapshot's embedding.</summary>
    public PrototypeBank Bank { get; private set; } = new(snapshot.Id, snapshot.EmbeddingLength);

    /// <summary>Puts the prototypes back as they were last made durable; those of another snapshot are encoded anew from the buffer.</summary>
    public async Task RestoreAsync(ReplayBuffer buffer)
    {
        var stored = await buffer.PrototypesAsync();
        if (stored is not null && stored.SnapshotId == encoder.Snapshot.Id && stored.EmbeddingLength == encoder.Snapshot.EmbeddingLength)
        {
            Bank = stored;
        }
        else
        {
            Bank = new PrototypeBank(encoder.Snapshot.Id, encoder.Snapshot.EmbeddingLength);
            AnchorExam.Encode(encoder, Bank, AnchorExam.Pairs(Fitting(await buffer.TrainableAsync())));
            await SaveAsync(buffer);
        }

        Publish();
    }

    /// <summary>Counts labelled windows in; <see cref="Publish"/> makes it felt.</summary>
    public void Count(IEnumerable<PendingExample> examples)
    {
        foreach (var example in examples)
        {
            if (example.Window.SnapshotId == encoder.Snapshot.Id)
            {
                Bank.Add(example.Request.Class, example.Window.Embedding);
                continue;
            }

            encoder.Score(example.Window.Samples);
            Bank.Add(example.Request.Class, encoder.EmbeddingOf(0));
        }
    }

    /// <summary>Lets the classifier stage use the prototypes from its next window on.</summary>
    public void Publish() => slot.Publish(encoder.Snapshot.Id, Bank.ToMatrix(encoder.Snapshot.Classes));

    /// <summary>Switches to an accepted snapshot: counts in what was labelled while it was judged, makes its prototypes durable, and hands its session to the classifier stage.</summary>
    public async Task AdoptAsync(Adoption adoption, ReplayBuffer buffer)
    {
        encoder.Dispose();
        encoder = adoption.Encoder;
        Bank = adoption.Bank;
        AnchorExam.Encode(encoder, Bank, AnchorExam.Pairs(Fitting(await buffer.TrainableAsync(Bank.ThroughExampleId))));
        await SaveAsync(buffer);
        slot.Swap(adoption.Running, Bank.ToMatrix(encoder.Snapshot.Classes));
    }

    /// <inheritdoc/>
    public void Dispose() => encoder.Dispose();

    private async Task SaveAsync(ReplayBuffer buffer)
    {
        try
        {
            await buffer.SavePrototypesAsync(Bank);
        }
        catch (IOException)
        {
            // A full disk: the next start encodes the buffer anew, which is what these are.
        }
    }

    private IEnumerable<Example> Fitting(IEnumerable<Example> examples) => examples.Where(e => e.Samples.Length == encoder.Snapshot.Window.ValueCount);
}
