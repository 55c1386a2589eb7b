using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Updates;
using Edge.Runtime.Updates.Offers;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Stages;

/// <summary>The device's side of the broker: status and summaries out, labels and desired configuration in.</summary>
public sealed partial class TelemetryStage(
    MqttLink link, Topics topics, Reporter reporter, Flows flows, DesiredConfig desired, SnapshotIntake intake, RunRequest request, LiveConfig live, ServiceState state, ProviderChain providers, TimeProvider time,
    ILogger<TelemetryStage> log, FaultRecord faults, IHostApplicationLifetime lifetime)
    : Stage(faults, lifetime)
{
    /// <inheritdoc/>
    protected override Task RunAsync(CancellationToken stopping)
    {
        var told = Stands; // Before the status is put together: what changes meanwhile is told again.
        reporter.Status(Status(Telemetry.Messages.DeviceState.Online, request.Restarted ? "reconfigured" : null));
        reporter.ConfigReported(desired.Report());
        if (desired.Trust == ConfigTrust.Unsigned) LogUnsigned();
        return SideBySideAsync(
            stopping,
            link.RunAsync(() => reporter.Farewell(Status(Telemetry.Messages.DeviceState.Offline, Fault is not null ? "fault" : request.RestartWanted ? "reconfiguring" : "stopped")), stopping),
            SummariseAsync(told, stopping),
            ListenAsync(stopping));
    }

    private async Task SummariseAsync(Standing told, CancellationToken stopping)
    {
        using var timer = new LiveTimer(live, config => TimeSpan.FromSeconds(config.Telemetry.SummarySeconds), time);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            if (Stands is var stands && stands != told)
            {
                told = stands;
                reporter.Status(Status(Telemetry.Messages.DeviceState.Online, null)); // Who begins to listen must not wait for the next evaluation, or alarm, to know of the last.
            }

            var counts = state.TakeCounts();
            reporter.Prediction(new PredictionMessage
            {
                WindowsSeen = state.WindowsSeen,
                WindowsDropped = state.WindowsDropped,
                StorageFailures = state.StoreFailures + state.StatisticsFailures,
                WindowsPerSecond = Math.Round(state.WindowsPerSecond(), 2),
                LatencyP50Ms = state.LatencyMs(50),
                LatencyP99Ms = state.LatencyMs(99),
                Latest = state.Latest is { } latest ? new LatestPrediction(latest.WindowId, latest.Class, latest.Confidence, latest.Novelty, latest.NoveltyRatio > 0 ? latest.NoveltyRatio : null) : null,
                CountsByClass = counts.Where(c => c.Key != Prediction.Unknown).ToDictionary(StringComparer.Ordinal),
                UnknownCount = counts.GetValueOrDefault(Prediction.Unknown),
                RequestsMade = state.RequestsMade,
                RequestsAnswered = state.RequestsAnswered,
                DriftScore = live.Current.Drift.Detectors.Count > 0 ? Math.Round(state.DriftScore, 3) : null,
                SnapshotId = state.Snapshot?.Id,
                MessagesDropped = GivenUp(link.State),
                OutboxProblem = link.State.Outbox?.Problem,
            });
        }
    }

    private Standing Stands => new(state.Snapshot?.Id, state.Provider, providers.FailureCount, state.AnchorAccuracyPercent, WorstForgetting.Of(state.Memory), state.DriftAlarms, link.State.RefusedSubscriptions);

    private static Dictionary<string, long>? GivenUp(LinkState state)
    {
        var all = state.DroppedByName.Concat(state.RefusedByName).GroupBy(count => count.Key, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Sum(count => count.Value), StringComparer.Ordinal);
        return all.Count == 0 ? null : all;
    }

    private async Task ListenAsync(CancellationToken stopping)
    {
        await foreach (var message in link.Inbound.ReadAllAsync(stopping))
        {
            if (message.Payload.IsEmpty) continue; // Somebody cleared a retained message.
            if (message.Topic == topics.Label) await TakeLabelAsync(message.Payload, stopping);
            else if (message.Topic == topics.ConfigDesired) TakeConfig(message.Payload);
            else if (message.Topic == topics.ConfigKeys) TakeKeys(message.Payload);
            else if (message.Topic == topics.SnapshotChunk) intake.TakeChunk(message.Payload);
            else if (topics.IsOffer(message.Topic)) intake.TakeOffer(message.Payload);
        }
    }

    private async Task TakeLabelAsync(ReadOnlyMemory<byte> payload, CancellationToken stopping)
    {
        var label = LabelMessage.Read(payload);
        if (label.IsValid)
        {
            flows.InFlight.Enter();
            await flows.Labels.Writer.WriteAsync(new LabelRequest(label.Message.WindowId, label.Message.Class, "mqtt", label.Message.RequestId), stopping);
            return;
        }

        state.CountLabelRefused();
        reporter.LabelResult(new LabelResultMessage { Accepted = false, Reason = string.Join(" ", label.Reasons) });
    }

    private void TakeConfig(ReadOnlyMemory<byte> payload)
    {
        string hash = desired.Running.Verdict.Hash;
        bool restarts = desired.Judge(payload);
        if (desired.LastAttempt is { } attempt) LogConfig(attempt.Result, attempt.Version?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "not read", string.Join("; ", attempt.Reasons));
        if (!restarts)
        {
            if (desired.Running.Verdict.Hash != hash) reporter.Status(Status(Telemetry.Messages.DeviceState.Online, "reconfigured"));
            return;
        }

        request.WantRestart();
        Lifetime.StopApplication();
    }

    private void TakeKeys(ReadOnlyMemory<byte> payload)
    {
        desired.TakeKeys(payload);
        var reported = desired.Report();
        if (reported.KeysProblems is { } problems) LogKeysRefused(string.Join("; ", problems));
        else LogKeys(reported.KeysVersion ?? 0);
        reporter.Status(Status(Telemetry.Messages.DeviceState.Online, null));
    }

    private StatusMessage Status(Telemetry.Messages.DeviceState what, string? reason) => new()
    {
        State = what,
        Reason = reason,
        Version = Product.Version,
        SnapshotId = state.Snapshot?.Id,
        ConfigHash = desired.Running.Verdict.Hash,
        ConfigTrust = desired.Trust,
        Classes = live.Current.Labels.Classes,
        Provider = state.Provider,
        ProvidersRefused = providers.Refused is { Count: > 0 } refused ? [.. refused.Select(one => new RefusedProvider(one.Provider, one.Reason))] : null,
        ProviderFailures = providers.FailureCount > 0 ? providers.FailureCount : null,
        SubscriptionsRefused = link.State.RefusedSubscriptions is { Count: > 0 } deaf ? deaf : null,
        AnchorAccuracyPercent = state.AnchorAccuracyPercent,
        WorstForgetting = WorstForgetting.Of(state.Memory),
        DriftAlarms = state.DriftAlarms,
        LatestDrift = state.LatestDrift,
        UptimeSeconds = Math.Round(state.Uptime.TotalSeconds, 1),
    };

    /// <summary>What the retained status says and what changes while the service runs.</summary>
    private readonly record struct Standing(string? SnapshotId, string Provider, long FailureCount, double? AnchorAccuracyPercent, WorstForgetting? WorstForgetting, long DriftAlarms, IReadOnlyList<RefusedSubscription> RefusedSubscriptions);

    [LoggerMessage(3001, LogLevel.Information, "desired configuration {Result}, version {Version}: {Reasons}")]
    private partial void LogConfig(ConfigResult result, string version, string reasons);

    [LoggerMessage(3002, LogLevel.Warning, "UNSIGNED configuration is taken from this broker: no key is trusted, and the broker is on the loopback interface. Not for a device in the field: make a key with 'edge config keygen' and name its list in updates.keysFile")]
    private partial void LogUnsigned();

    [LoggerMessage(3003, LogLevel.Information, "list of trusted keys: version {Version}")]
    private partial void LogKeys(long version);

    [LoggerMessage(3004, LogLevel.Warning, "list of trusted keys not taken: {Reasons}")]
    private partial void LogKeysRefused(string reasons);
}
