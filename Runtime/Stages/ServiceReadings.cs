using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;
using Edge.Storage;
using Edge.Telemetry.Metrics;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.DependencyInjection;

namespace Edge.Runtime.Stages;

/// <summary>Puts together how the service is doing, for the meter and for Sparkplug. Costs something only when it is asked.</summary>
public sealed class ServiceReadings(ServiceState state, ReplayBuffer buffer, ReadOut readOut, RoundFolders rounds, ProviderChain providers, DeviceConfig config, IServiceProvider services)
{
    private static readonly double[] s_quantiles = [0.5, 0.9, 0.99, 1];

    /// <summary>The figures of this moment; safe from any thread.</summary>
    public DeviceReadings Take()
    {
        var (counts, replay) = (state.CountsByClass(), buffer.Counts);
        return new DeviceReadings
        {
            Uptime = state.Uptime,
            WindowsSeen = state.WindowsSeen,
            WindowsDropped = state.WindowsDropped,
            WindowsBroken = state.WindowsBroken,
            PredictionsByClass = config.Labels.Classes.ToDictionary(name => name, name => counts.GetValueOrDefault(name), StringComparer.Ordinal),
            UnknownCount = counts.GetValueOrDefault(Prediction.Unknown),
            PredictionsDropped = state.PredictionsDropped,
            Latest = state.Latest is { } latest ? new LatestReading(latest.Class, latest.Confidence, latest.Novelty) : null,
            LatencySeconds = state.WindowsSeen == 0 ? [] : [.. s_quantiles.Select(quantile => KeyValuePair.Create(quantile, state.LatencyMs(100 * quantile) / 1000))],
            LabelsRequested = state.RequestsMade,
            LabelsAnswered = state.RequestsAnswered,
            LabelsRefused = state.LabelsRefused,
            ExamplesStored = state.ExamplesStored,
            StorageFailures = state.StoreFailures + state.StatisticsFailures,
            Replay = new ReplayReading(replay.ReplayCount, replay.AnchorCount, replay.FreshCount, replay.CorruptCount, buffer.CopyFailureCount, buffer.Wear),
            WrittenBytesByFile = [new("statistics", readOut.StatisticsWrittenBytes), new("copies", buffer.CopiedBytes), new("rounds", rounds.WrittenBytes)],
            RoundsRun = state.RoundsRun,
            RoundsFailed = state.RoundsFailed,
            SnapshotsPromoted = state.SnapshotsPromoted,
            SnapshotsRefused = state.SnapshotsRefused,
            SnapshotId = state.Snapshot?.Id ?? "",
            SnapshotRound = state.Snapshot?.Round ?? 0,
            AnchorAccuracyPercent = state.AnchorAccuracyPercent,
            Memory = state.Memory,
            DriftScore = state.DriftScore,
            DriftAlarms = state.DriftAlarms,
            Provider = state.Provider,
            ProviderFailures = providers.FailureCount,
            ResidentBytes = Environment.WorkingSet,
            Link = services.GetService<MqttLink>()?.State,
        };
    }
}
