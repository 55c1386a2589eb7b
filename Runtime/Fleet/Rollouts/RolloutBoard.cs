using Edge.Runtime.Updates.Checks;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Fleet.Rollouts;

/// <summary>What each device of a fleet has made of one document, from its retained status and its report. Memory: one entry per device, at most 10,000. Not thread-safe.</summary>
/// <param name="root">telemetry.topicRoot of the fleet.</param>
/// <param name="version">Version of the document.</param>
/// <param name="keyId">Who signed it.</param>
/// <param name="seed">Chooses which devices come first.</param>
internal sealed class RolloutBoard(string root, long version, string keyId, long seed)
{
    private const int MostDevices = 10_000;
    private readonly SortedDictionary<string, Entry> entries = new(StringComparer.Ordinal);

    private enum Answer
    {
        None,
        UnderWay,
        Active,
        RolledBack,
        Refused,
        NotMeant,
    }

    /// <summary>Topics that it wants to hear.</summary>
    internal static IReadOnlyList<string> Filters(string root) => [FleetTopic.Filter(root, "status"), FleetTopic.Filter(root, "config/reported")];

    /// <summary>Share of the devices that it has reached, percent.</summary>
    internal double Percent { get; set; }

    /// <summary>Devices that were heard of.</summary>
    internal IReadOnlyCollection<string> Devices => entries.Keys;

    /// <summary>Devices to which the document for the present share, or for another group, has not been sent, and that have not made up their mind.</summary>
    internal IReadOnlyList<string> ToBeSent => [.. entries.Where(pair => pair.Value.SentPercent != Percent && pair.Value.Answer is Answer.None or Answer.Refused).Select(pair => pair.Key)];

    /// <summary>Devices that run with it, or may do so yet.</summary>
    internal IReadOnlyList<string> MayHaveIt => [.. entries.Where(pair => pair.Value.Answer is Answer.Active or Answer.UnderWay || (pair.Value.Answer == Answer.None && IsReached(pair.Key))).Select(pair => pair.Key)];

    /// <summary>Devices that it has reached, to which it was sent, and that have said nothing of it: away, or hanging.</summary>
    internal IReadOnlyList<string> Silent => [.. entries.Where(pair => pair.Value is { Answer: Answer.None, SentPercent: not null } && IsReached(pair.Key)).Select(pair => pair.Key)];

    /// <summary>Which of the groups a device is tried with.</summary>
    internal int GroupOf(string device) => entries[device].Group;

    /// <summary>The document goes to this device, for the present share.</summary>
    internal void Sent(string device)
    {
        var entry = entries[device];
        (entry.SentPercent, entry.WasThere) = (Percent, entry.IsThere);
        if (entry.Answer == Answer.Refused) entry.Answer = Answer.None; // It looks at it again.
    }

    /// <summary>Takes the reports that are there for answers to it: for whoever looks later.</summary>
    internal void AllSent()
    {
        foreach (string device in entries.Keys) Sent(device);
    }

    /// <summary>Takes a message.</summary>
    /// <param name="message">A status or a report; anything else is not looked at.</param>
    /// <param name="groupCount">Groups that a device is tried with, one after the other; 1: as the document has it.</param>
    internal void Hear(InboundMessage message, int groupCount = 1)
    {
        if (FleetTopic.Of(root, message.Topic) is not var (device, suffix)) return;
        if (message.Payload.IsEmpty)
        {
            if (suffix == "status") entries.Remove(device); // Taken out of the fleet.
            return;
        }

        if (ReportReader.Root(message.Payload) is not { } json) return;
        if (!entries.TryGetValue(device, out var entry))
        {
            if (entries.Count >= MostDevices) return;
            entries.Add(device, entry = new Entry());
        }

        if (suffix == "status") entry.IsThere = json.Text("state") is "online" or "starting";
        if (suffix != "config/reported" || AttemptReport.Of(json) is not { } attempt) return;
        if (!attempt.IsOf(version, keyId) && (message.Retained || !attempt.IsUnread)) return;
        var (result, codes) = (attempt.Result, attempt.Codes);
        switch (result)
        {
            case "applied" or "unchanged":
                entry.Answer = Answer.Active;
                break;
            case "staged" or "trial":
                entry.Answer = Answer.UnderWay;
                break;
            case "rolledBack":
                (entry.Answer, entry.Code) = (Answer.RolledBack, CodeOf(codes));
                break;
            case "refused" or "superseded" when entry.SentPercent is not null: // What was refused before was another sending.
                if (!codes.Contains("notForThisDevice")) (entry.Answer, entry.Code) = (Answer.Refused, result == "superseded" ? "superseded" : CodeOf(codes));
                else if (entry.Group + 1 < groupCount) (entry.Group, entry.SentPercent) = (entry.Group + 1, null);
                else entry.Answer = Answer.NotMeant;
                break;
        }
    }

    /// <summary>The counts.</summary>
    internal RolloutSummary Summary()
    {
        var reached = entries.Where(pair => pair.Value.Answer is not (Answer.None or Answer.NotMeant) || (pair.Value.Answer == Answer.None && IsReached(pair.Key))).Select(pair => pair.Value).ToArray();
        return new RolloutSummary
        {
            Total = entries.Count,
            NotTargeted = entries.Values.Count(entry => entry.Answer == Answer.NotMeant),
            Waiting = entries.Count(pair => pair.Value.Answer == Answer.None && !IsReached(pair.Key)),
            Active = reached.Count(entry => entry.Answer == Answer.Active),
            UnderWay = reached.Count(entry => entry.Answer == Answer.UnderWay),
            RolledBackByCode = Counts(reached, Answer.RolledBack),
            RefusedByCode = Counts(reached, Answer.Refused),
            Silent = reached.Count(entry => entry.Answer == Answer.None),
            NoAnswer = reached.Count(entry => entry.Answer is Answer.None or Answer.UnderWay && (entry.WasThere || entry.IsThere)),
        };
    }

    private bool IsReached(string device) => Rollout.BucketOf(seed, device) < Percent;

    private static string CodeOf(IReadOnlyList<string> codes) => codes.Count == 0 ? "unknown" : string.Join("+", codes.Distinct(StringComparer.Ordinal));

    private static SortedDictionary<string, int> Counts(Entry[] reached, Answer answer) =>
        new(reached.Where(entry => entry.Answer == answer).GroupBy(entry => entry.Code, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal), StringComparer.Ordinal);

    private sealed class Entry
    {
        public Answer Answer { get; set; }

        public string Code { get; set; } = "";

        public int Group { get; set; }

        public double? SentPercent { get; set; }

        public bool IsThere { get; set; }

        public bool WasThere { get; set; }
    }
}
