using Edge.Config;
using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using Edge.Trainer.ReadOuts;
using static TorchSharp.torch;

namespace Edge.Trainer.Bench;

/// <summary>
/// A method at work on a stream: rounds of new windows in, predictions out. It keeps what a device keeps: weights, a memory of fixed size, for <see cref="ReadOutKind.Fused"/> a sixth of that memory as
/// anchors that are never trained on, and statistics of frozen features. It is never told where a step of the stream begins.
/// </summary>
internal sealed class ContinualLearner : IDisposable
{
    private const int AnchorPart = 6; // One remembered window in six is an anchor: 60 of 366, as on the device.
    private const int AnchorBlock = 8; // Neighbours overlap: whole blocks are held out.
    private const double AnchorShare = 0.05;
    private const int FewestAnchorsPerClass = 3; // With a smaller quota nothing could ever be chosen, and every held-out window would be lost for nothing.
    private const int LookAheadCount = 256; // Labelled windows of a round that are scored before they are learnt.
    private const double UsualCopyWeight = 0.3; // Measured in RESULTS.md; copies of feature vectors cannot be turned, and counting them did harm.
    private const int OnlineBatch = 16; // New windows in a step of the one-pass protocol.
    private readonly CellSpec spec;
    private readonly BenchData data;
    private readonly CancellationToken cancel;
    private const int WholeBatch = 65_536; // The budget of memory is a device's, and its pool is a round's, not a data set's.
    private readonly TrainingSection plan;
    private readonly BenchVariant variant;
    private readonly TrainingMethod method;
    private readonly TrainingPool pool;
    private readonly IReplayMemory memory;
    private readonly QuotaMemory? anchors;
    private readonly bool usesFrozen;
    private readonly List<int> met = [];
    private readonly Foresight foresight;
    private readonly Tensor test;
    private LearnerNet net;
    private FrozenBranch? frozen;
    private int[] unlabelled = [];
    private int round;

    /// <summary>An untrained learner.</summary>
    public ContinualLearner(CellSpec spec, BenchData data, CancellationToken cancel)
    {
        (this.spec, this.data, this.cancel) = (spec, data, cancel);
        bool online = spec.Protocol == Protocol.Online;
        var defaults = new TrainingSection { Epochs = online ? 1 : spec.Epochs, Seed = spec.Seed };
        plan = MethodSpec.Parse(spec.Method, online ? defaults with { BatchSize = OnlineBatch } : defaults);
        variant = MethodSpec.Variant(spec.Method);
        var axes = KnownAxes.Of(data.Train, variant);
        variant = variant with { View = axes.About(variant.View), PretrainView = axes.About(variant.PretrainView) };
        plan = plan with { Augmentation = axes.About(plan.Augmentation) };
        if (plan.MicroBatchSize == 0) plan = plan with { MicroBatchSize = WholeBatch };
        if (variant.ReplayBatchSize is { } replayed) plan = plan with { ReplayBatchSize = replayed };
        method = variant is { ReplayBatchSize: null, Views: null, Average: null } ? MethodCatalogue.Create(plan) : new MatchedMethod(MethodCatalogue.Create(plan), variant);
        usesFrozen = spec.Track == Track.Open && method.ReadOut is ReadOutKind.FrozenRidge or ReadOutKind.Fused;
        if (method.ReadOut == ReadOutKind.FrozenRidge && !usesFrozen) throw new ArgumentException($"'{spec.Method}' has no trained backbone: it takes part in track open alone.", nameof(spec));
        if (online && plan.Epochs != 1 && !method.SeesEverything) throw new ArgumentException($"'{spec.Method}': the online protocol sees every window once. Leave epochs out.", nameof(spec));
        if (variant.Pretrain is not null && (!method.Trains || method.SeesEverything)) throw new ArgumentException($"'{spec.Method}' has no weights that outlast its first round. Leave {MethodSpec.VariantPrefix}pretrain out.", nameof(spec));
        pool = new TrainingPool(data.Train.Values, data.Train.Classes, data.Train.Window);
        test = tensor(data.Test.Values, [data.Test.Count, data.Test.Window.ChannelCount, data.Test.Window.Length]).DetachFromDisposeScope();
        net = NewNet();
        foresight = new Foresight(data.Train.ClassNames.Count);
        int classCount = data.Train.ClassNames.Count;
        int quota = Math.Max(2, (int)(spec.BufferShare * data.Train.Count / classCount)), anchorQuota = 0;
        if (method.ReadOut == ReadOutKind.Fused && quota / AnchorPart >= FewestAnchorsPerClass)
        {
            anchorQuota = quota / AnchorPart;
            anchors = new QuotaMemory(anchorQuota, spec.Seed);
        }

        int capacity = classCount * (quota - anchorQuota);
        memory = variant.Retention is { } kind ? new RetainedWindows(kind, data.Train, capacity, spec.Seed)
            : spec.Protocol == Protocol.Tscil ? new QuotaMemory(quota - anchorQuota, spec.Seed)
            : new BoundedMemory(capacity, spec.Seed);
        Notes = [$"buffer {quota} per class, {classCount * quota} windows" + (anchorQuota > 0 ? $", {classCount * anchorQuota} of them anchors, for which {AnchorShare:P0} of the windows are held out in blocks of {AnchorBlock}" : "")];
    }

    /// <summary>What the read-out is now.</summary>
    public string ReadOut { get; private set; } = "";

    /// <summary>Optimiser steps taken.</summary>
    public long StepCount { get; private set; }

    /// <summary>CPU seconds that <see cref="Learn"/> took, all threads of the process; it holds for a process in which nothing else runs.</summary>
    public double TrainingSeconds { get; private set; }

    /// <summary>Training windows that a replay may draw, ascending.</summary>
    public IReadOnlyList<int> Remembered => memory.Kept;

    /// <summary>Training windows that are kept to choose by and never trained on, ascending.</summary>
    public IReadOnlyList<int> Anchors => anchors?.Kept ?? [];

    /// <summary>Training windows whose labels are counted in the frozen branch.</summary>
    public long CountedInFrozen => frozen?.Statistics.Count ?? 0;

    /// <summary>The copies that are counted in the frozen branch; null where there is none.</summary>
    public ClassStatistics? CopiesInFrozen => frozen?.Copies;

    /// <summary>Features of the frozen branch; 0 where there is none.</summary>
    public int FrozenFeatureLength => frozen?.FeatureLength ?? 0;

    /// <summary>What a reader of the table must know.</summary>
    public List<string> Notes { get; }

    /// <summary>Meets windows without labels, before the first round; those that would be held out for anchors are not looked at.</summary>
    /// <param name="windows">Training indices.</param>
    public void Meet(int[] windows) => unlabelled = anchors is null ? windows : [.. windows.Where(i => !HeldOut(i))];

    /// <summary>Learns from newly labelled windows.</summary>
    /// <param name="windows">Training indices in order of arrival.</param>
    /// <param name="report">Gets the share of the round that is done.</param>
    public void Learn(int[] windows, Action<double> report)
    {
        var before = Environment.CpuUsage.TotalTime;
        Round(windows, report);
        TrainingSeconds += (Environment.CpuUsage.TotalTime - before).TotalSeconds;
    }

    private void Round(int[] windows, Action<double> report)
    {
        round++;
        int[] trainable = anchors is null ? windows : [.. windows.Where(i => !HeldOut(i))];
        int[] held = [.. windows.Except(trainable)];
        foreach (int i in held) anchors!.Offer(i, pool.Classes[i]);
        if (frozen is not null && anchors is not null && net.TrainedStepCount > 0) LookAhead(trainable);
        met.AddRange(trainable);
        if (usesFrozen)
        {
            frozen ??= new FrozenBranch(data, trainable, variant, CopyWeight, spec.Seed, cancel);
            frozen.Count(trainable);
            if (CountsAnchors) frozen.CountHeldOut(held);
        }

        if (!method.Trains)
        {
            foreach (int i in trainable) memory.Offer(i, pool.Classes[i]);
            return;
        }

        if (method.SeesEverything)
        {
            net.Dispose();
            manual_seed(spec.Seed);
            net = NewNet();
        }

        if (round == 1 && unlabelled.Length > 0) Pretrain(trainable, report);
        var outcome = new TrainingLoop(plan, method, spec.Seed + round).Train(new TrainingOrder
        {
            Net = net,
            Pool = pool,
            Fresh = method.SeesEverything ? met : trainable,
            Memory = memory,
            InStreamOrder = spec.Protocol == Protocol.Online && !method.SeesEverything, // An upper bound that took the stream as it comes would forget like the lower one.
            Report = (step, count, _) => report((double)step / count),
            Cancel = cancel,
        });
        StepCount += outcome.StepCount;
        if (outcome.AbandonedBecause is { } reason) Notes.Add($"round {round} would have been abandoned: {reason}");
        if (FirstSession && round == 1 && frozen is not null) frozen.Append(Snapshot(), trainable, CountsAnchors ? held : []);
    }

    /// <summary>Learns from what it met without labels; the scale of the input is that of the first round, as without.</summary>
    private void Pretrain(int[] first, Action<double> report)
    {
        net.Backbone.FitInput(pool.At(first));
        var outcome = new ContrastivePretraining(plan, variant.PretrainView, variant.PretrainEpochs, spec.Seed).Train(net, pool, unlabelled, report, cancel);
        StepCount += outcome.StepCount;
        Notes.Add(outcome.AbandonedBecause ?? $"{unlabelled.Length} windows met without labels first: contrastive loss {outcome.FirstEpochLoss:0.00} in the first pass, {outcome.LastEpochLoss:0.00} in the last of {variant.PretrainEpochs}");
    }

    // A copy of a window needs an axis of time, or a prior of what may differ; where there is none the features adapt instead.
    private bool FirstSession => variant.FirstSession ?? (method.ReadOut == ReadOutKind.Fused && data.Train.Window.Length == 1);

    private bool CountsAnchors => variant.CountAnchors ?? FirstSession;

    private double CopyWeight => variant.ViewWeight ?? (method.ReadOut == ReadOutKind.Fused && data.Train.Window.Length > 1 ? UsualCopyWeight : 0);

    /// <summary>The backbone as it is now, as a network of its own.</summary>
    private Backbone Snapshot()
    {
        using var _ = no_grad();
        var copy = NewBackbone();
        foreach (var (to, from) in copy.parameters().Zip(net.Backbone.parameters())) to.copy_(from);
        foreach (var (to, from) in copy.buffers().Zip(net.Backbone.buffers())) to.copy_(from);
        copy.eval();
        return copy;
    }

    /// <summary>What it says of every test window.</summary>
    public Judgement Judge()
    {
        using var scope = NewDisposeScope();
        net.eval();
        var learned = new LearnedBranch(net, pool, memory.Kept, data.Train.ClassNames);
        var embeddings = learned.Embed(test);
        var scores = learned.Scores(test, embeddings, withHead: method.Trains);
        IReadOut? ridge = null;
        if (frozen is not null)
        {
            (ridge, ReadOut) = frozen.Solve(memory.Kept);
            scores.Add("frozen", frozen.ScoreTest(CountsAnchors ? frozen.Solve(memory.Kept, withHeldOut: true).ReadOut : ridge));
        }

        string chosen = method.ReadOut switch
        {
            ReadOutKind.Head => "head",
            ReadOutKind.Ridge => "ridge",
            ReadOutKind.PooledRidge => "pooled",
            ReadOutKind.FrozenRidge => "frozen",
            ReadOutKind.Fused => "fused",
            _ => "ncm",
        };
        if (method.ReadOut == ReadOutKind.Fused)
        {
            var choice = Fuse(learned, ridge) ?? (ridge is null ? AnchorChoice.OfLearned : AnchorChoice.OfFrozen);
            scores.Add("fused", choice.Scores(scores, data.Train.ClassNames.Count));
            ReadOut = $"{choice}";
        }
        else if (chosen != "frozen")
        {
            ReadOut = chosen;
        }

        var predictions = scores.ToDictionary(s => s.Key, s => WindowScores.Best(s.Value, data.Train.ClassNames.Count), StringComparer.Ordinal);
        return new Judgement(predictions[chosen], predictions, embeddings.DetachFromDisposeScope());
    }

    /// <summary>Notes what both branches say of some windows that are about to be learnt, of classes that are established.</summary>
    private void LookAhead(int[] windows)
    {
        var known = met.CountBy(i => pool.Classes[i]).Where(c => c.Value >= ScarceClassReadOut.SurelyEstablishedFrom).Select(c => c.Key).ToHashSet();
        int[] ahead = [.. windows.Where(i => known.Contains(pool.Classes[i]))];
        int every = Math.Max(1, ahead.Length / LookAheadCount);
        ahead = [.. ahead.Where((_, i) => i % every == 0)];
        if (ahead.Length == 0) return;
        using var scope = NewDisposeScope();
        net.eval();
        var learned = new LearnedBranch(net, pool, memory.Kept, data.Train.ClassNames);
        var tensors = pool.At(ahead);
        foresight.Note(
            frozen!.ScoreTrain(ahead, frozen.Solve(memory.Kept).ReadOut),
            learned.Scores(tensors, learned.Embed(tensors), withHead: true)["ridge"],
            [.. ahead.Select(i => pool.Classes[i])]);
    }

    /// <summary>The read-out that the anchors choose; null where there are too few to choose by.</summary>
    private AnchorChoice? Fuse(LearnedBranch learned, IReadOut? frozenReadOut)
    {
        int[] kept = [.. Anchors];
        int[] labels = [.. kept.Select(i => pool.Classes[i])];
        if (labels.Length == 0 || labels.Length < FewestAnchorsPerClass * met.Select(i => pool.Classes[i]).Distinct().Count()) return null;
        var windows = pool.At(kept);
        var scores = learned.Scores(windows, learned.Embed(windows), withHead: true);
        return AnchorChoice.Of(scores, frozenReadOut is null ? null : frozen!.ScoreTrain(kept, frozenReadOut), labels, data.Train.ClassNames.Count, foresight);
    }

    /// <summary>
    /// What it says of every test window when a few labelled windows of a new class are told and nothing is trained; it forgets them afterwards. Read out with what a label changes at once: the frozen ridge
    /// where there is a frozen branch, else the nearest class mean.
    /// </summary>
    /// <param name="shots">Training indices, all of one class that it has not met; none: what it said before it was told.</param>
    public int[] Told(int[] shots)
    {
        int classes = data.Train.ClassNames.Count;
        if (frozen is null)
        {
            using var scope = NewDisposeScope();
            net.eval();
            ReadOut = "ncm";
            var learned = new LearnedBranch(net, pool, [.. memory.Kept, .. shots], data.Train.ClassNames);
            return WindowScores.Best(learned.Scores(test, learned.Embed(test), withHead: false)["ncm"], classes);
        }

        frozen.Tell(shots);
        (var readOut, ReadOut) = frozen.Solve(memory.Kept, CountsAnchors);
        if (shots.Length > 0) frozen.Statistics.Remove(data.Train.ClassNames[pool.Classes[shots[0]]]);
        return WindowScores.Best(frozen.ScoreTest(readOut), classes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        frozen?.Dispose();
        net.Dispose();
        method.Dispose();
        pool.Dispose();
        test.Dispose();
    }

    private LearnerNet NewNet() => new(NewBackbone(), data.Train.ClassNames, method.Head);

    private Backbone NewBackbone() => BackboneCatalogue.CreateFor(data.Train.Window, plan.Backbone);

    /// <summary>Whether a window's block is for anchors: by its place and the seed alone, the same in every round and process.</summary>
    private bool HeldOut(int window) => new Random(unchecked(window / AnchorBlock * (int)0x9E3779B1 + spec.Seed * (int)0x85EBCA6B)).NextDouble() < AnchorShare;
}
