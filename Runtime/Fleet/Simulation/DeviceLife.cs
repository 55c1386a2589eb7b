using Edge.Storage;
using Edge.Telemetry.Forgetting;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Fleet.Simulation;

/// <summary>
/// What a device goes through without a model: windows at their rate, drift alarms every 10 minutes, questions for a label every 5, training rounds every 4 that end in a snapshot which is promoted (4 of 5) or refused and an exam
/// on the anchors; at pace 1, each a Poisson process. Accuracies rise towards 95 % and fall by some points for a class now and then, as they do. Drawn by seed; nothing is trained or classified. Not thread-safe.
/// </summary>
/// <param name="classes">labels.classes.</param>
/// <param name="pace">How often events come, against the usual.</param>
/// <param name="random">Draws; owned from now on.</param>
internal sealed class DeviceLife(IReadOnlyList<string> classes, double pace, Random random)
{
    private const double WindowsPerSecond = 50.0 / 64; // The default sensor and stride.
    private const int RememberedWindows = 1024; // window.ringCapacity: as many windows still take a label.
    private static readonly TimeSpan s_roundTakes = TimeSpan.FromSeconds(8);
    private readonly ForgettingTracker forgetting = new();
    private readonly Dictionary<string, double> accuracy = classes.ToDictionary(name => name, _ => 60 + (25 * random.NextDouble()), StringComparer.Ordinal);
    private double windows;
    private long windowsReported, requestsMade, requestsAnswered;
    private double? roundFor;
    private LatestDrift? latestDrift;
    private long driftAlarms;

    /// <summary>The running snapshot.</summary>
    public string SnapshotId { get; private set; } = "s000000-00000000";

    /// <summary>Rounds begun.</summary>
    public int Round { get; private set; }

    /// <summary>Windows classified.</summary>
    public long WindowsSeen => (long)windows;

    private double Accuracy => accuracy.Values.Average();

    /// <summary>What the retained status says of anchors and drift.</summary>
    public (double? AnchorAccuracyPercent, WorstForgetting? Worst, LatestDrift? Drift, long DriftAlarms) Standing => (forgetting.Latest?.OverallAccuracyPercent, WorstForgetting.Of(forgetting.Latest?.PerClass ?? []), latestDrift, driftAlarms);

    /// <summary>Says what a start of the service says.</summary>
    public void Begin(Reporter reporter)
    {
        reporter.Snapshot(new SnapshotMessage { Event = Round == 0 ? SnapshotEvent.Initial : SnapshotEvent.Restored, SnapshotId = SnapshotId, Round = Round, AnchorAccuracyPercent = Accuracy, ReadOut = "prototypes" });
        (latestDrift, driftAlarms) = (null, 0); // Another life of the service.
        Examine(reporter, EvaluationCause.Start);
    }

    /// <summary>Lives on for a while, and says what came of it.</summary>
    /// <param name="elapsed">For how long.</param>
    /// <param name="reporter">Takes the messages.</param>
    /// <param name="now">The device's clock.</param>
    public void Live(TimeSpan elapsed, Reporter reporter, DateTimeOffset now)
    {
        windows += WindowsPerSecond * elapsed.TotalSeconds;
        if (Comes(elapsed, TimeSpan.FromMinutes(10))) Drift(reporter, now);
        if (Comes(elapsed, TimeSpan.FromMinutes(5)) && WindowsSeen > 0) Ask(reporter, now);
        if (roundFor is { } since) GoOn(since + elapsed.TotalSeconds, reporter);
        else if (Comes(elapsed, TimeSpan.FromMinutes(4))) BeginRound(reporter);
    }

    /// <summary>Says what was classified since the last summary.</summary>
    public void Summarise(Reporter reporter, IReadOnlyDictionary<string, long>? messagesDropped)
    {
        long counted = WindowsSeen - windowsReported;
        windowsReported = WindowsSeen;
        string name = classes[random.Next(classes.Count)];
        double novelty = 0.4 * random.NextDouble();
        reporter.Prediction(new PredictionMessage
        {
            WindowsSeen = WindowsSeen,
            WindowsDropped = 0,
            WindowsPerSecond = WindowsPerSecond,
            LatencyP50Ms = 0.2 + (0.05 * random.NextDouble()),
            LatencyP99Ms = 0.5 + (0.3 * random.NextDouble()),
            Latest = counted > 0 ? new LatestPrediction((ulong)WindowsSeen, name, 0.5 + (0.5 * random.NextDouble()), novelty, 2 * novelty) : null,
            CountsByClass = counted > 0 ? new Dictionary<string, long> { [name] = counted } : new Dictionary<string, long>(),
            UnknownCount = 0,
            RequestsMade = requestsMade,
            RequestsAnswered = requestsAnswered,
            DriftScore = Math.Round(0.9 * random.NextDouble(), 3),
            MessagesDropped = messagesDropped,
            SnapshotId = SnapshotId,
        });
    }

    /// <summary>Answers a label as a device would.</summary>
    public void Label(ReadOnlyMemory<byte> payload, Reporter reporter)
    {
        var read = LabelMessage.Read(payload);
        if (!read.IsValid)
        {
            reporter.LabelResult(new LabelResultMessage { Accepted = false, Reason = string.Join(" ", read.Reasons) });
            return;
        }

        var label = read.Message;
        string? reason = !classes.Contains(label.Class) ? $"class '{label.Class}' is none of {string.Join(", ", classes)}"
            : label.WindowId == 0 || label.WindowId > (ulong)WindowsSeen || label.WindowId + RememberedWindows < (ulong)WindowsSeen ? $"window {label.WindowId} is not among the latest {RememberedWindows}" : null;
        if (reason is null) requestsAnswered = Math.Min(requestsMade, requestsAnswered + 1);
        reporter.LabelResult(new LabelResultMessage { RequestId = label.RequestId, WindowId = label.WindowId, Class = label.Class, Accepted = reason is null, ExampleId = reason is null ? label.WindowId : null, Role = reason is null ? ExampleRole.Replay : null, Reason = reason });
    }

    private void Examine(Reporter reporter, EvaluationCause cause) =>
        reporter.Forgetting(forgetting.Update(SnapshotId, Round, accuracy.ToDictionary(pair => pair.Key, pair => new AnchorAccuracy(pair.Value, 10), StringComparer.Ordinal)), cause);

    private void Drift(Reporter reporter, DateTimeOffset now)
    {
        double score = 1 + random.NextDouble();
        (latestDrift, driftAlarms) = (new LatestDrift("inputs", "accX", score, (ulong)WindowsSeen, now), driftAlarms + 1);
        reporter.Drift(new DriftMessage { Detector = "inputs", What = "inputs", Statistic = 5 * score, Threshold = 5, Score = score, Alarm = true, SinceWindowId = (ulong)Math.Max(0, WindowsSeen - 60), SinceSeconds = 77, WindowId = (ulong)WindowsSeen, Channel = "accX", SnapshotId = SnapshotId, Action = "roundRequested" });
    }

    private void Ask(Reporter reporter, DateTimeOffset now)
    {
        requestsMade++;
        int first = random.Next(classes.Count);
        reporter.LabelRequest(new LabelRequestMessage
        {
            WindowId = (ulong)WindowsSeen,
            At = now,
            Reason = random.Next(2) == 0 ? LabelRequestReason.Unknown : LabelRequestReason.LowMargin,
            Novelty = 0.4,
            Margin = 0.1,
            Candidates = [new ClassCandidate(classes[first], 0.5), new ClassCandidate(classes[(first + 1) % classes.Count], 0.4)],
            AnswerableUntil = now + TimeSpan.FromSeconds(RememberedWindows / WindowsPerSecond),
        });
    }

    private void BeginRound(Reporter reporter)
    {
        (Round, roundFor) = (Round + 1, 0);
        reporter.Training(new TrainingMessage { Round = Round, Event = TrainingEvent.Started, StepCount = 200, Attempt = 1 });
    }

    private void GoOn(double seconds, Reporter reporter)
    {
        roundFor = seconds;
        if (seconds < s_roundTakes.TotalSeconds)
        {
            reporter.Training(new TrainingMessage { Round = Round, Event = TrainingEvent.Progress, Step = (int)(200 * seconds / s_roundTakes.TotalSeconds), StepCount = 200, Loss = 2 / (1 + seconds), Seconds = seconds });
            return;
        }

        roundFor = null;
        reporter.Training(new TrainingMessage { Round = Round, Event = TrainingEvent.Finished, Step = 200, StepCount = 200, Seconds = seconds, PeakRssMiB = 310 });
        string candidate = $"s{Round:d6}-{random.Next():x8}";
        if (random.Next(5) == 0)
        {
            reporter.Snapshot(new SnapshotMessage { Event = SnapshotEvent.Refused, SnapshotId = SnapshotId, Round = Round, AnchorAccuracyPercent = Accuracy - 10, PreviousAnchorAccuracyPercent = Accuracy, Reasons = ["the candidate lost ten points on the anchors"], CandidateId = candidate });
            return;
        }

        double before = Accuracy;
        foreach (string name in classes) accuracy[name] = Math.Clamp(accuracy[name] + (random.Next(6) == 0 ? -10 * random.NextDouble() : 0.3 * (95 - accuracy[name])), 0, 100);
        reporter.Snapshot(new SnapshotMessage { Event = SnapshotEvent.Promoted, SnapshotId = candidate, ParentId = SnapshotId, Round = Round, AnchorAccuracyPercent = Accuracy, PreviousAnchorAccuracyPercent = before, ReadOut = "frozen ridge" });
        SnapshotId = candidate;
        Examine(reporter, EvaluationCause.Promotion);
    }

    /// <summary>Whether an event of a Poisson process falls into this while.</summary>
    private bool Comes(TimeSpan elapsed, TimeSpan meanDistance) => random.NextDouble() < 1 - Math.Exp(-pace * elapsed.TotalSeconds / meanDistance.TotalSeconds);
}
