using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Edge.Telemetry.Mqtt;

/// <summary>
/// The one link between the device and a broker, both ways, MQTT 5. One loop, <see cref="RunAsync(CancellationToken)"/>, connects, watches, publishes, and
/// after a loss tries again with growing pauses, for ever. Events
/// are delivered at least once and in order as long as the process lives and the queue does not overflow; states are brought up to date after every reconnect.
/// <see cref="Send"/> and <see cref="State"/> may be used from any thread at any time.
/// </summary>
public sealed partial class MqttLink
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(0.3);

    private readonly MqttLinkOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private readonly OutgoingMessages _outgoing;
    private readonly Channel<InboundMessage> _inbound;
    private readonly Lock _gate = new();
    private bool _connected;
    private DateTimeOffset _since;
    private string? _lastError;
    private long _connectCount, _published, _refused, _received, _receivedDropped;

    /// <summary>A link that does nothing until <see cref="RunAsync(CancellationToken)"/>.</summary>
    /// <param name="options">Where the broker is.</param>
    /// <param name="logger">Connections, losses and refusals are logged; messages are not.</param>
    /// <param name="time">Clock for pauses and time-outs.</param>
    /// <param name="random">Draws the pauses; owned by the link from now on.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public MqttLink(MqttLinkOptions options, ILogger logger, TimeProvider time, Random random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(random);
        (_options, _logger, _time) = (options.Checked(), logger, time);
        _backoff = new Backoff(FirstPause, options.MaxPause, random);
        _outgoing = new OutgoingMessages(options.QueueCapacity);
        _inbound = Channel.CreateBounded<InboundMessage>(
            new BoundedChannelOptions(options.InboundCapacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleWriter = false },
            _ => Interlocked.Increment(ref _receivedDropped));
        _since = time.GetUtcNow();
    }

    /// <summary>Messages from the broker, in order of arrival; when nobody reads, the oldest are dropped and counted. Never completes: stop reading when the
    /// link stops.</summary>
    public ChannelReader<InboundMessage> Inbound => _inbound.Reader;

    /// <summary>Whether the broker is on this machine; see <see cref="BrokerAddress.IsLoopback"/>.</summary>
    public bool IsLoopback => BrokerAddress.IsLoopback(_options.Host);

    /// <summary>How the link is doing.</summary>
    public LinkState State
    {
        get
        {
            IReadOnlyDictionary<string, long> dropped = _outgoing.DroppedByName;
            int queued = _outgoing.Count;
            lock (_gate)
            {
                return new LinkState
                {
                    Connected = _connected,
                    Broker = $"{_options.Host}:{_options.Port}",
                    Since = _since,
                    LastError = _lastError,
                    ReconnectCount = Math.Max(0, _connectCount - 1),
                    QueuedCount = queued,
                    DroppedCount = dropped.Values.Sum(),
                    DroppedByName = dropped,
                    RefusedCount = Interlocked.Read(ref _refused),
                    PublishedCount = Interlocked.Read(ref _published),
                    ReceivedCount = Interlocked.Read(ref _received),
                    ReceivedDroppedCount = Interlocked.Read(ref _receivedDropped),
                };
            }
        }
    }

    /// <summary>Hands over a message; returns at once, whether there is a broker or not.</summary>
    public void Send(OutboundMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        _outgoing.Add(message);
    }

    /// <summary>Keeps the link up until <paramref name="stop"/>, then ends it cleanly without a farewell; call once.</summary>
    public Task RunAsync(CancellationToken stop) => RunAsync(farewell: null, stop);

    /// <summary>Keeps the link up until <paramref name="stop"/>; call once. What goes wrong with the broker is weather: it is logged, counted and tried
    /// again, never thrown.</summary>
    /// <param name="farewell">Asked at the stop for the last state to publish (status offline). When the broker does not acknowledge it, the link ends
    /// without DISCONNECT, so that the last will says it instead. Null, or a null from it: none.</param>
    /// <param name="stop">Ends it cleanly: the farewell first, then the queue for at most 1 s, then DISCONNECT; 1.5 s altogether even when the broker is
    /// dead.</param>
    public async Task RunAsync(Func<OutboundMessage?>? farewell, CancellationToken stop)
    {
        TaskCompletionSource<string> stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = stop.Register(() => stopped.TrySetResult("stopped"));
        while (!stop.IsCancellationRequested)
        {
            try
            {
                MqttConnection connection = await MqttConnection.OpenAsync(_options, _time, OnInbound, stop).ConfigureAwait(false);
                await ServeAsync(connection, farewell, stopped.Task).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                Note(connected: false, e.Message);
                LogConnectFailed(_options.Host, _options.Port, e.Message);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
            }

            if (!stop.IsCancellationRequested)
            {
                await Task.WhenAny(Task.Delay(_backoff.Next(), _time, stop), stopped.Task).ConfigureAwait(false);
            }
        }

        Note(connected: false, error: null);
    }

    private async Task ServeAsync(MqttConnection connection, Func<OutboundMessage?>? farewell, Task<string> stopped)
    {
        long start = _time.GetTimestamp();
        _outgoing.Rewind();
        Interlocked.Increment(ref _connectCount);
        Note(connected: true, connection.RefusedSubscriptions.Count == 0 ? null : "not subscribed: " + string.Join("; ", connection.RefusedSubscriptions));
        LogConnected(_options.Host, _options.Port, connection.Window, connection.RefusedSubscriptions.Count);

        using CancellationTokenSource ending = new();
        Task<string> pump = PumpAsync(connection, ending.Token);
        Task<string> watch = connection.WatchAsync(ending.Token);
        Task<string> first = await Task.WhenAny(pump, watch, connection.Lost, stopped).ConfigureAwait(false);
        bool sayGoodbye = first == stopped && await DrainAsync(farewell?.Invoke(), Task.WhenAny(pump, watch, connection.Lost)).ConfigureAwait(false);
        await ending.CancelAsync().ConfigureAwait(false);
        if (sayGoodbye)
        {
            await connection.CloseAsync(CloseLimit).ConfigureAwait(false);
        }
        else
        {
            connection.Dispose();
        }

        await ((Task)Task.WhenAll(pump, watch)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (first != stopped)
        {
            string reason = await first.ConfigureAwait(false);
            Note(connected: false, reason);
            LogLost(_options.Host, _options.Port, reason);
            if (_time.GetElapsedTime(start) >= _options.KeepAlive)
            {
                _backoff.Reset(); // not after a short life: two devices with one client id would throw each other off as fast as they can
            }
        }
    }

    /// <summary>Sends and awaits acknowledgements in order, up to a window at a time; returns the reason to drop the connection.</summary>
    private async Task<string> PumpAsync(MqttConnection connection, CancellationToken cancellationToken)
    {
        Queue<(Outgoing Sent, Task<PublishOutcome> Outcome)> inFlight = new();
        while (true)
        {
            while (inFlight.Count < connection.Window && _outgoing.TryTake(out Outgoing next))
            {
                inFlight.Enqueue((next, connection.PublishAsync(next.Message)));
            }

            if (inFlight.Count == 0)
            {
                await _outgoing.WhenAvailable().WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            Task<PublishOutcome> oldest = inFlight.Peek().Outcome;
            if (inFlight.Count < connection.Window)
            {
                await Task.WhenAny(oldest, _outgoing.WhenAvailable()).WaitAsync(cancellationToken).ConfigureAwait(false);
                if (!oldest.IsCompleted)
                {
                    continue;
                }
            }

            PublishOutcome outcome = await oldest.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (outcome.Result == PublishResult.Failed)
            {
                return outcome.Reason;
            }

            Settle(inFlight.Dequeue().Sent, outcome);
        }
    }

    private void Settle(Outgoing sent, PublishOutcome outcome)
    {
        if (outcome.Result == PublishResult.Acknowledged)
        {
            Interlocked.Increment(ref _published);
        }
        else
        {
            Interlocked.Increment(ref _refused);
            lock (_gate)
            {
                _lastError = $"{sent.Message.Topic}: {outcome.Reason}";
            }

            LogRefused(sent.Message.Topic, outcome.Reason);
        }

        _outgoing.Remove(sent);
    }

    /// <summary>Sends the farewell and what is queued. True when the broker has the farewell.</summary>
    private async Task<bool> DrainAsync(OutboundMessage? farewell, Task ended)
    {
        if (farewell is not null)
        {
            _outgoing.Add(farewell);
        }

        long start = _time.GetTimestamp();
        while (!_outgoing.IsDrained && !ended.IsCompleted && _time.GetElapsedTime(start) < DrainLimit)
        {
            await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(5), _time)).ConfigureAwait(false); // once in a life: not worth a signal of its own
        }

        LogStopped(_options.Host, _options.Port, _outgoing.Count);
        return farewell is null || _outgoing.IsDelivered(farewell);
    }

    private void OnInbound(InboundMessage message)
    {
        Interlocked.Increment(ref _received);
        _inbound.Writer.TryWrite(message);
    }

    private void Note(bool connected, string? error)
    {
        lock (_gate)
        {
            _lastError = error ?? _lastError;
            if (_connected != connected)
            {
                (_connected, _since) = (connected, _time.GetUtcNow());
            }
        }
    }

    [LoggerMessage(4001, LogLevel.Information, "Connected to broker {host}:{port}, window {windowMessages}, refused subscriptions {refusedSubscriptionCount}")]
    private partial void LogConnected(string host, int port, int windowMessages, int refusedSubscriptionCount);

    [LoggerMessage(4002, LogLevel.Warning, "Cannot connect to broker {host}:{port}: {reason}")]
    private partial void LogConnectFailed(string host, int port, string reason);

    [LoggerMessage(4003, LogLevel.Warning, "Lost broker {host}:{port}: {reason}")]
    private partial void LogLost(string host, int port, string reason);

    [LoggerMessage(4004, LogLevel.Warning, "Message to {topic} given up: {reason}")]
    private partial void LogRefused(string topic, string reason);

    [LoggerMessage(4005, LogLevel.Information, "Leaving broker {host}:{port}, events not delivered {queuedCount}")]
    private partial void LogStopped(string host, int port, int queuedCount);
}
