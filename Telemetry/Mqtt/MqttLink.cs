using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Edge.Telemetry.Mqtt;

/// <summary>
/// The one link between the device and a broker, both ways, MQTT 5 or 3.1.1. One loop, <see cref="RunAsync(CancellationToken)"/>, connects, watches, publishes, and
/// after a loss tries again with growing pauses, for ever. Messages of the queue
/// are delivered at least once and in order, but for what the broker refuses: that is tried again by itself, and given up where it can never be taken, so that it holds up nothing else; those that are never dropped survive the process where there is an outbox, and the others as <see cref="Delivery"/> says; states are brought up to date after every reconnect.
/// <see cref="Send"/>, <see cref="SendAsync"/> and <see cref="State"/> may be used from any thread at any time.
/// </summary>
public sealed partial class MqttLink : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(0.3);
    private static readonly TimeSpan LostLimit = TimeSpan.FromSeconds(0.2);

    private readonly Dictionary<string, long> _refusedByName = new(StringComparer.Ordinal);
    private MqttLinkOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private readonly OutgoingMessages _outgoing;
    private readonly Inbox _inbox;
    private readonly Lock _gate = new();
    private bool _connected;
    private int _window;
    private DateTimeOffset _since;
    private string? _lastError;
    private IReadOnlyList<RefusedSubscription> _refusedSubscriptions = [];
    private readonly Suspicion _suspicion = new();
    private readonly CredentialReading _credentials = new();
    private bool _hasSettled;
    private long _connectCount, _published;

    /// <summary>A link that does nothing until <see cref="RunAsync(CancellationToken)"/>.</summary>
    /// <param name="options">Where the broker is.</param>
    /// <param name="logger">Connections, losses and refusals are logged; messages are not.</param>
    /// <param name="time">Clock for pauses and time-outs.</param>
    /// <param name="random">Draws the pauses; owned by the link from now on.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="IOException">The outbox's mark of ids cannot be read. Everything else that its disk refuses is weather.</exception>
    public MqttLink(MqttLinkOptions options, ILogger logger, TimeProvider time, Random random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(random);
        (_options, _logger, _time) = (options.Checked(), logger, time);
        _backoff = new Backoff(FirstPause, options.MaxPause, random);
        _outgoing = new OutgoingMessages(
            new OutgoingLimits { EventCount = options.QueueCapacity, EventBytes = options.QueueBytes, EventAge = options.QueueAge, MemoryBytes = options.MemoryBytes }, time);
        _inbox = new Inbox(options.InboundCapacity);
        _since = time.GetUtcNow();
        if (options.Outbox is not { } outbox) return;
        _outgoing.OutboxChanged = health =>
        {
            if (health.Problem is { } problem) LogOutboxRefused(problem);
            else if (health.RefusedCount > 0) LogOutboxWell(health.Count);
        };
        _outgoing.OutboxDamaged = LogOutboxDamaged;
        _outgoing.Open(outbox);
        if (_outgoing.Count > 0) LogFound(_outgoing.Count);
    }

    /// <summary>Messages from the broker, in order of arrival. Each is acknowledged when it is read; as long as nobody reads, the broker keeps them, and sends them again after a loss or a restart. Never completes: stop reading
    /// when the link stops.</summary>
    public ChannelReader<InboundMessage> Inbound => _inbox;

    /// <summary>Whether the broker is on this machine; see <see cref="BrokerAddress.IsLoopback"/>.</summary>
    public bool IsLoopback => BrokerAddress.IsLoopback(_options.Host);

    /// <summary>Messages of the queue that wait for their acknowledgement or to be sent.</summary>
    public int QueuedCount => _outgoing.Count;

    /// <summary>Writes what waits to the outbox and closes it. After <see cref="RunAsync(CancellationToken)"/> has ended.</summary>
    public void Dispose() => _outgoing.Dispose();

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
                MqttConnection connection = await MqttConnection.OpenAsync(_options, _time, _credentials, _inbox, stop).ConfigureAwait(false);
                await ServeAsync(connection, farewell, stopped.Task).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                if (e is RefusedConnectionException { IsForRetain: true }) _options = _options with { RetainsWill = false };
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
        _window = _suspicion.IsRaised ? 1 : connection.Window;
        _hasSettled = false;
        NoteSubscriptions(connection.RefusedSubscriptions); // Whoever sees that it is connected sees this.
        Note(connected: true, error: null);
        LogConnected(_options.Host, _options.Port, connection.Window, connection.RefusedSubscriptions.Count);

        using CancellationTokenSource ending = new();
        Queue<(Outgoing Sent, Task<PublishOutcome> Outcome, long SentAt)> inFlight = new();
        Task<string> pump = PumpAsync(connection, inFlight, ending.Token);
        Task<string> watch = connection.WatchAsync(ending.Token);
        Task<string> subscribe = SubscribeAgainAsync(connection, ending.Token);
        Task<string> first = await Task.WhenAny(pump, watch, subscribe, connection.Lost, stopped).ConfigureAwait(false);
        bool sayGoodbye = first == stopped && await DrainAsync(farewell?.Invoke(), Task.WhenAny(pump, watch, subscribe, connection.Lost)).ConfigureAwait(false);
        bool endedByBroker = first == connection.Lost || (first == pump && await IsLostAsync(connection).ConfigureAwait(false));
        await ending.CancelAsync().ConfigureAwait(false);
        if (sayGoodbye)
        {
            await connection.CloseAsync(CloseLimit).ConfigureAwait(false);
        }
        else
        {
            connection.Dispose();
        }

        await ((Task)Task.WhenAll(pump, watch, subscribe)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Outgoing? oldest = SettleAnswered(inFlight);
        if (first != stopped)
        {
            string reason = await first.ConfigureAwait(false);
            Outgoing? suspect = endedByBroker && !_hasSettled ? oldest : null;
            if (_suspicion.Confirms(suspect, connection.EndSays)) TakeAway(suspect!.Value, connection.EndSays, reason);
            Note(connected: false, reason);
            LogLost(_options.Host, _options.Port, reason);
            if (_time.GetElapsedTime(start) >= _options.KeepAlive)
            {
                _backoff.Reset(); // not after a short life: two devices with one client id would throw each other off as fast as they can
            }
        }
    }

    /// <summary>Sends and awaits acknowledgements in order, up to a window at a time; returns the reason to drop the connection.</summary>
    private async Task<string> PumpAsync(MqttConnection connection, Queue<(Outgoing Sent, Task<PublishOutcome> Outcome, long SentAt)> inFlight, CancellationToken cancellationToken)
    {
        while (true)
        {
            while (inFlight.Count < _window && _outgoing.TryTake(out Outgoing next))
            {
                inFlight.Enqueue((next, connection.PublishAsync(next.Message), _time.GetTimestamp()));
            }

            if (inFlight.Count == 0)
            {
                await _outgoing.WhenAvailable().WaitAsync(cancellationToken).ConfigureAwait(false);
                continue;
            }

            (_, Task<PublishOutcome> oldest, long sentAt) = inFlight.Peek();
            if (!oldest.IsCompleted)
            {
                // Counted from when it was sent: a trickle of new messages must not put it off for ever.
                TimeSpan left = _options.PublishTimeout - _time.GetElapsedTime(sentAt);
                if (left <= TimeSpan.Zero) return $"no acknowledgement within {_options.PublishTimeout.TotalSeconds:0.#} s";
                Task progress = inFlight.Count < _window ? Task.WhenAny(oldest, _outgoing.WhenAvailable()) : oldest;
                await progress.WaitAsync(left, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellationToken.ThrowIfCancellationRequested();
                continue;
            }

            PublishOutcome outcome = await oldest.ConfigureAwait(false);
            if (outcome.Result == PublishResult.Failed)
            {
                return outcome.Reason;
            }

            Settle(inFlight.Dequeue().Sent, outcome);
            if (_hasSettled) _window = connection.Window; // Whatever was suspected has got through.
        }
    }

    /// <summary>Whether the connection itself has ended, which the client may say a moment after its publishes failed; a time-out leaves it standing.</summary>
    private async Task<bool> IsLostAsync(MqttConnection connection) =>
        await Task.WhenAny(connection.Lost, Task.Delay(LostLimit, _time)).ConfigureAwait(false) == connection.Lost;

    /// <summary>Sends the farewell and what is queued. True when the broker has the farewell.</summary>
    private async Task<bool> DrainAsync(OutboundMessage? farewell, Task ended)
    {
        if (farewell is not null)
        {
            _ = _outgoing.Add(farewell);
        }

        long start = _time.GetTimestamp();
        while (!_outgoing.IsDrained && !ended.IsCompleted && _time.GetElapsedTime(start) < DrainLimit)
        {
            await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(5), _time)).ConfigureAwait(false); // once in a life: not worth a signal of its own
        }

        LogStopped(_options.Host, _options.Port, _outgoing.Count);
        return farewell is null || _outgoing.IsDelivered(farewell);
    }

    private void Note(bool connected, string? error)
    {
        _outgoing.SetReachable(connected);
        lock (_gate)
        {
            _lastError = error ?? _lastError;
            if (_connected != connected)
            {
                (_connected, _since) = (connected, _time.GetUtcNow());
            }
        }
    }
}
