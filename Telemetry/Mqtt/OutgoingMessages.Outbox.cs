using Edge.Storage;

namespace Edge.Telemetry.Mqtt;

/// <summary>The queue's other half: what the outbox under it tells, and what is read back from it.</summary>
internal sealed partial class OutgoingMessages : IOutboxOwner
{
    private const int LoadBytes = 256 << 10, LoadCount = 256;
    private static readonly TimeSpan s_loadPause = TimeSpan.FromSeconds(1);
    private readonly Dictionary<LinkedList<WaitingMessage>, LinkedListNode<WaitingMessage>> _lastFound = [];
    private bool _isLoading;

    /// <summary>Told when the disk begins to refuse, and when it takes writes again.</summary>
    public Action<OutboxHealth>? OutboxChanged { get; set; }

    /// <summary>Told of a damaged file.</summary>
    public Action<string>? OutboxDamaged { get; set; }

    /// <inheritdoc/>
    public void Found(long id, ReadOnlySpan<byte> record)
    {
        if (StoredMessage.Read(record) is not var (message, at)) return; // Of a later version: left for it.
        lock (_gate)
        {
            if (_byId.ContainsKey(id)) return;
            WaitingMessage entry = new(id, message, at) { IsWritten = true };
            LinkedList<WaitingMessage> list = ListOf(entry);
            LinkedListNode<WaitingMessage> node = new(entry);
            if (_lastFound.TryGetValue(list, out LinkedListNode<WaitingMessage>? before) && before.List == list) list.AddAfter(before, node);
            else list.AddFirst(node);
            _lastFound[list] = node;
            Account(node);
            Release(entry);
            _available.TrySetResult();
        }
    }

    /// <inheritdoc/>
    public void Written(IReadOnlyCollection<long> ids)
    {
        lock (_gate)
        {
            foreach (long id in ids)
            {
                if (!_byId.TryGetValue(id, out LinkedListNode<WaitingMessage>? node)) continue;
                node.Value.IsWritten = true;
                if (node.List != _inFlight) Release(node.Value);
            }
        }
    }

    /// <inheritdoc/>
    public void Lost(IReadOnlyCollection<long> ids)
    {
        lock (_gate)
        {
            foreach (long id in ids)
            {
                if (!_byId.TryGetValue(id, out LinkedListNode<WaitingMessage>? node)) continue;
                WaitingMessage entry = node.Value;
                entry.IsWritten = false;
                if (entry.Message is { } message) _outbox?.Add(id, () => StoredMessage.Write(message, entry.At), entry.IsNeverDropped);
                else GiveUp(node);
            }
        }
    }

    /// <inheritdoc/>
    public void Changed(OutboxHealth health) => OutboxChanged?.Invoke(health);

    /// <inheritdoc/>
    public void Damaged(string what) => OutboxDamaged?.Invoke(what);

    /// <summary>Leaves the content to the disk when the queue has half of what it may take in memory.</summary>
    private void Release(WaitingMessage entry)
    {
        if (_memoryBytes <= _limits.MemoryBytes / 2 || entry is not { IsWritten: true, Message: not null }) return;
        entry.Message = null;
        _memoryBytes -= entry.Bytes;
    }

    /// <summary>Reads the next contents back from disk.</summary>
    private void Load()
    {
        if (_isLoading || _outbox is null) return;
        _isLoading = true;
        List<WaitingMessage> wanted = [];
        foreach (LinkedList<WaitingMessage> list in new[] { _events, _never })
        {
            int bytes = 0, count = 0;
            for (LinkedListNode<WaitingMessage>? node = list.First; node is not null && bytes < LoadBytes && count < LoadCount; node = node.Next, count++)
            {
                if (node.Value.Message is not null) continue;
                wanted.Add(node.Value);
                bytes += node.Value.Bytes;
            }
        }

        _ = LoadAsync(_outbox, wanted);
    }

    private async Task LoadAsync(Outbox outbox, List<WaitingMessage> wanted)
    {
        IReadOnlyDictionary<long, byte[]>? records = null;
        try
        {
            records = await outbox.FindAsync([.. wanted.Select(entry => entry.Id)]).ConfigureAwait(false);
        }
        catch (IOException)
        {
            await Task.Delay(s_loadPause, _time).ConfigureAwait(false); // The disk refused: it is tried again.
        }

        lock (_gate)
        {
            foreach (WaitingMessage entry in records is null ? [] : wanted)
            {
                if (entry.Message is not null || !_byId.TryGetValue(entry.Id, out LinkedListNode<WaitingMessage>? node)) continue;
                if (records!.TryGetValue(entry.Id, out byte[]? record) && StoredMessage.Read(record) is var (message, _))
                {
                    entry.Message = message;
                    _memoryBytes += entry.Bytes;
                }
                else
                {
                    GiveUp(node);
                }
            }

            _isLoading = false;
            _available.TrySetResult();
        }
    }
}
