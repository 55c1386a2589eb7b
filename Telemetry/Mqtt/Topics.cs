using Edge.Telemetry.Messages;

namespace Edge.Telemetry.Mqtt;

/// <summary>Every topic of one device, <c>{root}/{deviceId}/…</c>, and the table of what is agreed about each.</summary>
public sealed record Topics
{
    /// <summary>The contract, one row per topic. README.md shows it; a test compares the two.</summary>
    public static readonly IReadOnlyList<TopicRow> Table =
    [
        new("status", "status", TopicDirection.FromDevice, 1, true, Mqtt.Delivery.LatestState, StatusMessage.SchemaName,
            "on connect, when the state, snapshot, configuration, accuracy on the anchors or number of drift alarms changes, at a clean stop; by the broker as last will"),
        new("prediction", "prediction", TopicDirection.FromDevice, 1, false, Mqtt.Delivery.Gauge, PredictionMessage.SchemaName,
            "every telemetry.summarySeconds"),
        new("drift", "drift", TopicDirection.FromDevice, 1, false, Mqtt.Delivery.NeverDrop, DriftMessage.SchemaName,
            "when the drift alarm rings"),
        new("forgetting", "forgetting", TopicDirection.FromDevice, 1, false, Mqtt.Delivery.NeverDrop, ForgettingMessage.SchemaName,
            "after every evaluation on the anchor set: at start, after every promotion, every telemetry.forgettingMinutes, for every trial of a live change"),
        new("forgettingAlarm", "forgetting/alarm", TopicDirection.FromDevice, 1, false, Mqtt.Delivery.NeverDrop, ForgettingAlarmMessage.SchemaName,
            "when a class has lost more than its limit (telemetry.forgettingAlarmByClass, else forgettingAlarmPoints), and when it has recovered"),
        new("training", "training", TopicDirection.FromDevice, 1, false, Mqtt.Delivery.Event, TrainingMessage.SchemaName,
            "when a training round starts, goes on or ends"),
        new("snapshot", "snapshot", TopicDirection.FromDevice, 1, true, Mqtt.Delivery.RetainedEvent, SnapshotMessage.SchemaName,
            "at start and when a candidate, or a snapshot that came over the air, is promoted or refused"),
        new("snapshotRequest", "snapshot/request", TopicDirection.FromDevice, 1, false, Mqtt.Delivery.Gauge, SnapshotRequestMessage.SchemaName,
            "while an offered snapshot is fetched, until all of it is there"),
        new("configReported", "config/reported", TopicDirection.FromDevice, 1, true, Mqtt.Delivery.RetainedNeverDrop, ConfigReportedMessage.SchemaName,
            "at start and at every step of a desired configuration"),
        new("labelRequest", "label/request", TopicDirection.FromDevice, 1, false, Mqtt.Delivery.Event, LabelRequestMessage.SchemaName,
            "when a window is unknown or of low margin, and when the drift alarm rings and no round can start, within labels.requestsPerHour"),
        new("labelResult", "label/result", TopicDirection.FromDevice, 1, false, Mqtt.Delivery.Event, LabelResultMessage.SchemaName,
            "after every label"),
        new("replay", "replay", TopicDirection.FromDevice, 1, false, Mqtt.Delivery.Event, ReplayMessage.SchemaName,
            "when the damaged file of the replay buffer was restored"),
        new("label", "label", TopicDirection.ToDevice, 1, false, null, LabelMessage.SchemaName,
            "when an operator knows the class of a window"),
        new("configDesired", "config/desired", TopicDirection.ToDevice, 1, true, null, ConfigDesiredMessage.SchemaName,
            "when the fleet wants another configuration"),
        new("configKeys", "config/keys", TopicDirection.ToDevice, 1, true, null, ConfigKeysMessage.SchemaName,
            "when a key is added or retired"),
        new("snapshotOffer", "snapshot/offer", TopicDirection.ToDevice, 1, true, null, SnapshotOfferMessage.SchemaName,
            "when a snapshot is offered to the device; to a fleet on {root}/fleet/snapshot/offer, to a group on {root}/fleet/{group}/snapshot/offer"),
        new("snapshotChunk", "snapshot/chunk", TopicDirection.ToDevice, 1, false, null, SnapshotChunkMessage.SchemaName,
            "when the device has asked for it"),
    ];

    private readonly string _prefix;

    /// <summary>Topics of one device.</summary>
    /// <param name="root">First levels of every topic, without a slash at either end.</param>
    /// <param name="deviceId">The device.</param>
    /// <exception cref="ArgumentException">One of them is empty, has an empty level, or holds a wildcard.</exception>
    public Topics(string root, string deviceId)
    {
        Root = Checked(root, nameof(root), slashAllowed: true);
        DeviceId = Checked(deviceId, nameof(deviceId), slashAllowed: false);
        _prefix = $"{Root}/{DeviceId}/";
    }

    /// <summary>First levels of every topic.</summary>
    public string Root { get; }

    /// <summary>The device.</summary>
    public string DeviceId { get; }

    /// <summary>What the device is and runs; retained, last will.</summary>
    public string Status => _prefix + "status";

    /// <summary>Prediction summaries.</summary>
    public string Prediction => _prefix + "prediction";

    /// <summary>Drift alarms.</summary>
    public string Drift => _prefix + "drift";

    /// <summary>Evaluations on the anchor set.</summary>
    public string Forgetting => _prefix + "forgetting";

    /// <summary>Classes that lost too much, and their recovery.</summary>
    public string ForgettingAlarm => _prefix + "forgetting/alarm";

    /// <summary>Events of training rounds.</summary>
    public string Training => _prefix + "training";

    /// <summary>The running snapshot and the latest event at the gate; retained.</summary>
    public string Snapshot => _prefix + "snapshot";

    /// <summary>The active configuration and the latest attempt to change it; retained.</summary>
    public string ConfigReported => _prefix + "config/reported";

    /// <summary>What happened to the replay buffer.</summary>
    public string Replay => _prefix + "replay";

    /// <summary>Windows whose label is asked for.</summary>
    public string LabelRequest => _prefix + "label/request";

    /// <summary>What became of a label.</summary>
    public string LabelResult => _prefix + "label/result";

    /// <summary>Inbound: labels.</summary>
    public string Label => _prefix + "label";

    /// <summary>Inbound: desired configuration.</summary>
    public string ConfigDesired => _prefix + "config/desired";

    /// <summary>Inbound: trusted keys.</summary>
    public string ConfigKeys => _prefix + "config/keys";

    /// <summary>Which pieces of an offered snapshot are missing.</summary>
    public string SnapshotRequest => _prefix + "snapshot/request";

    /// <summary>Inbound: a snapshot offered to this device alone; retained.</summary>
    public string SnapshotOffer => _prefix + "snapshot/offer";

    /// <summary>Inbound: pieces of a snapshot that was asked for.</summary>
    public string SnapshotChunk => _prefix + "snapshot/chunk";

    /// <summary>Where a snapshot is offered to a whole fleet; retained.</summary>
    /// <param name="root">First levels of every topic.</param>
    public static string FleetOffer(string root) => $"{root}/fleet/snapshot/offer";

    /// <summary>Where a snapshot is offered to a group of devices; retained.</summary>
    /// <param name="root">First levels of every topic.</param>
    /// <param name="group">One of <c>device.groups</c>.</param>
    public static string GroupOffer(string root, string group) => $"{root}/fleet/{group}/snapshot/offer";

    /// <summary>Whether a snapshot may be offered there to this device: by itself, with its fleet, or with a group.</summary>
    public bool IsOffer(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return topic == SnapshotOffer || topic == FleetOffer(Root) || (topic.StartsWith($"{Root}/fleet/", StringComparison.Ordinal) && topic.EndsWith("/snapshot/offer", StringComparison.Ordinal));
    }

    /// <summary>The topics that the device subscribes to.</summary>
    public IReadOnlyList<string> Inbound => [Label, ConfigKeys, ConfigDesired];

    /// <summary>The topics that it subscribes to as well when it takes snapshots over the air. All groups: which are its own may change while it is connected, and the offer says for whom it is.</summary>
    public IReadOnlyList<string> InboundSnapshots => [SnapshotChunk, SnapshotOffer, FleetOffer(Root), GroupOffer(Root, "+")];

    /// <summary>The row of the table with this payload schema.</summary>
    internal static TopicRow RowOf(string schema) => Table.First(row => row.Schema == schema);

    /// <summary>The topic of a row for this device.</summary>
    public string Of(TopicRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return _prefix + row.Suffix;
    }

    /// <summary>Whether a word may be one level of a topic, as the id of a device is.</summary>
    public static bool IsLevel(string word) => word.Length > 0 && !word.AsSpan().ContainsAny("+#$/\0");

    private static string Checked(string levels, string name, bool slashAllowed)
    {
        ArgumentException.ThrowIfNullOrEmpty(levels, name);
        if (!(slashAllowed ? levels.Split('/').All(IsLevel) : IsLevel(levels)))
        {
            throw new ArgumentException($"'{levels}' cannot be part of a topic: no '+', '#', '$' or NUL, no empty level{(slashAllowed ? "" : ", no '/'")}.", name);
        }

        return levels;
    }
}
