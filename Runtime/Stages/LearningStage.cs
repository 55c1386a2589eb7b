using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Runtime.Updates;
using Edge.Telemetry.Messages;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>
/// Runs a training round whenever one is due, one at a time, in a child process, and lets the gate judge what it brings; between rounds, every <c>telemetry.forgettingMinutes</c>, measures what the running snapshot still knows.
/// </summary>
public sealed class LearningStage(
    Flows flows, TrainingRound round, AnchorWatch anchors, PrecisionAtStart precision, RoundSchedule schedule, RoundGate rounds, LiveConfig live, TimeProvider time, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        await anchors.MeasureAsync(EvaluationCause.Start, stopping);
        await precision.ExamineAsync(stopping);
        if (schedule.IsDue(RoundSchedule.Examples)) rounds.Ask(RoundSchedule.Examples); // Left from before the restart.
        using var timer = new PeriodicTimer(PeriodOf(live.Current), time);
        void Retime(DeviceConfig next)
        {
            if (timer.Period != PeriodOf(next)) timer.Period = PeriodOf(next);
        }

        live.Swapped += Retime;
        try
        {
            await RunAsync(timer, stopping);
        }
        finally
        {
            live.Swapped -= Retime;
        }
    }

    private async Task RunAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        var due = flows.RoundDue.Reader.WaitToReadAsync(stopping).AsTask();
        var tick = timer.WaitForNextTickAsync(stopping).AsTask();
        while (true)
        {
            if (await Task.WhenAny(due, tick) == tick)
            {
                await tick;
                await anchors.MeasureAsync(EvaluationCause.Timer, stopping);
                tick = timer.WaitForNextTickAsync(stopping).AsTask();
                continue;
            }

            if (!await due) return;
            while (flows.RoundDue.Reader.TryRead(out string? reason))
            {
                if (schedule.IsDue(reason)) await round.RunAsync(stopping);
                rounds.Clear();
            }

            due = flows.RoundDue.Reader.WaitToReadAsync(stopping).AsTask();
        }
    }

    private static TimeSpan PeriodOf(DeviceConfig config) => config.Telemetry.ForgettingMinutes > 0 ? TimeSpan.FromMinutes(Math.Max(config.Telemetry.ForgettingMinutes, 1.0 / 600)) : Timeout.InfiniteTimeSpan;
}
