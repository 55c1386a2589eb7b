using System.Text.Json;
using Edge.Telemetry.Drift.Watching;
using Edge.Telemetry.Forgetting;
using Edge.Telemetry.Mqtt;

namespace Edge.Telemetry.Messages;

/// <summary>
/// Puts the envelope on messages and hands them to the link; one method per kind. Thread-safe; messages are handed over in the order of their sequence numbers. A message that is never dropped is on disk when its method
/// returns, or the broker has it; a drift alarm, which is reported between two windows, milliseconds later.
/// </summary>
public sealed class Reporter
{
    private readonly Topics _topics;
    private readonly string _bootId;
    private readonly TimeProvider _time;
    private static readonly TimeSpan SafeLimit = TimeSpan.FromSeconds(2);

    private readonly Func<OutboundMessage, Task> _send;
    private readonly Lock _gate = new();
    private long _seq;

    /// <summary>A reporter for one start of the service.</summary>
    /// <param name="topics">Topics of the device.</param>
    /// <param name="bootId">Unique per start of the service.</param>
    /// <param name="time">The clock for time stamps.</param>
    /// <param name="send">Takes the finished message; must not block.</param>
    public Reporter(Topics topics, string bootId, TimeProvider time, Action<OutboundMessage> send)
        : this(topics, bootId, time, message =>
        {
            send(message);
            return Task.CompletedTask;
        })
    {
        ArgumentNullException.ThrowIfNull(send);
    }

    /// <summary>A reporter for one start of the service.</summary>
    /// <param name="topics">Topics of the device.</param>
    /// <param name="bootId">Unique per start of the service.</param>
    /// <param name="time">The clock for time stamps.</param>
    /// <param name="send">Takes the finished message without blocking; its task completes when the message is safe: <see cref="MqttLink.SendAsync"/>.</param>
    public Reporter(Topics topics, string bootId, TimeProvider time, Func<OutboundMessage, Task> send)
    {
        ArgumentNullException.ThrowIfNull(topics);
        ArgumentException.ThrowIfNullOrEmpty(bootId);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(send);
        (_topics, _bootId, _time, _send) = (topics, bootId, time, send);
    }

    /// <summary>Messages reported so far: the sequence number of the latest.</summary>
    public long Seq => Interlocked.Read(ref _seq);

    /// <summary>The message that the broker is to publish when it loses the device: status offline, reason "lwt", sequence number 0.</summary>
    public static OutboundMessage LastWill(Topics topics, string bootId, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(topics);
        ArgumentNullException.ThrowIfNull(time);
        StatusMessage offline = new() { State = DeviceState.Offline, Reason = StatusMessage.LastWillReason };
        return Wrap(offline, topics, bootId, 0, time.GetUtcNow());
    }

    /// <summary>Sends the device's status.</summary>
    public void Status(StatusMessage status) => Send(status);

    /// <summary>Makes the last status of a clean stop, for <see cref="MqttLink.RunAsync(Func{OutboundMessage}, CancellationToken)"/>; it is not sent by this
    /// call.</summary>
    public OutboundMessage Farewell(StatusMessage status) => Make(status);

    /// <summary>Sends a prediction summary.</summary>
    public void Prediction(PredictionMessage summary) => Send(summary);

    /// <summary>Sends a drift message.</summary>
    public void Drift(DriftMessage drift) => Send(drift, waits: false);

    /// <summary>Sends an alarm of the drift watch.</summary>
    /// <param name="drift">The event.</param>
    /// <param name="snapshotId">The snapshot that ran; null before the first.</param>
    /// <param name="action">What the device did about it.</param>
    public void Drift(DriftEvent drift, string? snapshotId, DriftAction action)
    {
        ArgumentNullException.ThrowIfNull(drift);
        ArgumentNullException.ThrowIfNull(action);
        Drift(new DriftMessage
        {
            Detector = drift.Detector,
            What = drift.What,
            Statistic = drift.Statistic,
            Threshold = drift.Threshold,
            Score = drift.Threshold > 0 ? drift.Statistic / drift.Threshold : 0,
            Alarm = true,
            SinceWindowId = drift.SinceWindowId,
            SinceSeconds = drift.SinceSeconds,
            WindowId = drift.WindowId,
            Channel = drift.Channel,
            Channels = drift.Channels,
            Class = drift.Class,
            Scores = drift.Scores,
            SnapshotId = snapshotId,
            Action = action.Word,
            LabelsRequested = action.LabelsRequested,
            ActionReason = action.Reason,
        });
    }

    /// <summary>Sends an evaluation on the anchor set, and each alarm that began or ended with it.</summary>
    /// <param name="reading">The evaluation.</param>
    /// <param name="cause">Why it was made.</param>
    /// <param name="againstPrevious">How far the representation has moved from the snapshot before; null where that is not known.</param>
    /// <param name="againstFirst">The same from the first.</param>
    public void Forgetting(ForgettingReading reading, EvaluationCause cause, RepresentationShift? againstPrevious = null, RepresentationShift? againstFirst = null)
    {
        ArgumentNullException.ThrowIfNull(reading);
        Send(new ForgettingMessage
        {
            Cause = cause,
            SnapshotId = reading.SnapshotId,
            Round = reading.Round,
            PerClass = reading.PerClass,
            AverageAccuracyPercent = reading.AverageAccuracyPercent,
            ForgettingChaudhryPoints = reading.ForgettingChaudhryPoints,
            OverallAccuracyPercent = reading.OverallAccuracyPercent,
            BwtLopezPazPoints = reading.BwtLopezPazPoints,
            LearningAccuracyPercent = reading.LearningAccuracyPercent,
            AnytimeAverageAccuracyPercent = reading.AnytimeAverageAccuracyPercent,
            MinAccDeLangePercent = reading.MinAccDeLangePercent,
            WcAccDeLangePercent = reading.WcAccDeLangePercent,
            AgainstPrevious = againstPrevious,
            AgainstFirst = againstFirst,
        });
        foreach (ForgettingAlarm alarm in reading.Alarms)
        {
            Send(new ForgettingAlarmMessage
            {
                Class = alarm.Class,
                Alarm = alarm.Rings,
                AccuracyPercent = alarm.AccuracyPercent,
                BestPercent = alarm.BestPercent,
                LostPoints = alarm.LostPoints,
                LimitPoints = alarm.LimitPoints,
                AnchorCount = alarm.AnchorCount,
                SnapshotId = alarm.SnapshotId,
                Round = alarm.Round,
                MeasuredSnapshotId = reading.SnapshotId,
            });
        }
    }

    /// <summary>Sends an event of a training round.</summary>
    public void Training(TrainingMessage training) => Send(training);

    /// <summary>Sends the running snapshot with the event that led to it.</summary>
    public void Snapshot(SnapshotMessage snapshot) => Send(snapshot);

    /// <summary>Asks for pieces of an offered snapshot.</summary>
    public void SnapshotRequest(SnapshotRequestMessage request) => Send(request, waits: false);

    /// <summary>Sends the active configuration with the latest attempt.</summary>
    public void ConfigReported(ConfigReportedMessage config) => Send(config);

    /// <summary>Sends what happened to the replay buffer.</summary>
    public void Replay(ReplayMessage replay) => Send(replay);

    /// <summary>Asks for the label of a window.</summary>
    public void LabelRequest(LabelRequestMessage request) => Send(request, waits: false);

    /// <summary>Sends what became of a label.</summary>
    public void LabelResult(LabelResultMessage result) => Send(result);

    private static OutboundMessage Wrap(TelemetryMessage body, Topics topics, string bootId, long seq, DateTimeOffset now)
    {
        TelemetryMessage message = body with { DeviceId = topics.DeviceId, BootId = bootId, Seq = seq, Ts = now };
        TopicRow row = Topics.RowOf(message.Schema);
        byte[] payload = JsonSerializer.SerializeToUtf8Bytes(message, message.GetType(), TelemetryJson.Default);
        return new OutboundMessage(row.Name, topics.Of(row), payload, DeliveryOf(body, row));
    }

    /// <summary>How a message is treated: as its topic is, but what went wrong with a training round is an alarm.</summary>
    private static Delivery DeliveryOf(TelemetryMessage body, TopicRow row) =>
        body is TrainingMessage { Event: TrainingEvent.Failed or TrainingEvent.Abandoned or TrainingEvent.ChildKilled } ? Delivery.NeverDrop : row.Delivery ?? Delivery.Event;

    private void Send(TelemetryMessage body, bool waits = true)
    {
        Task safe;
        lock (_gate) safe = _send(Make(body));
        if (waits && !safe.IsCompleted) safe.Wait(SafeLimit);
    }

    private OutboundMessage Make(TelemetryMessage body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Wrap(body, _topics, _bootId, Interlocked.Increment(ref _seq), _time.GetUtcNow());
    }
}
