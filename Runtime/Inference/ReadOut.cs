using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Trainer.ReadOuts;

namespace Edge.Runtime.Inference;

/// <summary>Where a read-out keeps what survives a reboot.</summary>
/// <param name="Statistics">File of the frozen features' statistics.</param>
/// <param name="Choice">File of what was last chosen on the anchor set.</param>
public sealed record ReadOutFiles(string Statistics, string Choice);

/// <summary>
/// The read-out of the running snapshot: prototypes and ridge on its embedding, exact ridge on its frozen features, and which of them vote. It has a session of its own to encode labelled windows. One stage owns it; everyone
/// else sees what it publishes in the slot.
/// </summary>
public sealed class ReadOut(ReadOutSlot slot, InferenceSection settings, ReadOutSection wanted, ReadOutFiles files, string modelFile, SnapshotManifest snapshot, ProviderChain? providers = null, ShapeHistory? shapes = null, WindowCopies? copies = null) : IDisposable
{
    private readonly FrozenStatistics frozen = new(files.Statistics);
    private readonly BlendFile blendFile = new(files.Choice);
    private Classifier encoder = (providers ?? new ProviderChain(settings)).Open(new GraphFile(modelFile), snapshot, AnchorExam.BatchSize);
    private ClassStatistics learned = new(snapshot.Id, snapshot.EmbeddingLength);
    private ReadOutBlend blend = ReadOutBlend.OfPrototypes;
    private EncodedWindows taken = new(0, 0);
    private readonly RememberedFeatures remembered = new(wanted.FrozenSeed);
    private RidgeSolver? spent;
    private NoveltyCalibration? calibration;
    private bool isCalibratedAsRun; // In the numbers of the running session, which nobody else has.

    /// <summary>Prototypes of everything labelled so far, in the running snapshot's embedding.</summary>
    public PrototypeBank Bank { get; private set; } = new(snapshot.Id, snapshot.EmbeddingLength);

    /// <summary>Statistics of the frozen features of everything labelled so far; null without a frozen branch.</summary>
    public ClassStatistics? FrozenCounted => frozen.Counted;

    /// <summary>Examples found at start that are windows of another shape: they are kept, and nothing is learnt from them.</summary>
    public int OtherShapeCount { get; private set; }

    /// <summary>Why the statistics that were stored could not be used and what the buffer holds was counted instead; empty when they could.</summary>
    public string StatisticsProblem => frozen.Problem;

    /// <summary>Why what the anchors had chosen could not be read; empty when it could.</summary>
    public string ChoiceProblem => blendFile.Problem;

    /// <summary>Writes of the statistics that the disk refused since the start.</summary>
    public long StatisticsFailureCount => frozen.FailureCount;

    /// <summary>Bytes of the statistics that were written since the start; safe from any thread.</summary>
    public long StatisticsWrittenBytes => frozen.WrittenBytes;

    /// <summary>Why the latest write of the statistics failed; empty when it did not.</summary>
    public string StatisticsFailure => frozen.Failure;

    /// <summary>
    /// Puts everything back as it was last made durable. Prototypes of another snapshot, and what is only kept in memory, come from the buffer; so does what the file of the statistics does not count yet.
    /// Only then does the buffer let go what no longer fits into it.
    /// </summary>
    public async Task RestoreAsync(ReplayBuffer buffer)
    {
        if (encoder.FrozenBankName is { } bank) frozen.NoteRate(bank, id => (shapes?.WindowAt(id) ?? encoder.Snapshot.Window).SampleRateHz);
        frozen.Open(encoder.FrozenBankId, encoder.FrozenLength, buffer.Counts.AcknowledgedCount, buffer.Names);
        blend = blendFile.Load(encoder.Snapshot.Id) is { } chosen && chosen.IsAllowedBy(Kind, encoder.FrozenLength > 0) ? chosen : ReadOutBlend.Before(Kind, encoder.FrozenLength > 0);
        blendFile.PutAside();
        learned = new ClassStatistics(encoder.Snapshot.Id, encoder.Snapshot.EmbeddingLength);
        await RestorePrototypesAsync(buffer);

        var held = await buffer.TrainableAsync();
        var trainable = Fitting(held, encoder).ToList();
        OtherShapeCount = held.Count - trainable.Count;
        var windows = AnchorExam.Encode(encoder, AnchorExam.Pairs(trainable));
        Learn(windows);
        remembered.Clear();
        remembered.Offer(windows);
        if (frozen.Counted is { } counted)
        {
            int known = trainable.Count(e => e.Id <= counted.ThroughExampleId); // In the order of ids.
            var later = windows.From(known);
            AnchorExam.EncodeCopies(encoder, later, trainable.Skip(known), copies);
            frozen.CatchUp(later, buffer.Counts.AcknowledgedCount, buffer.Counts.SettledThroughId);
        }

        await FitAsync(buffer);
        await CalibrateAsync(buffer);
        Publish();
    }

    /// <summary>Encodes labelled windows and counts them into the prototypes, which the buffer makes durable together with the examples. None of them may be held out.</summary>
    public void Take(IEnumerable<PendingExample> examples)
    {
        taken = new EncodedWindows(encoder.Snapshot.EmbeddingLength, encoder.FrozenLength);
        var pending = examples.ToList();
        // Without a frozen branch the running session has already computed all that is needed, unless in fewer bits than prototypes are summed up from.
        bool isEncoded = encoder.FrozenLength == 0 && settings.Precision == "float32";
        var others = AnchorExam.Encode(encoder, pending.Where(e => !IsKnown(e)).Select(e => ((ReadOnlyMemory<float>)e.Window.Samples, e.Request.Class)));
        int next = 0;
        foreach (var example in pending)
        {
            if (IsKnown(example)) taken.Add(example.Request.Class, example.Window.Embedding, []);
            else taken.Add(example.Request.Class, others.EmbeddingOf(next), others.FrozenOf(next++));
            Bank.Add(example.Request.Class, taken.EmbeddingOf(taken.Classes.Count - 1));
        }

        AnchorExam.EncodeCopies(encoder, taken, pending.Select(e => (e.Window.Id, (ReadOnlyMemory<float>)e.Window.Samples)), copies);

        bool IsKnown(PendingExample example) => isEncoded && example.Window.SnapshotId == encoder.Snapshot.Id;
    }

    /// <summary>Makes the statistics durable as far as the buffer would let examples go if it were offered as many more; those that have had their round are counted in the file already, or it is written now.</summary>
    /// <exception cref="IOException">The disk refused; nothing may be offered.</exception>
    public async Task MakeRoomAsync(ReplayBuffer buffer, int offeredCount) => frozen.SaveThrough(await buffer.LeavingThroughAsync(offeredCount));

    /// <summary>The buffer has made durable what was taken: it counts.</summary>
    /// <param name="stored">The whole batch with the ids that the buffer gave.</param>
    /// <param name="isHeldOut">Whether an example is held out.</param>
    public void Keep(IReadOnlyList<Example> stored, Func<Example, bool> isHeldOut)
    {
        Learn(taken);
        remembered.Offer(taken);
        frozen.Count(taken, stored.Count > 0 ? stored[^1].Id : 0);
        // More came at once than may wait for a round: some are gone already.
        if (stored.Any(e => e.Role == ExampleRole.None && !isHeldOut(e))) frozen.TrySave();
    }

    /// <summary>The buffer has refused what was taken: prototypes are again as they were last stored.</summary>
    public async Task ForgetTakenAsync(ReplayBuffer buffer)
    {
        await RestorePrototypesAsync(buffer);
        Publish();
    }

    /// <summary>Solves the read-out for what is counted now, and lets the classifier stage use it from its next window on.</summary>
    public void Publish() => slot.Publish(encoder.Snapshot.Id, Solve());

    /// <summary>
    /// Switches to an accepted snapshot: counts in what was labelled while it was judged, makes its prototypes durable, and hands its session to the classifier stage. All or nothing: what can be refused is read before anything
    /// is changed, and what is written afterwards can also be made anew.
    /// </summary>
    /// <exception cref="IOException">The buffer cannot be read; everything is as before, and the adoption, unchanged, still belongs to the caller.</exception>
    public async Task AdoptAsync(Adoption adoption, ReplayBuffer buffer)
    {
        var next = adoption.Encoder;
        bool isOtherBank = next.FrozenBankId != frozen.Counted?.FeatureBankId;
        var lateExamples = Fitting(await buffer.TrainableAsync(adoption.Bank.ThroughExampleId), next).ToList();
        var late = Encode(next, lateExamples);
        var trainable = isOtherBank ? Fitting(await buffer.TrainableAsync(), next).ToList() : null;
        var held = trainable is null ? null : AnchorExam.Encode(next, AnchorExam.Pairs(trainable));
        if (held is not null)
        {
            AnchorExam.EncodeCopies(next, late, lateExamples, copies);
            AnchorExam.EncodeCopies(next, held, trainable!, copies);
        }

        bool asRun = SeesOtherwise(adoption.Running);
        var anchors = await AnchorsAsync(asRun ? adoption.Running : next, buffer);

        encoder.Dispose();
        (encoder, Bank, learned, blend) = (next, adoption.Bank, adoption.Learned, adoption.Blend);
        for (int i = 0; i < late.Classes.Count; i++) Bank.Add(late.Classes[i], late.EmbeddingOf(i));
        Learn(late);
        if (held is not null)
        {
            if (encoder.FrozenBankId is not null) late.CountInto(adoption.Frozen!);
            if (adoption.Frozen is { } anew) anew.ThroughExampleId = buffer.Counts.AcknowledgedCount;
            frozen.Replace(adoption.Frozen, held, [.. trainable!.Select(e => e.Id)]);
            remembered.Clear();
            remembered.Offer(held);
        }

        await SavePrototypesAsync(buffer);
        blendFile.TrySave(encoder.Snapshot.Id, blend);
        Calibrate(anchors, asRun);
        slot.Swap(adoption.Running, Solve());
    }

    /// <summary>Runs another session of the running snapshot, of the same weights in the same or other numbers; closes it where another snapshot runs by now.</summary>
    /// <exception cref="IOException">The buffer cannot be read; everything is as before, and the session still belongs to the caller.</exception>
    public async Task RunAsync(Classifier running, ReplayBuffer buffer)
    {
        if (running.Snapshot.Id != encoder.Snapshot.Id)
        {
            running.Dispose();
            return;
        }

        bool asRun = SeesOtherwise(running);
        if (asRun || isCalibratedAsRun) Calibrate(await AnchorsAsync(asRun ? running : encoder, buffer), asRun);
        slot.Swap(running, Solve());
    }

    /// <summary>A round is over: what the anchors chose for the running snapshot is taken up, and the buffer lets go what only waited for the round, once the statistics that count it are durable.</summary>
    /// <exception cref="IOException">The disk refused; the examples go on waiting.</exception>
    public async Task SettleAsync(Settlement settlement, ReplayBuffer buffer)
    {
        if (settlement.Blend is { } chosen && settlement.SnapshotId == encoder.Snapshot.Id && chosen != blend)
        {
            blend = chosen;
            blendFile.TrySave(encoder.Snapshot.Id, blend);
        }

        if (settlement.SnapshotId == encoder.Snapshot.Id)
        {
            if (!isCalibratedAsRun) await CalibrateAsync(buffer); // Another one was calibrated when it was adopted.
            Publish();
        }

        frozen.SaveThrough(settlement.ThroughId);
        await buffer.SettleAsync(settlement.ThroughId);
    }

    /// <summary>The buffer keeps as much as these options say from now on, and lets the rest go once the statistics count it durably.</summary>
    /// <exception cref="IOException">The buffer cannot be read; it keeps as much as before.</exception>
    public async Task ResizeAsync(ReplayBufferOptions capacities, ReplayBuffer buffer)
    {
        await buffer.ResizeAsync(capacities);
        await FitAsync(buffer);
    }

    /// <summary>Lets what was counted of the frozen features weigh less, and solves anew.</summary>
    /// <param name="share">What it weighs from now on, above 0 to 1.</param>
    public void Discount(double share)
    {
        frozen.Discount(share);
        Publish();
    }

    /// <summary>Makes durable what is not yet, as far as the disk allows.</summary>
    public void Save() => frozen.TrySave();

    /// <inheritdoc/>
    public void Dispose() => encoder.Dispose();

    /// <summary>Lets the buffer shrink to capacities that have become smaller, once the statistics count durably what goes.</summary>
    private async Task FitAsync(ReplayBuffer buffer)
    {
        try
        {
            await MakeRoomAsync(buffer, 0);
            await buffer.TrimAsync();
        }
        catch (IOException)
        {
            // A full disk: it goes on with what it holds, and makes room with the next examples.
        }
    }

    private string Kind => encoder.TakesVotes ? wanted.Kind : "prototypes";

    /// <summary>Novelty is calibrated anew with every round and at start, on the anchors that there are; until the next time the score and the threshold stay, so that what is stated holds.</summary>
    private async Task CalibrateAsync(ReplayBuffer buffer) => Calibrate(await AnchorsAsync(encoder, buffer), asRun: false);

    /// <summary>Whether the distances that a session computes are not the encoder's: its embeddings come out of fewer bits, and no frozen features, which never do, stand for them. Then the session itself sees the anchors, before it runs.</summary>
    private static bool SeesOtherwise(Classifier running) => running.FrozenLength == 0 && running.Precision != "float32";

    private void Calibrate(EncodedWindows? anchors, bool asRun)
    {
        isCalibratedAsRun = asRun;
        if (anchors is not null) calibration = NoveltyExam.Of(anchors, Bank.ToMatrix(encoder.Snapshot.Classes), frozen.Counted, encoder.Snapshot.Classes, settings.UnknownFalseAlarmPercent);
    }

    /// <summary>The anchors, encoded; null where novelty is not calibrated.</summary>
    private async Task<EncodedWindows?> AnchorsAsync(Classifier session, ReplayBuffer buffer) => settings.UnknownFalseAlarmPercent > 0 ? Encode(session, await buffer.AnchorsAsync()) : null;

    private PublishedReadOut Solve()
    {
        var classes = encoder.Snapshot.Classes;
        var ridge = Kind == "prototypes" ? null : BranchReadOuts.Ridge(frozen.Counted, classes, ref spent);
        var branches = new BranchReadOuts(
            classes,
            Bank.ToMatrix(classes),
            Kind is "prototypes" or "frozenRidge" ? null : BranchReadOuts.Ridge(learned, classes),
            ridge,
            Kind == "prototypes" ? null : BranchReadOuts.NearnessOf(frozen.Counted, classes, ridge, remembered.Features, remembered.Classes),
            encoder.FrozenLength);
        return new PublishedReadOut(branches.Compose(blend) with { Calibration = calibration }, branches, blend, encoder.FrozenBankId);
    }

    private void Learn(EncodedWindows windows)
    {
        if (windows.Classes.Count > 0) learned.Add(windows.Classes, windows.Embeddings);
    }

    private async Task RestorePrototypesAsync(ReplayBuffer buffer)
    {
        var stored = await buffer.PrototypesAsync();
        if (stored is not null && stored.SnapshotId == encoder.Snapshot.Id && stored.EmbeddingLength == encoder.Snapshot.EmbeddingLength)
        {
            Bank = stored;
            return;
        }

        Bank = new PrototypeBank(encoder.Snapshot.Id, encoder.Snapshot.EmbeddingLength, buffer.Names);
        var windows = AnchorExam.Encode(encoder, AnchorExam.Pairs(Fitting(await buffer.TrainableAsync(), encoder)), withFrozen: false);
        for (int i = 0; i < windows.Classes.Count; i++) Bank.Add(windows.Classes[i], windows.EmbeddingOf(i));
        await SavePrototypesAsync(buffer);
    }

    private async Task SavePrototypesAsync(ReplayBuffer buffer)
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

    private EncodedWindows Encode(Classifier session, IEnumerable<Example> examples) => AnchorExam.Encode(session, AnchorExam.Pairs(Fitting(examples, session)));

    private IEnumerable<Example> Fitting(IEnumerable<Example> examples, Classifier session) => examples.Where(e => Fits(e, session.Snapshot.Window));

    private bool Fits(Example example, WindowShape window) => shapes?.Fits(example, window) ?? example.Samples.Length == window.ValueCount;
}
