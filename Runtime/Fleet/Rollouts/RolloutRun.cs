using System.Globalization;
using System.Threading.Channels;
using Edge.Runtime.Updates.Checks;
using Edge.Telemetry.Mqtt;

namespace Edge.Runtime.Fleet.Rollouts;

/// <summary>How a document is brought to a fleet.</summary>
internal sealed record RolloutPlan
{
    /// <summary>The document.</summary>
    public required RolloutDocument Document { get; init; }

    /// <summary>telemetry.topicRoot of the fleet.</summary>
    public required string Root { get; init; }

    /// <summary>Shares of the fleet, percent, growing; at least one.</summary>
    public required IReadOnlyList<double> Stages { get; init; }

    /// <summary>Which devices come first.</summary>
    public long Seed { get; init; }

    /// <summary>Devices in any of these groups; empty: as the document's target has it.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>More failed devices than that, of those it has reached, stop it.</summary>
    public double MaxFailedPercent { get; init; } = 10;

    /// <summary>How long devices that are there may take to answer; then they count as failed.</summary>
    public TimeSpan StageLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether it is watched and widened; false: the first stage is sent, and that is all.</summary>
    public bool Watches { get; init; } = true;

    /// <summary>Whether one that was paused or stopped goes on.</summary>
    public bool Resumes { get; init; }
}

/// <summary>
/// Sends a document to a growing share of a fleet, and stops by itself when too many devices fail. A stage is over when every device that is there has answered; the next follows at once. One that stops, or is paused, is taken back from
/// devices that have said nothing of it, so that none takes it that comes back meanwhile. The document is state and not a command: started again with the same version it goes on where it was.
/// </summary>
/// <param name="plan">What and how.</param>
/// <param name="heard">Status, reports and rollout records of the fleet, as they come.</param>
/// <param name="publish">Publishes retained messages, and returns when the broker has them.</param>
/// <param name="tell">Hears of every stage, of its end, and of changes at most once a second.</param>
/// <param name="time">Clock.</param>
internal sealed class RolloutRun(RolloutPlan plan, ChannelReader<InboundMessage> heard, Func<IReadOnlyCollection<(string Topic, byte[] Payload)>, CancellationToken, Task> publish, Action<RolloutRecord> tell, TimeProvider time)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_tellAgain = TimeSpan.FromSeconds(1);
    private readonly RolloutBoard board = new(plan.Root, plan.Document.Version, plan.Document.KeyId, plan.Seed);
    private readonly string recordTopic = RolloutRecord.TopicOf(plan.Root);
    private RolloutRecord? found;

    /// <summary>Topics that it wants to hear.</summary>
    internal static IReadOnlyList<string> Filters(string root) => [.. RolloutBoard.Filters(root), RolloutRecord.TopicOf(root)];

    /// <summary>Runs it to its end.</summary>
    /// <returns>How it ended; Running only when it is not watched.</returns>
    /// <exception cref="IOException">The broker does not take something; no device was heard of; or an earlier word stands against it.</exception>
    internal async Task<RolloutRecord> RunAsync(CancellationToken cancel)
    {
        foreach (var message in await RetainedMessages.GatherAsync(heard, time, cancel)) Take(message);
        if (board.Devices.Count == 0) throw new IOException($"no device was heard of under '{plan.Root}'; see --root, and 'edge watch'");
        if (found is { } earlier && IsThis(earlier))
        {
            if (earlier.State == RolloutState.Aborted) throw new IOException($"the rollout of version {earlier.Version} was aborted at {earlier.At:u}; give the document a higher version");
            if (earlier.State is RolloutState.Paused or RolloutState.Stopped && !plan.Resumes) throw new IOException($"the rollout of version {earlier.Version} was {earlier.State.ToString().ToLowerInvariant()} at {earlier.At:u} ({earlier.Reason}); go on with --resume");
        }

        found = null;
        foreach (double percent in plan.Stages)
        {
            board.Percent = percent;
            await SendAsync(cancel);
            await SayAsync(RolloutState.Running, null, cancel);
            if (!plan.Watches) return Record(RolloutState.Running, null);
            if (await StageAsync(cancel) is { } end) return end;
        }

        return await SayAsync(RolloutState.Done, null, cancel);
    }

    /// <summary>Waits until a stage is over; what ended the rollout, null when it is to be widened.</summary>
    private async Task<RolloutRecord?> StageAsync(CancellationToken cancel)
    {
        long start = time.GetTimestamp();
        long told = start;
        string before = board.Summary().ToString();
        string? failure = null;
        while (true)
        {
            await Task.Delay(s_look, time, cancel);
            Listen();
            if (found is { } word && IsWordAgainst(word))
            {
                if (word.State == RolloutState.Paused) await TakeBackAsync(cancel); // Whoever aborts does it.
                word = word with { Summary = board.Summary() };
                await publish([(recordTopic, word.Write())], cancel); // Over our own, where that was later.
                return word;
            }

            await SendAsync(cancel);
            var summary = board.Summary();
            bool isLate = time.GetElapsedTime(start) >= plan.StageLimit;
            double failed = isLate ? summary.FailedOrNoAnswerPercent : summary.FailedPercent;
            if (failed > plan.MaxFailedPercent)
                failure ??= string.Create(CultureInfo.InvariantCulture, $"{failed:0.#} % of the devices that it has reached failed{(isLate ? " or gave no answer" : "")}, and at most {plan.MaxFailedPercent:0.#} % may; it is not widened beyond {board.Percent:0.##} %");
            if (time.GetElapsedTime(told) >= s_tellAgain && summary.ToString() is var line && line != before)
            {
                (told, before) = (time.GetTimestamp(), line);
                tell(Record(RolloutState.Running, failure));
            }

            if (!summary.IsSettled && !isLate) continue; // Also when it has failed: those on trial come to their end before it is summed up.
            if (failure is null) return null;
            await TakeBackAsync(cancel);
            return await SayAsync(RolloutState.Stopped, failure, cancel);
        }
    }

    private bool IsWordAgainst(RolloutRecord? record) => record is { State: RolloutState.Paused or RolloutState.Aborted } && IsThis(record);

    private bool IsThis(RolloutRecord record) => (record.Version, record.KeyId) == (plan.Document.Version, plan.Document.KeyId);

    private void Listen()
    {
        while (heard.TryRead(out var message)) Take(message);
    }

    private void Take(InboundMessage message)
    {
        if (message.Topic != recordTopic) board.Hear(message, Math.Max(1, plan.Groups.Count));
        else if (RolloutRecord.Read(message.Payload) is { } record && !(record.State == RolloutState.Running && IsWordAgainst(found))) found = record; // Our own "running" may come a moment after somebody's "paused".
    }

    private async Task SendAsync(CancellationToken cancel)
    {
        var devices = board.ToBeSent;
        if (devices.Count == 0) return;
        foreach (string device in devices) board.Sent(device); // Before: the answer may be here before the call returns.
        await PublishAsync(devices, board.Percent, cancel);
    }

    /// <summary>The same version for 0 % takes the place of what the broker keeps for them: a device that has taken it meanwhile goes on, any other lets it be. Going on with the rollout sends it again.</summary>
    private Task TakeBackAsync(CancellationToken cancel) => PublishAsync(board.Silent, 0, cancel);

    private async Task PublishAsync(IReadOnlyList<string> devices, double percent, CancellationToken cancel)
    {
        if (devices.Count == 0) return;
        var byGroup = Enumerable.Range(0, Math.Max(1, plan.Groups.Count)).Select(group => new Lazy<byte[]>(() => plan.Document.For(new Rollout(percent, plan.Seed), plan.Groups.ElementAtOrDefault(group)))).ToArray();
        await publish([.. devices.Select(device => (new Topics(plan.Root, device).ConfigDesired, byGroup[board.GroupOf(device)].Value))], cancel);
    }

    private async Task<RolloutRecord> SayAsync(RolloutState state, string? reason, CancellationToken cancel)
    {
        var record = Record(state, reason);
        await publish([(recordTopic, record.Write())], cancel);
        tell(record);
        return record;
    }

    private RolloutRecord Record(RolloutState state, string? reason) => new()
    {
        Version = plan.Document.Version,
        KeyId = plan.Document.KeyId,
        Seed = plan.Seed,
        Percent = board.Percent,
        Stages = plan.Stages,
        State = state,
        Reason = reason,
        At = time.GetUtcNow(),
        Summary = board.Summary(),
    };
}
