using System.Text;
using System.Text.Json;
using Edge.Storage;
using Edge.Telemetry.Drift.Watching;
using Edge.Telemetry.Forgetting;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Telemetry.Tests.Messages;

/// <summary>One message of every outbound kind, as a device would send them, with the clock at a fixed time.</summary>
internal static class Examples
{
    public static readonly DateTimeOffset Now = new(2026, 1, 31, 23, 59, 58, 120, TimeSpan.Zero);

    public static readonly Topics Topics = new("edge", "pump-7");

    public const string BootId = "b-5f2c";

    /// <summary>In the order of the topic table.</summary>
    public static IReadOnlyList<OutboundMessage> All { get; } = Make();

    public static string Text(OutboundMessage message) => Encoding.UTF8.GetString(message.Payload.Span);

    public static JsonElement Json(OutboundMessage message) => JsonDocument.Parse(message.Payload).RootElement;

    private static List<OutboundMessage> Make()
    {
        List<OutboundMessage> sent = [];
        FakeTimeProvider time = new(Now);
        Reporter reporter = new(Topics, BootId, time, sent.Add);
        reporter.Status(new StatusMessage
        {
            State = DeviceState.Online,
            Version = "0.1.0",
            SnapshotId = "s000003-1f9a0c42",
            ConfigHash = "9d0e41c7",
            Classes = ["walking", "sitting"],
            Provider = "cpu",
            ProvidersRefused = [new RefusedProvider("cuda", "it failed while it ran, and the CPU goes on until the service starts again: CUDA failure 700")],
            ProviderFailures = 2,
            SubscriptionsRefused = [new RefusedSubscription("edge/pump-7/config/desired", "NotAuthorized. Let the broker's access list (ACL) have user 'pump-7' read 'edge/pump-7/config/desired'.")],
            AnchorAccuracyPercent = 75,
            WorstForgetting = new WorstForgetting("walking", 27.5),
            DriftAlarms = 1,
            LatestDrift = new LatestDrift("inputs", "totalAccY", 1.1, 1130, Now.AddSeconds(-90)),
            UptimeSeconds = 61.5,
            BrokerUptimeSeconds = 61.7,
        });
        reporter.Prediction(new PredictionMessage
        {
            WindowsSeen = 1200,
            WindowsDropped = 0,
            WindowsPerSecond = 0.78,
            LatencyP50Ms = 0.21,
            LatencyP99Ms = 0.48,
            Latest = new LatestPrediction(1200, "walking", 0.93, 0.12, 0.31),
            CountsByClass = new Dictionary<string, long> { ["walking"] = 3 },
            UnknownCount = 1,
            RequestsMade = 2,
            RequestsAnswered = 1,
            DriftScore = 0.42,
            SnapshotId = "s000003-1f9a0c42",
        });
        reporter.Drift(
            new DriftEvent
            {
                Detector = "inputs",
                What = "inputs",
                Statistic = 2.75,
                Threshold = 2.5,
                WindowId = 1130,
                SinceWindowId = 1103,
                SinceSeconds = 34.56,
                Channel = "totalAccY",
                Channels = [new ChannelMove("totalAccY", 0.05, -0.25, 1), new ChannelMove("totalAccX", 0.75, -0.0625, 1.125)],
                Class = "sitting",
                Scores = new Dictionary<string, double> { ["inputs"] = 1.1, ["embedding"] = 0.875 },
            },
            "s000003-1f9a0c42",
            DriftAction.AskedForLabels(3, "5 of the 8 labelled windows that a round needs now (training.roundExamples is 32)"));
        ForgettingTracker tracker = new();
        tracker.Update("s000002-77aa0301", 2, new Dictionary<string, AnchorAccuracy> { ["walking"] = new(95, 40) });
        reporter.Forgetting(
            tracker.Update("s000003-1f9a0c42", 3, new Dictionary<string, AnchorAccuracy> { ["walking"] = new(67.5, 40), ["sitting"] = new(87.5, 24) }, alarmPoints: 20),
            EvaluationCause.Promotion,
            new RepresentationShift("s000002-77aa0301", 64, 0.875, [new PrototypeDrift("walking", 0.25, 0.03125), new PrototypeDrift("sitting", 0.5, 0.125)]),
            new RepresentationShift("s000001-5d0e7b16", 64, 0.5, [new PrototypeDrift("walking", 0.75, 0.25), new PrototypeDrift("sitting", 1, 0.5)]));
        reporter.Training(new TrainingMessage { Round = 3, Event = TrainingEvent.Finished, Step = 160, StepCount = 160, Loss = 1.25, Seconds = 6.5, Attempt = 1, PeakRssMiB = 512 });
        reporter.Snapshot(new SnapshotMessage
        {
            Event = SnapshotEvent.Refused,
            SnapshotId = "s000003-1f9a0c42",
            ParentId = "s000002-77aa0301",
            Round = 4,
            AnchorAccuracyPercent = 71.5,
            PreviousAnchorAccuracyPercent = 90,
            ReadOut = "frozen ridge",
            Novelty = new NoveltyReport(2.75, 1.64, 0, 60),
            Reasons = ["anchor accuracy 71.5 %; expected at least 89 %. Collect labels of sitting."],
            CandidateId = "s000004-0be11d90",
        });
        reporter.SnapshotRequest(new SnapshotRequestMessage { Sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Chunks = [3, 5, 6, 7], HeldCount = 4, ChunkCount = 32 });
        reporter.ConfigReported(new ConfigReportedMessage
        {
            Active = new ActiveConfig(6, "9d0e41c7", "desired"),
            LastAttempt = new ConfigAttempt(7, "c3", ConfigResult.RolledBack, ["99 % of 2350 windows took up to 812.3 ms; updates.maxLatencyP99Ms is 250"], Now) { Stage = ConfigStage.Trial, Codes = ["latencyTooHigh"], KeyId = "7f3a91c2d4e5b608", GapWindows = 3 },
            Trust = ConfigTrust.Signed,
            KeysVersion = 2,
        });
        reporter.LabelRequest(new LabelRequestMessage
        {
            WindowId = 1200,
            At = Now,
            Reason = LabelRequestReason.Unknown,
            Novelty = 0.41,
            NoveltyRatio = 1.8,
            Margin = 0.52,
            Candidates = [new ClassCandidate("walking", 0.71), new ClassCandidate("sitting", 0.19)],
            AnswerableUntil = Now.AddSeconds(1310),
        });
        reporter.LabelResult(new LabelResultMessage { RequestId = "r1", WindowId = 1200, Class = "walking", Accepted = true, ExampleId = 88, Role = ExampleRole.Replay });
        reporter.Replay(new ReplayMessage
        {
            Event = ReplayEvent.Restored,
            Reason = "its index is damaged",
            PutAside = "replay.db.bad-20260131T235957",
            SalvagedCount = 340,
            FromCopyCount = 24,
            Copy = "000007.db",
            LeastLostCount = 0,
            LostCount = 2,
        });
        return sent;
    }
}
