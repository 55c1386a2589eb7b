using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Storage;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>Runs a training round whenever one is due: one at a time, in a child process, and lets the gate judge what it brings.</summary>
public sealed class LearningStage(
    Flows flows, ReplayBuffer buffer, TrainingRound round, RoundGate rounds, DeviceConfig config, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        await round.MeasureAsync(stopping);
        if (buffer.Counts.FreshCount >= config.Training.RoundExamples) flows.RoundDue.Writer.TryWrite("examples"); // Left from before the restart.
        await foreach (string reason in flows.RoundDue.Reader.ReadAllAsync(stopping))
        {
            if (IsDue(reason)) await round.RunAsync(stopping);
            rounds.Clear();
        }
    }

    /// <summary>Enough to learn from and to judge by. A drift alarm makes a round due with a quarter of the usual examples.</summary>
    private bool IsDue(string reason)
    {
        var counts = buffer.Counts;
        int needed = reason == "drift" ? Math.Max(2, config.Training.RoundExamples / 4) : config.Training.RoundExamples;
        return config.Training.Enabled && counts.FreshCount >= needed && counts.AnchorCount >= config.Promotion.MinAnchors;
    }
}
