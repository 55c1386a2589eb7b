using System.Diagnostics.CodeAnalysis;

namespace Edge.Telemetry.Mqtt;

/// <summary>
/// Messages of the queue that the broker refused for now. A refusal says nothing about another topic, so each topic has a place of its own: after 1 s, 2 s, 4 s … 60 s, and at once on a new connection, one message of it is tried
/// again, another one each time. When the broker takes it, all of the topic go back to the queue. A topic that was denied is closed until then: what comes later for it waits behind, in order. Used under the lock of
/// <see cref="OutgoingMessages"/>.
/// </summary>
internal sealed class ParkedMessages(TimeProvider time)
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_longestDangerousPause = TimeSpan.FromHours(1);
    private readonly Dictionary<string, Topic> _topics = new(StringComparer.Ordinal);

    /// <summary>How many wait here.</summary>
    public int Count { get; private set; }

    /// <summary>How long until the next is to be tried; null: none waits.</summary>
    public TimeSpan? NextIn => _topics.Count == 0 ? null : _topics.Values.Where(topic => topic.Probe is null && !topic.IsEmpty).Select(topic => (TimeSpan?)LeftOf(topic)).Min();

    /// <summary>The droppable message that goes first where there is no room; null: none.</summary>
    public LinkedListNode<WaitingMessage>? FirstEvent => _topics.Count == 0 ? null : FirstOf(topic => topic.Events.First);

    /// <summary>The message that goes first where there is no room for what the broker might take, although it should never be dropped; null: none.</summary>
    public LinkedListNode<WaitingMessage>? FirstNeverDropped => _topics.Count == 0 ? null : FirstOf(topic => topic.Never.First);

    /// <summary>How long to wait after so many refusals in a row.</summary>
    public static TimeSpan PauseAfter(int refusals) => refusals > 6 ? s_longestPause : TimeSpan.FromSeconds(1 << (refusals - 1));

    /// <summary>How long, on one connection, to wait with what ended connections, after so many refusals in a row: 1, 2, 4 … 60 minutes. Each try may cost a connection.</summary>
    public static TimeSpan DangerousPauseAfter(int refusals) => refusals > 6 ? s_longestDangerousPause : TimeSpan.FromMinutes(1 << (refusals - 1));

    /// <summary>The broker has refused this one.</summary>
    /// <param name="node">The message.</param>
    /// <param name="isDenied">Whether it will not take any of the topic: then the topic is closed.</param>
    /// <param name="isKept">Whether to take it in; then it must belong to no list. Otherwise its turn is over, and it is for the caller to give it up.</param>
    /// <param name="endsConnections">Whether it ended the connection: then the topic is closed as well, and not tried at once on a new connection.</param>
    /// <returns>The pause until one of its topic is tried again, when that is news; else null.</returns>
    public TimeSpan? Refused(LinkedListNode<WaitingMessage> node, bool isDenied, bool isKept, bool endsConnections = false)
    {
        WaitingMessage entry = node.Value;
        if (!_topics.TryGetValue(entry.Topic, out Topic? topic))
        {
            if (!isKept) return null;
            _topics.Add(entry.Topic, topic = new Topic());
        }

        bool isFirst = topic.RefusalCount == 0, isProbe = topic.Probe == entry;
        if (isKept)
        {
            topic.IsClosed |= isDenied || endsConnections;
            topic.EndsConnections = endsConnections;
            Add(topic, node, isFirst: isProbe && (isDenied || endsConnections)); // What was only postponed goes last: the reason may lie in this one message.
        }

        if (isFirst || isProbe || endsConnections) topic.Wait(endsConnections ? DangerousPauseAfter(++topic.RefusalCount) : PauseAfter(++topic.RefusalCount), time); // Others were in flight with it.
        return isFirst ? topic.Pause : null;
    }

    /// <summary>Whether this one has to wait behind others of its topic; then it is to be handed over to <see cref="Await"/>.</summary>
    public bool IsBehind(WaitingMessage entry) => _topics.Count > 0 && _topics.TryGetValue(entry.Topic, out Topic? topic) && topic.IsClosed && topic.Probe != entry;

    /// <summary>Whether this one is tried of a topic that ended connections.</summary>
    public bool IsDangerous(WaitingMessage entry) => _topics.Count > 0 && _topics.TryGetValue(entry.Topic, out Topic? topic) && topic.EndsConnections && topic.Probe == entry;

    /// <summary>Takes in one that is <see cref="IsBehind"/>, and belongs to no list.</summary>
    public void Await(LinkedListNode<WaitingMessage> node) => Add(_topics[node.Value.Topic], node, isFirst: false);

    /// <summary>Gives up the next one that is to be tried again now; false: none is.</summary>
    public bool TryProbe([NotNullWhen(true)] out LinkedListNode<WaitingMessage>? node)
    {
        node = null;
        if (Count == 0) return false;
        foreach (Topic topic in _topics.Values)
        {
            if (topic.Probe is not null || topic.IsEmpty || LeftOf(topic) > TimeSpan.Zero) continue;
            node = (topic.Events.First, topic.Never.First) switch
            {
                ({ } e, { } n) => e.Value.Id < n.Value.Id ? e : n,
                var (e, n) => e ?? n!,
            };
            node.List!.Remove(node);
            Count--;
            topic.Probe = node.Value;
            return true;
        }

        return false;
    }

    /// <summary>The broker has taken this one: when it was the one that was tried for its topic, the others come back, oldest first; else none.</summary>
    public IReadOnlyList<LinkedListNode<WaitingMessage>> Taken(WaitingMessage entry)
    {
        if (_topics.Count == 0 || !_topics.TryGetValue(entry.Topic, out Topic? topic) || topic.Probe != entry) return [];
        _topics.Remove(entry.Topic);
        List<LinkedListNode<WaitingMessage>> all = [];
        foreach (LinkedList<WaitingMessage> list in new[] { topic.Events, topic.Never })
        {
            while (list.First is { } node)
            {
                list.RemoveFirst();
                all.Add(node);
            }
        }

        Count -= all.Count;
        all.Sort((a, b) => a.Value.Id.CompareTo(b.Value.Id));
        return all;
    }

    /// <summary>This one has left for good: it lay here, or was the one that is tried.</summary>
    public void Left(LinkedListNode<WaitingMessage> node)
    {
        if (_topics.Count == 0 || !_topics.TryGetValue(node.Value.Topic, out Topic? topic)) return;
        if (node.List is { } list && (list == topic.Events || list == topic.Never))
        {
            list.Remove(node);
            Count--;
        }

        if (topic.Probe == node.Value) topic.Probe = null;
        if (topic.IsEmpty && topic.Probe is null) _topics.Remove(node.Value.Topic);
    }

    /// <summary>For a new connection: every topic is tried at once, but for those that ended connections, whose pause begins anew. What was being tried is back in the queue, and is still the one.</summary>
    public void Rewind()
    {
        foreach (Topic topic in _topics.Values)
        {
            if (topic.EndsConnections) topic.Since = time.GetTimestamp();
            else topic.Pause = TimeSpan.Zero;
        }
    }

    private TimeSpan LeftOf(Topic topic) => topic.Pause - time.GetElapsedTime(topic.Since);

    private void Add(Topic topic, LinkedListNode<WaitingMessage> node, bool isFirst)
    {
        LinkedList<WaitingMessage> list = node.Value.IsNeverDropped ? topic.Never : topic.Events;
        if (isFirst) list.AddFirst(node);
        else list.AddLast(node);
        Count++;
    }

    private LinkedListNode<WaitingMessage>? FirstOf(Func<Topic, LinkedListNode<WaitingMessage>?> head) =>
        _topics.Values.Select(head).OfType<LinkedListNode<WaitingMessage>>().MinBy(node => node.Value.Id);

    private sealed class Topic
    {
        public LinkedList<WaitingMessage> Events { get; } = new();

        public LinkedList<WaitingMessage> Never { get; } = new();

        /// <summary>The one that is tried, in the queue or in flight.</summary>
        public WaitingMessage? Probe { get; set; }

        public long Since { get; set; }

        public TimeSpan Pause { get; set; }

        public int RefusalCount { get; set; }

        public bool IsClosed { get; set; }

        public bool EndsConnections { get; set; }

        public bool IsEmpty => Events.First is null && Never.First is null;

        public void Wait(TimeSpan pause, TimeProvider time) => (Probe, Pause, Since) = (null, pause, time.GetTimestamp());
    }
}
