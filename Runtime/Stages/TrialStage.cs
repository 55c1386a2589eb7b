using Edge.Config;
using Edge.Runtime.Learning;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.States;
using Edge.Runtime.Updates.Trials;
using Edge.Storage;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Stages;

/// <summary>Watches a configuration on trial, keeps it when it has proved itself, and goes back when it has not. Idle while none is on trial.</summary>
public sealed partial class TrialStage(
    DesiredConfig desired, UpdateState updates, LiveConfig live, DataDirectory data, RunRequest request, ServiceState state, SnapshotStore snapshots, Flows flows, RoundSchedule schedule, RoundGate rounds, IServiceProvider services, TimeProvider time, ILogger<TrialStage> log, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_leastPatience = TimeSpan.FromSeconds(5);
    private bool isRoundAsked; // Of the trial that is watched.

    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken stopping)
    {
        desired.Arrived();
        return SideBySideAsync(stopping, WatchTrialsAsync(stopping), MeasureGapAsync(stopping));
    }

    /// <summary>Says what the restart cost once the first window has come.</summary>
    private async Task MeasureGapAsync(CancellationToken stopping)
    {
        if (!request.Restarted) return;
        using var timer = new PeriodicTimer(s_look, time);
        while (state.WindowTicks is null) await timer.WaitForNextTickAsync(stopping);
        if (request.Gap.Arrived(state.WindowTicks!.Value.First, Period(live.Current))) desired.NoteGap();
    }

    private static TimeSpan Period(DeviceConfig config) => TimeSpan.FromSeconds(config.Sensor.Speed > 0 ? config.Window.Stride / config.Sensor.SampleRateHz / config.Sensor.Speed : 0);

    private async Task WatchTrialsAsync(CancellationToken stopping)
    {
        while (true)
        {
            await desired.TrialBegunAsync(stopping);
            if (await WatchAsync(stopping)) return;
        }
    }

    /// <summary>Watches until the trial is over; true when the pipeline is to start again.</summary>
    private async Task<bool> WatchAsync(CancellationToken stopping)
    {
        state.StartMeasuring();
        isRoundAsked = false;
        try
        {
            long start = time.GetTimestamp();
            long storeFailures = state.StoreFailures + state.StatisticsFailures;
            if (desired.Tried is not { } candidate) return false;
            var scope = TrialScope.Of(desired.GoodConfig, live.Current);
            var room = ReplayRoom.DuringTrial(desired.GoodConfig.Replay, live.Current.Replay);
            var probe = new WriteProbe(data.Config, time);
            if (!state.IsExaminedWith(live.Current)) flows.ExamDue.Writer.TryWrite(true);
            if (scope.Training) AskForRound();
            using var timer = new PeriodicTimer(s_look, time);
            while (await timer.WaitForNextTickAsync(stopping))
            {
                if (desired.Tried != candidate) return false; // A newer one is on trial; its own watch begins.
                var verdict = TrialHealth.Judge(Evidence(time.GetElapsedTime(start), storeFailures, scope, probe), live.Current.Updates);
                if (verdict.Decision == TrialDecision.Wait) continue;
                bool restarts = desired.End(candidate, verdict);
                bool stays = updates.Machine.State.Good == candidate; // Not where the disk refused that, or a newer one came a moment before.
                if (stays) LogKept(candidate.Version, state.Measured().Windows);
                else if (updates.Machine.State.LastAttempt is { Result: AttemptResult.RolledBack } last && last.Document == candidate) LogRolledBack(candidate.Version, string.Join("; ", last.Reasons));
                if (!restarts)
                {
                    if (stays) KeepSnapshot();
                    if (stays && room != live.Current.Replay) await LetGoAsync(stopping);
                    return false;
                }

                request.WantRestart();
                Lifetime.StopApplication();
                return true;
            }

            return false;
        }
        finally
        {
            state.StopMeasuring();
            schedule.NoteTrialOver();
        }
    }

    /// <summary>What the configuration ran for the trial only, a pinned snapshot or one for other windows, is the running one for good.</summary>
    private void KeepSnapshot()
    {
        try
        {
            snapshots.Keep();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogSnapshotNotWritten(e.Message);
        }
    }

    /// <summary>What only smaller capacities let go, and was held for a roll back, may go now.</summary>
    private async Task LetGoAsync(CancellationToken stopping)
    {
        var resize = new Resize(ServiceHost.OptionsOf(live.Current), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        try
        {
            await flows.Handovers.Writer.WriteAsync(resize, stopping);
            await resize.Done.Task.WaitAsync(stopping);
            LogResized(resize.Capacities.Capacity, resize.Capacities.AnchorCapacity, resize.Capacities.FreshCapacity);
        }
        catch (IOException e)
        {
            LogNotResized(e.Message);
        }
    }

    /// <summary>What the new settings do to a round shows in a round: one is asked for at once.</summary>
    private void AskForRound()
    {
        if (live.Current.Updates.TrialSeconds == 0 || !schedule.IsDue(RoundSchedule.Trial)) return;
        schedule.NoteTrial();
        rounds.Ask(RoundSchedule.Trial); // Where one is asked for already, that one is it.
        isRoundAsked = true;
    }

    private TrialEvidence Evidence(TimeSpan elapsed, long storeFailures, TrialScope scope, WriteProbe probe)
    {
        var config = live.Current;
        var measured = state.Measured();
        var period = Period(config);
        bool isUntrained = scope.Training && state.CandidateAccuracyOf(config) is null && state.RoundProblemOf(config) is null;
        bool isOver = elapsed >= TimeSpan.FromSeconds(config.Updates.TrialSeconds);
        return new TrialEvidence
        {
            Elapsed = elapsed,
            Windows = measured.Windows,
            Errors = measured.Errors,
            SinceWindow = measured.SinceWindow,
            WindowPatience = TimeSpan.FromTicks(Math.Max(s_leastPatience.Ticks, 3 * period.Ticks)),
            LatencyP99Ms = measured.LatencyP99Ms,
            StoreProblem = isOver ? StoreProblem(storeFailures, probe) : null,
            AccuracyBeforePercent = updates.Machine.State.AccuracyBeforePercent,
            AccuracyNowPercent = state.AnchorAccuracyWith(config),
            AccuracyMayStillCome = !state.IsExaminedWith(config),
            CandidateAccuracyPercent = state.CandidateAccuracyOf(config),
            TrainingProblem = scope.Training ? state.RoundProblemOf(config) : null,
            RoundMayTake = isUntrained && isRoundAsked ? TimeSpan.FromSeconds(config.Training.TimeBudgetSeconds) : null,
            NotTrained = !isUntrained ? null : isRoundAsked ? "the one that was asked for had no verdict in time" : schedule.WhyNotDue(RoundSchedule.Trial),
            BrokerMatters = scope.Broker,
            BrokerProblem = scope.Broker ? BrokerProblem() : null,
        };
    }

    private string? BrokerProblem()
    {
        if (services.GetService<MqttLink>() is not { } link) return "telemetry.broker is \"none\", and the device could not be told anything any more";
        return BrokerReach.Problem(link.State, services.GetRequiredService<Topics>(), live.Current.Updates.Accept ? desired.Trust : ConfigTrust.Signed); // That nothing is to be taken at all is wanted.
    }

    private string? StoreProblem(long before, WriteProbe probe) => state.StoreFailures + state.StatisticsFailures - before is > 0 and var refused ? $"the store refused {refused} writes" : probe.Problem();

    [LoggerMessage(3011, LogLevel.Information, "configuration version {Version} has proved itself over {WindowCount} windows and stays")]
    private partial void LogKept(long version, long windowCount);

    [LoggerMessage(3013, LogLevel.Warning, "the snapshot of the configuration that stays runs, and that it does could not be written; the next start does it: {Reason}")]
    private partial void LogSnapshotNotWritten(string reason);

    [LoggerMessage(3015, LogLevel.Information, "the replay buffer keeps up to {Capacity} for replay, {AnchorCapacity} anchors and {FreshCapacity} that wait for a round from now on, as the configuration that stays says")]
    private partial void LogResized(int capacity, int anchorCapacity, int freshCapacity);

    [LoggerMessage(3014, LogLevel.Warning, "the replay buffer keeps as much as before the configuration that stays, until the next start: {Reason}")]
    private partial void LogNotResized(string reason);

    [LoggerMessage(3012, LogLevel.Warning, "configuration version {Version} is rolled back: {Reasons}")]
    private partial void LogRolledBack(long version, string reasons);
}
