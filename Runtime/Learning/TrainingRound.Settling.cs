using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Edge.Storage;
using Edge.Trainer.Methods;
using Edge.Trainer.Rounds;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Learning;

/// <summary>What a round does about the read-out of the running snapshot, with a child or without.</summary>
public sealed partial class TrainingRound
{
    /// <summary>Whether a child has something to do: weights to train, or a graph to write because the configuration asks for other frozen features than the running one computes.</summary>
    private bool NeedsChild(SnapshotManifest parent) =>
        MethodCatalogue.Trains(config.Training.Method) || slot.LatestFor(parent.Id)?.FrozenBankId != FrozenBankIdOf(parent.Window);

    private string? FrozenBankIdOf(WindowShape window) =>
        ClassifierGraph.FrozenBankIdFor(window, config.ReadOut.FrozenFeatures, config.ReadOut.FrozenSeed) is { } bank ? FrozenStatistics.FeaturesOf(bank, window.SampleRateHz) : null;

    /// <summary>A round without a child: the anchors choose anew, and the buffer goes on.</summary>
    private async Task SettleAloneAsync(SnapshotManifest parent, CancellationToken stopping)
    {
        var draw = await buffer.DrawAsync();
        if (shapes.HasOthers && shapes.Fitting(draw, parent.Window).Fresh.Count < 2) return; // What made it due is of other windows; the next example asks again.
        await SettleAsync(draw.ThroughId, parent, await ChooseAnewAsync(parent), stopping);
    }

    /// <summary>What the anchors choose for the running snapshot as it is now.</summary>
    private async Task<ReadOutBlend?> ChooseAnewAsync(SnapshotManifest parent)
    {
        var anchors = Fitting(await buffer.AnchorsAsync(), parent);
        using var running = providers.Open(new GraphFile(snapshots.ModelFile(parent)), parent, AnchorExam.BatchSize);
        return Better(running, parent, anchors);
    }

    private ReadOutBlend Better(Classifier running, SnapshotManifest parent, List<Example> anchors)
    {
        var present = slot.LatestFor(parent.Id)!;
        return BlendChoice.Choose(present.Branches, AnchorExam.Encode(running, AnchorExam.Pairs(anchors)), running.TakesVotes ? config.ReadOut.Kind : "prototypes", config.Inference.Temperature, present.Blend);
    }

    /// <summary>The round is certain to run. Only now what was counted before a drift weighs less: a round that the disk refuses is tried again, and each try would take away from it.</summary>
    private async Task BeginAsync(bool afterDrift, CancellationToken stopping)
    {
        HasBegun = true;
        if (!afterDrift || config.ReadOut.DriftDiscount >= 1) return;
        var discounting = new Discounting(config.ReadOut.DriftDiscount, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await flows.Handovers.Writer.WriteAsync(discounting, stopping);
        await discounting.Done.Task.WaitAsync(stopping);
        LogDiscounted(discounting.Share);
    }

    /// <summary>Lets the buffer go on: what only waited for the round has been used.</summary>
    private async Task SettleAsync(ulong throughId, SnapshotManifest parent, ReadOutBlend? better, CancellationToken stopping)
    {
        var settlement = new Settlement(throughId, parent.Id, better, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await flows.Handovers.Writer.WriteAsync(settlement, stopping);
        await settlement.Done.Task.WaitAsync(stopping);
    }

    [LoggerMessage(2010, LogLevel.Information, "after a drift, what was counted of the frozen features weighs {Share} of what it did (readOut.driftDiscount)")]
    private partial void LogDiscounted(double share);
}
