using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Edge.Telemetry.Mqtt;

/// <summary>A message that has come.</summary>
/// <param name="Message">The message.</param>
/// <param name="Acknowledge">Tells the broker that it is done with; returns at once and never throws.</param>
internal readonly record struct Arrival(InboundMessage Message, Action Acknowledge);

/// <summary>
/// What has come and nobody has read. A message is acknowledged when it is read: until then the broker keeps it, and sends it again on another connection, to another life of the process, too. Where there is no room it waits
/// at its connection, and goes with it. Thread-safe.
/// </summary>
internal sealed class Inbox(int capacity) : ChannelReader<InboundMessage>
{
    private readonly Channel<Arrival> _unread = Channel.CreateBounded<Arrival>(new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.Wait });
    private long _received, _dropped;

    /// <summary>Messages that have come.</summary>
    public long ReceivedCount => Interlocked.Read(ref _received);

    /// <summary>Those of them for which there was no room, and that no broker keeps: of QoS 0.</summary>
    public long DroppedCount => Interlocked.Read(ref _dropped);

    /// <inheritdoc/>
    public override bool CanCount => true;

    /// <inheritdoc/>
    public override int Count => _unread.Reader.Count;

    /// <summary>Puts it where it is read, when there is room.</summary>
    public ValueTask PutAsync(Arrival arrival, CancellationToken cancellationToken) => _unread.Writer.WriteAsync(arrival, cancellationToken);

    /// <summary>Counts one that has come.</summary>
    public void CountReceived() => Interlocked.Increment(ref _received);

    /// <summary>Counts one that is dropped.</summary>
    public void CountDropped() => Interlocked.Increment(ref _dropped);

    /// <inheritdoc/>
    public override bool TryRead([MaybeNullWhen(false)] out InboundMessage item)
    {
        bool isThere = _unread.Reader.TryRead(out Arrival arrival);
        if (isThere) arrival.Acknowledge();
        item = arrival.Message;
        return isThere;
    }

    /// <inheritdoc/>
    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => _unread.Reader.WaitToReadAsync(cancellationToken);
}
