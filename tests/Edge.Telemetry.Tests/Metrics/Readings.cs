using Edge.Storage;
using Edge.Telemetry.Forgetting;
using Edge.Telemetry.Metrics;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Tests.Metrics;

/// <summary>Readings of a device in the middle of its life, every figure another number.</summary>
internal static class Readings
{
    public static DeviceReadings Of(long windowsSeen = 1200) => new()
    {
        Uptime = TimeSpan.FromSeconds(61.5),
        WindowsSeen = windowsSeen,
        WindowsDropped = 3,
        WindowsBroken = 2,
        PredictionsByClass = new Dictionary<string, long> { ["walking"] = 700, ["sitting"] = 490 },
        UnknownCount = 10,
        PredictionsDropped = 1,
        Latest = new LatestReading("walking", 0.93, 0.12),
        LatencySeconds = [new(0.5, 0.00021), new(0.99, 0.00048)],
        LabelsRequested = 12,
        LabelsAnswered = 8,
        LabelsRefused = 4,
        ExamplesStored = 340,
        StorageFailures = 5,
        WrittenBytesByFile = [new("statistics", 13_000_000), new("copies", 2_000_000), new("rounds", 3_000_000)],
        Replay = new ReplayReading(306, 60, 24, 6, 7, new ReplayWear(1_000_000, 500_000, 400)),
        RoundsRun = 9,
        RoundsFailed = 11,
        SnapshotsPromoted = 13,
        SnapshotsRefused = 14,
        SnapshotId = "s000013-1f9a0c42",
        SnapshotRound = 15,
        AnchorAccuracyPercent = 90.5,
        Memory = [new ClassForgetting("walking", 92.5, 95, 2.5, 40), new ClassForgetting("sitting", 87.5, 87.5, 0, 24)],
        DriftScore = 0.75,
        DriftAlarms = 16,
        Provider = "cpu",
        ProviderFailures = 17,
        ResidentBytes = 170_000_000,
        Link = new LinkState
        {
            Connected = true,
            Broker = "127.0.0.1:1883",
            Since = DateTimeOffset.UnixEpoch,
            ReconnectCount = 18,
            PublishedCount = 19,
            ReceivedCount = 20,
            QueuedCount = 21,
            ParkedCount = 24,
            DroppedByName = new Dictionary<string, long> { ["training"] = 22 },
            RefusedByName = new Dictionary<string, long> { ["drift"] = 23 },
            NeverDroppedLostCount = 25,
            Outbox = new OutboxHealth { Count = 26, FileBytes = 27, WrittenBytes = 28, RefusedCount = 29 },
        },
    };

    /// <summary>Readings of a device that has just started and has no broker.</summary>
    public static DeviceReadings OfNothing() => Of(0) with
    {
        PredictionsByClass = new Dictionary<string, long> { ["walking"] = 0, ["sitting"] = 0 }, UnknownCount = 0, Latest = null, LatencySeconds = [], AnchorAccuracyPercent = null, Memory = [], Link = null,
    };
}
