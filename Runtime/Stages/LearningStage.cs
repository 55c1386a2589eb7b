using Edge.Runtime.Learning;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>Runs a training round whenever one is due: one at a time, in a child process, and lets the gate judge what it brings.</summary>
public sealed class LearningStage(
    Flows flows, TrainingRound round, PrecisionAtStart precision, RoundSchedule schedule, RoundGate rounds, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        await round.MeasureAsync(stopping);
        await precision.ExamineAsync(stopping);
        if (schedule.IsDue(RoundSchedule.Examples)) rounds.Ask(RoundSchedule.Examples); // Left from before the restart.
        await foreach (string reason in flows.RoundDue.Reader.ReadAllAsync(stopping))
        {
            if (schedule.IsDue(reason)) await round.RunAsync(stopping);
            rounds.Clear();
        }
    }
}
