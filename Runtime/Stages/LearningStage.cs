using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Offers;
using Edge.Telemetry.Messages;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>
/// Runs a training round whenever one is due, one at a time, in a child process, and lets the gate judge what it brings. Between rounds it judges snapshots that came over the air and, every <c>telemetry.forgettingMinutes</c>
/// and when a trial asks for it, measures what the running one still knows.
/// </summary>
public sealed class LearningStage(
    Flows flows, TrainingRound round, AnchorWatch anchors, PrecisionAtStart precision, RoundSchedule schedule, RoundGate rounds, SnapshotIntake intake, LiveConfig live, ServiceState state, TimeProvider time, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        await anchors.MeasureAsync(EvaluationCause.Start, stopping);
        await precision.ExamineAsync(stopping);
        if (schedule.IsDue(RoundSchedule.Examples)) rounds.Ask(RoundSchedule.Examples); // Left from before the restart.
        using var turn = new SemaphoreSlim(1, 1); // A candidate is judged against the snapshot that runs, and anchors are encoded by it: one at a time.
        await SideBySideAsync(stopping, RunRoundsAsync(turn, stopping), JudgeReceivedAsync(turn, stopping), MeasureAsync(turn, stopping), ExamineTriedAsync(turn, stopping));
    }

    private async Task RunRoundsAsync(SemaphoreSlim turn, CancellationToken stopping)
    {
        var pause = TimeSpan.Zero;
        await foreach (string reason in flows.RoundDue.Reader.ReadAllAsync(stopping))
        {
            await Task.Delay(pause, time, stopping);
            if (schedule.IsDue(reason))
            {
                bool afterDrift = schedule.NoteStart() || reason == RoundSchedule.Drift;
                await InTurnAsync(turn, cancel => round.RunAsync(afterDrift, cancel), stopping);
                if (afterDrift && !round.HasBegun) schedule.NoteDrift();
            }

            // A full disk refuses every round: without a pause each example would begin one, and each would be told and logged.
            pause = !round.WasRefusedByDisk ? TimeSpan.Zero : pause == TimeSpan.Zero ? s_look : pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
            rounds.Clear();
        }
    }

    private async Task JudgeReceivedAsync(SemaphoreSlim turn, CancellationToken stopping)
    {
        await foreach (var received in intake.Complete.Reader.ReadAllAsync(stopping))
        {
            while (!round.CanJudge) await Task.Delay(s_look, time, stopping);
            await InTurnAsync(turn, cancel => round.TakeAsync(received, cancel), stopping);
            received.Judged.SetResult();
        }
    }

    private async Task MeasureAsync(SemaphoreSlim turn, CancellationToken stopping)
    {
        using var timer = new LiveTimer(live, PeriodOf, time);
        while (await timer.WaitForNextTickAsync(stopping)) await InTurnAsync(turn, cancel => anchors.MeasureAsync(EvaluationCause.Timer, cancel), stopping);
    }

    /// <summary>What a change of live fields does to the accuracy is measured once, for its trial.</summary>
    private async Task ExamineTriedAsync(SemaphoreSlim turn, CancellationToken stopping)
    {
        await foreach (bool _ in flows.ExamDue.Reader.ReadAllAsync(stopping))
            if (!state.IsExaminedWith(live.Current)) await InTurnAsync(turn, cancel => anchors.MeasureAsync(EvaluationCause.Trial, cancel), stopping);
    }

    private static async Task InTurnAsync(SemaphoreSlim turn, Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        await turn.WaitAsync(stopping);
        try
        {
            await work(stopping);
        }
        finally
        {
            turn.Release();
        }
    }

    private static TimeSpan PeriodOf(DeviceConfig config) => config.Telemetry.ForgettingMinutes > 0 ? TimeSpan.FromMinutes(Math.Max(config.Telemetry.ForgettingMinutes, 1.0 / 600)) : Timeout.InfiniteTimeSpan;
}
