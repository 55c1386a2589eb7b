using Edge.Runtime.Learning;
using Edge.Runtime.Updates.Offers;
using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>Runs a training round whenever one is due: one at a time, in a child process, and lets the gate judge what it brings. Between two rounds it judges snapshots that came over the air.</summary>
public sealed class LearningStage(
    Flows flows, TrainingRound round, PrecisionAtStart precision, RoundSchedule schedule, RoundGate rounds, SnapshotIntake intake, TimeProvider time, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        await round.MeasureAsync(stopping);
        await precision.ExamineAsync(stopping);
        if (schedule.IsDue(RoundSchedule.Examples)) rounds.Ask(RoundSchedule.Examples); // Left from before the restart.
        using var turn = new SemaphoreSlim(1, 1); // A candidate is judged against the snapshot that runs, so one at a time.
        await SideBySideAsync(stopping, RunRoundsAsync(turn, stopping), JudgeReceivedAsync(turn, stopping));
    }

    private async Task RunRoundsAsync(SemaphoreSlim turn, CancellationToken stopping)
    {
        await foreach (string reason in flows.RoundDue.Reader.ReadAllAsync(stopping))
        {
            if (schedule.IsDue(reason))
            {
                await turn.WaitAsync(stopping);
                try
                {
                    await round.RunAsync(stopping);
                }
                finally
                {
                    turn.Release();
                }
            }

            rounds.Clear();
        }
    }

    private async Task JudgeReceivedAsync(SemaphoreSlim turn, CancellationToken stopping)
    {
        await foreach (var received in intake.Complete.Reader.ReadAllAsync(stopping))
        {
            while (!round.CanJudge) await Task.Delay(s_look, time, stopping);
            await turn.WaitAsync(stopping);
            try
            {
                await round.TakeAsync(received, stopping);
            }
            finally
            {
                turn.Release();
            }

            received.Judged.SetResult();
        }
    }
}
