using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
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
    private const int FewestAnchorsPerClass = 3;
    private readonly CellSpec spec;
    private readonly BenchData data;
    private readonly CancellationToken cancel;
    private const int WholeBatch = 65_536; // The budget of memory is a device's, and its pool is a round's, not a data set's.
    private readonly TrainingSection plan;
    private readonly TrainingMethod method;
    private readonly TrainingPool pool;
    private readonly IReplayMemory memory;
    private readonly QuotaMemory? anchors;
    private readonly bool usesFrozen;
    private readonly List<int> met = [];
    private readonly Tensor test;
    private LearnerNet net;
    private FrozenBranch? frozen;
    private int round;

    /// <summary>An untrained learner.</summary>
    public ContinualLearner(CellSpec spec, BenchData data, CancellationToken cancel)
    {
        (this.spec, this.data, this.cancel) = (spec, data, cancel);
        plan = MethodSpec.Parse(spec.Method, spec.Protocol == Protocol.Online ? 1 : spec.Epochs, spec.Seed);
        if (plan.MicroBatchSize == 0) plan = plan with { MicroBatchSize = WholeBatch };
        method = MethodCatalogue.Create(plan);
        pool = new TrainingPool(data.Train.Values, data.Train.Classes, data.Train.Window);
        test = tensor(data.Test.Values, [data.Test.Count, data.Test.Window.ChannelCount, data.Test.Window.Length]).DetachFromDisposeScope();
        net = NewNet();
        usesFrozen = spec.Track == Track.Open && method.ReadOut is ReadOutKind.FrozenRidge or ReadOutKind.Fused;

        int classCount = data.Train.ClassNames.Count;
        int quota = Math.Max(2, (int)(spec.BufferShare * data.Train.Count / classCount)), anchorQuota = 0;
        if (method.ReadOut == ReadOutKind.Fused)
        {
            anchorQuota = quota / AnchorPart;
            anchors = new QuotaMemory(anchorQuota, spec.Seed);
        }

        memory = spec.Protocol == Protocol.Tscil ? new QuotaMemory(quota - anchorQuota, spec.Seed) : new BoundedMemory(classCount * (quota - anchorQuota), spec.Seed);
        Notes = [$"buffer {quota} per class, {classCount * quota} windows" + (anchorQuota > 0 ? $", {classCount * anchorQuota} of them anchors for the methods that have some" : "")];
    }

    /// <summary>What the read-out is now.</summary>
    public string ReadOut { get; private set; } = "";

    /// <summary>Optimiser steps taken.</summary>
    public long StepCount { get; private set; }

    /// <summary>What a reader of the table must know.</summary>
    public List<string> Notes { get; }

    /// <summary>Learns from newly labelled windows.</summary>
    /// <param name="windows">Training indices in order of arrival.</param>
    /// <param name="report">Gets the share of the round that is done.</param>
    public void Learn(int[] windows, Action<double> report)
    {
        round++;
        int[] trainable = anchors is null ? windows : [.. windows.Where(i => !HeldOut(i))];
        foreach (int i in windows.Except(trainable)) anchors!.Offer(i, pool.Classes[i]);
        met.AddRange(trainable);
        if (usesFrozen)
        {
            frozen ??= new FrozenBranch(data, trainable, cancel);
            frozen.Count(trainable);
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

        var outcome = new TrainingLoop(plan, method, spec.Seed + round).Train(new TrainingOrder
        {
            Net = net,
            Pool = pool,
            Fresh = method.SeesEverything ? met : trainable,
            Memory = memory,
            InStreamOrder = spec.Protocol == Protocol.Online,
            Report = (step, count, _) => report((double)step / count),
            Cancel = cancel,
        });
        StepCount += outcome.StepCount;
        if (outcome.AbandonedBecause is { } reason) Notes.Add($"round {round} would have been abandoned: {reason}");
    }

    /// <summary>What it says of every test window.</summary>
    public Judgement Judge()
    {
        using var scope = NewDisposeScope();
        net.eval();
        int classes = data.Train.ClassNames.Count;
        var learned = new LearnedBranch(net, pool, memory.Kept, data.Train.ClassNames);
        var embeddings = learned.Embed(test);
        float[] unit = LearnedBranch.Unit(embeddings);
        var scores = new Dictionary<string, float[]>(StringComparer.Ordinal);
        if (method.Trains) scores["head"] = learned.Head(embeddings);
        if (learned.Means is { } means) scores["ncm"] = Scores.Of(means, unit);
        if (learned.Ridge is { } ridge) scores["ridge"] = Scores.Of(ridge, unit);
        string chosen = method.ReadOut switch
        {
            ReadOutKind.Head => "head",
            ReadOutKind.Ridge => "ridge",
            ReadOutKind.FrozenRidge => "frozen",
            _ => "ncm",
        };
        if (frozen is not null)
        {
            (var readOut, ReadOut) = frozen.Solve(memory.Kept);
            scores["frozen"] = frozen.ScoreTest(readOut);
            if (method.ReadOut == ReadOutKind.Fused && learned.Ridge is not null)
            {
                foreach (float beta in (float[])[0.25f, 0.5f, 1, 2]) scores[$"fused{beta}"] = Scores.Fused(scores["frozen"], scores["ridge"], beta);
                chosen = "frozen";
            }
        }
        else
        {
            ReadOut = chosen;
        }

        var predictions = scores.ToDictionary(s => s.Key, s => Scores.Best(s.Value, classes), StringComparer.Ordinal);
        return new Judgement(predictions[chosen], predictions, embeddings.DetachFromDisposeScope());
    }

    /// <summary>What it says of every test window when a few labelled windows of a new class are told and nothing is trained; it forgets them afterwards.</summary>
    /// <param name="shots">Training indices, all of one class that it has not met.</param>
    public int[] Told(int[] shots)
    {
        int classes = data.Train.ClassNames.Count;
        if (frozen is null)
        {
            using var scope = NewDisposeScope();
            net.eval();
            var learned = new LearnedBranch(net, pool, [.. memory.Kept, .. shots], data.Train.ClassNames);
            return Scores.Best(Scores.Of(learned.Means!, LearnedBranch.Unit(learned.Embed(test))), classes);
        }

        frozen.Count(shots);
        var (readOut, _) = frozen.Solve(memory.Kept);
        frozen.Statistics.Remove(data.Train.ClassNames[pool.Classes[shots[0]]]);
        return Scores.Best(frozen.ScoreTest(readOut), classes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        net.Dispose();
        method.Dispose();
        pool.Dispose();
        test.Dispose();
    }

    private LearnerNet NewNet() =>
        new(BackboneCatalogue.Create(BackboneCatalogue.NameFor(data.Train.Window), data.Train.Window.ChannelCount, data.Train.Window.Length), data.Train.ClassNames, method.Head);

    private bool HeldOut(int window) => new Random(HashCode(window / AnchorBlock)).NextDouble() < AnchorShare;

    private int HashCode(int block) => unchecked(block * (int)0x9E3779B1 + spec.Seed * (int)0x85EBCA6B);
}
