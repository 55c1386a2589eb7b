using Edge.Config;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Inference;

/// <summary>The read-out that the service would start with, put together from what it has stored; nothing is written. For verbs that look at a device from outside.</summary>
public static class StoredReadOut
{
    /// <summary>Solves it.</summary>
    /// <param name="classifier">A session of the snapshot, with the classes that the configuration knows.</param>
    /// <param name="buffer">The replay buffer, or a copy of it.</param>
    /// <param name="files">Statistics, and what the anchors chose.</param>
    /// <param name="wanted">The read-out that the configuration wants.</param>
    /// <param name="shapes">Which windows the examples are; null: only their number of values is looked at.</param>
    /// <param name="unknownFalseAlarmPercent"><c>inference.unknownFalseAlarmPercent</c>: novelty is calibrated on the anchors as the service would at its start; 0: it is not.</param>
    /// <param name="copies">What else the service counts of an example that its file of statistics does not count yet; null: nothing.</param>
    public static async Task<ReadOutWeights> ReadAsync(Classifier classifier, ReplayBuffer buffer, ReadOutFiles files, ReadOutSection wanted, ShapeHistory? shapes = null, double unknownFalseAlarmPercent = 0, WindowCopies? copies = null)
    {
        var snapshot = classifier.Snapshot;
        string kind = classifier.TakesVotes ? wanted.Kind : "prototypes";
        bool hasFrozen = classifier.FrozenLength > 0;
        var blend = new BlendFile(files.Choice).Load(snapshot.Id) is { } chosen && chosen.IsAllowedBy(kind, hasFrozen) ? chosen : ReadOutBlend.Before(kind, hasFrozen);
        var trainable = (await buffer.TrainableAsync()).Where(Fits).ToList();
        var windows = AnchorExam.Encode(classifier, AnchorExam.Pairs(trainable));

        var bank = await buffer.PrototypesAsync() is { } stored && stored.SnapshotId == snapshot.Id && stored.EmbeddingLength == snapshot.EmbeddingLength ? stored : BankOf(windows, snapshot);
        var learned = new ClassStatistics(snapshot.Id, snapshot.EmbeddingLength);
        if (windows.Classes.Count > 0) learned.Add(windows.Classes, windows.Embeddings);
        var frozen = FrozenOf(classifier, files, trainable, windows, buffer.Names, copies);
        var remembered = new RememberedFeatures(wanted.FrozenSeed);
        remembered.Offer(windows);

        var ridge = kind == "prototypes" ? null : BranchReadOuts.Ridge(frozen, snapshot.Classes);
        var prototypes = bank.ToMatrix(snapshot.Classes);
        var weights = new BranchReadOuts(
            snapshot.Classes,
            prototypes,
            kind is "prototypes" or "frozenRidge" ? null : BranchReadOuts.Ridge(learned, snapshot.Classes),
            ridge,
            kind == "prototypes" ? null : BranchReadOuts.NearnessOf(frozen, snapshot.Classes, ridge, remembered.Features, remembered.Classes),
            classifier.FrozenLength).Compose(blend);
        if (unknownFalseAlarmPercent <= 0) return weights;
        var anchors = AnchorExam.Encode(classifier, AnchorExam.Pairs((await buffer.AnchorsAsync()).Where(Fits)));
        return weights with { Calibration = NoveltyExam.Of(anchors, prototypes, frozen, snapshot.Classes, unknownFalseAlarmPercent) };

        bool Fits(Example e) => shapes?.Fits(e, snapshot.Window) ?? e.Samples.Length == snapshot.Window.ValueCount;
    }

    private static PrototypeBank BankOf(EncodedWindows windows, SnapshotManifest snapshot)
    {
        var bank = new PrototypeBank(snapshot.Id, snapshot.EmbeddingLength);
        for (int i = 0; i < windows.Classes.Count; i++) bank.Add(windows.Classes[i], windows.EmbeddingOf(i));
        return bank;
    }

    private static ClassStatistics? FrozenOf(Classifier classifier, ReadOutFiles files, List<Example> trainable, EncodedWindows windows, ClassNames names, WindowCopies? copies)
    {
        if (classifier.FrozenBankId is not { } bankId) return null;
        var counted = (new StatisticsFile(files.Statistics).Look(bankId, classifier.FrozenLength) ?? new ClassStatistics(bankId, classifier.FrozenLength)).Under(names);
        int known = trainable.Count(e => e.Id <= counted.ThroughExampleId); // In the order of ids.
        var rest = windows.From(known);
        AnchorExam.EncodeCopies(classifier, rest, trainable.Skip(known), copies);
        rest.CountInto(counted);
        return counted;
    }
}
