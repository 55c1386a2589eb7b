using System.Buffers;
using System.Net.Sockets;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace Edge.Telemetry.Mqtt;

/// <summary>How a publish ended.</summary>
internal enum PublishResult
{
    /// <summary>The broker has it.</summary>
    Acknowledged,

    /// <summary>The broker will never take it.</summary>
    Refused,

    /// <summary>Nobody knows; send it again on another connection.</summary>
    Failed,
}

/// <summary>How a publish ended, and why when not well.</summary>
internal readonly record struct PublishOutcome(PublishResult Result, string Reason);

/// <summary>
/// One connection to the broker, from CONNECT to its end; a reconnect makes a new one. Every call has an absolute time-out. <see cref="WatchAsync"/> pings on
/// its own timer whatever the
/// traffic, because the client itself only looks at when it last sent something and so never notices a hung broker while it publishes.
/// </summary>
internal sealed class MqttConnection : IDisposable
{
    private readonly MqttLinkOptions _options;
    private readonly TimeProvider _time;
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _retainAvailable = true;
    private long _maxPacketBytes = uint.MaxValue;
    private long _lastSignOfLife;

    private MqttConnection(MqttLinkOptions options, TimeProvider time, Action<InboundMessage> onInbound)
    {
        (_options, _time) = (options, time);
        Touch();
        _client.DisconnectedAsync += lost =>
        {
            _lost.TrySetResult(lost.ReasonString ?? lost.Exception?.GetBaseException().Message ?? $"the broker ended the connection ({lost.Reason})");
            return Task.CompletedTask;
        };
        _client.ApplicationMessageReceivedAsync += received =>
        {
            Touch();
            MqttApplicationMessage message = received.ApplicationMessage;
            onInbound(new InboundMessage(message.Topic, message.Payload.ToArray(), message.Retain));
            return Task.CompletedTask;
        };
    }

    /// <summary>Completes with the reason when the connection is gone.</summary>
    public Task<string> Lost => _lost.Task;

    /// <summary>How many messages may be in flight.</summary>
    public int Window { get; private set; } = 1;

    /// <summary>Subscriptions that the broker did not grant, each with its reason.</summary>
    public IReadOnlyList<string> RefusedSubscriptions { get; private set; } = [];

    /// <summary>Connects and subscribes.</summary>
    /// <exception cref="IOException">The broker refused, or did not answer in time; the message says which.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static async Task<MqttConnection> OpenAsync(
        MqttLinkOptions options, TimeProvider time, Action<InboundMessage> onInbound, CancellationToken cancellationToken)
    {
        MqttConnection connection = new(options, time, onInbound);
        using CancellationTokenSource timeout = new(options.ConnectTimeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            // WaitAsync: the client waits for its own internal tasks before it gives up, however long these take.
            await connection.ConnectAsync(either.Token).WaitAsync(either.Token).ConfigureAwait(false);
            return connection;
        }
        catch (Exception e)
        {
            connection.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            string late = $"no answer to CONNECT within {options.ConnectTimeout.TotalSeconds:0.#} s";
            throw new IOException(timeout.IsCancellationRequested ? late : e.GetBaseException().Message, e);
        }
    }

    /// <summary>Publishes at QoS 1 and waits for the acknowledgement; never throws. Calls keep their order on the wire.</summary>
    public async Task<PublishOutcome> PublishAsync(OutboundMessage message)
    {
        if (message.Payload.Length + (3L * message.Topic.Length) + 64 > _maxPacketBytes)
        {
            return new PublishOutcome(PublishResult.Refused, $"{message.Payload.Length} bytes are more than the broker takes ({_maxPacketBytes})");
        }

        try
        {
            using CancellationTokenSource timeout = new(_options.PublishTimeout, _time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _ended.Token);
            MqttClientPublishResult result = await _client.PublishAsync(Packet(message), either.Token).ConfigureAwait(false);
            Touch();
            return Judge(result);
        }
        catch (OperationCanceledException)
        {
            return new PublishOutcome(PublishResult.Failed, $"no acknowledgement within {_options.PublishTimeout.TotalSeconds:0.#} s");
        }
        catch (Exception e)
        {
            return new PublishOutcome(PublishResult.Failed, e.GetBaseException().Message);
        }
    }

    /// <summary>Pings twice per keep-alive and returns the reason as soon as there was no sign of life (PUBACK, PINGRESP, inbound message) for two
    /// keep-alives.</summary>
    public async Task<string> WatchAsync(CancellationToken cancellationToken)
    {
        TimeSpan patience = 2 * _options.KeepAlive;
        while (true)
        {
            // Not awaited: at most five are under way, and the client's own keep-alive, which is more hasty, sees that something is sent.
            _ = PingAsync(patience, cancellationToken);
            TimeSpan left = patience - _time.GetElapsedTime(Interlocked.Read(ref _lastSignOfLife));
            if (left <= TimeSpan.Zero)
            {
                return $"no sign of life from the broker for {patience.TotalSeconds:0.#} s";
            }

            TimeSpan pause = TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, Math.Min(left.Ticks, (_options.KeepAlive / 2).Ticks)));
            await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Says good-bye, so that the broker does not send the last will, and ends the connection after at most <paramref name="patience"/>.</summary>
    public async Task CloseAsync(TimeSpan patience)
    {
        try
        {
            using CancellationTokenSource timeout = new(patience, _time);
            MqttClientDisconnectOptions goodbye = new()
            {
                Reason = MqttClientDisconnectOptionsReason.NormalDisconnection,
                SessionExpiryInterval = (uint)_options.SessionExpiry.TotalSeconds,
            };
            await _client.DisconnectAsync(goodbye, timeout.Token).WaitAsync(patience, _time).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // It is gone already, or hangs: either way it is over.
        }

        Dispose();
    }

    /// <summary>Ends the connection without a word, so that the broker sends the last will.</summary>
    public void Dispose()
    {
        try
        {
            _ended.Cancel();
            _client.Dispose();
            _ended.Dispose();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The client is half way through ending itself.
        }

        _lost.TrySetResult("ended by this side");
    }

    private static PublishOutcome Judge(MqttClientPublishResult result) => result.ReasonCode switch
    {
        MqttClientPublishReasonCode.Success or MqttClientPublishReasonCode.NoMatchingSubscribers => new PublishOutcome(PublishResult.Acknowledged, ""),
        MqttClientPublishReasonCode.NotAuthorized or MqttClientPublishReasonCode.TopicNameInvalid or MqttClientPublishReasonCode.PayloadFormatInvalid =>
            new PublishOutcome(PublishResult.Refused, $"the broker refuses it: {result.ReasonCode} {result.ReasonString}".TrimEnd()),
        _ => new PublishOutcome(PublishResult.Failed, $"the broker could not take it: {result.ReasonCode} {result.ReasonString}".TrimEnd()),
    };

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        MqttClientConnectResult result = await _client.ConnectAsync(ConnectOptions(), cancellationToken).ConfigureAwait(false);
        if (result.ResultCode != MqttClientConnectResultCode.Success)
        {
            throw new IOException($"the broker refused the connection: {result.ResultCode} {result.ReasonString}".TrimEnd());
        }

        Window = Math.Min(_options.InFlightWindow, result.ReceiveMaximum is > 0 and ushort most ? most : ushort.MaxValue);
        _retainAvailable = result.RetainAvailable;
        _maxPacketBytes = result.MaximumPacketSize is > 0 and uint bytes ? bytes : uint.MaxValue;
        if (_options.Subscriptions.Count > 0)
        {
            MqttClientSubscribeOptions subscribe = new();
            subscribe.TopicFilters.AddRange(_options.Subscriptions.Select(
                topic => new MqttTopicFilter { Topic = topic, QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce }));
            MqttClientSubscribeResult granted = await _client.SubscribeAsync(subscribe, cancellationToken).ConfigureAwait(false);
            RefusedSubscriptions = [.. granted.Items.Where(item => (int)item.ResultCode >= 0x80).Select(item => $"{item.TopicFilter.Topic}: {item.ResultCode}")];
        }

        Touch();
    }

    private MqttClientOptions ConnectOptions()
    {
        MqttClientOptionsBuilder builder = new MqttClientOptionsBuilder()
            .WithTcpServer(_options.Host, _options.Port)
            // The client's default resets the connection and with it what is still on its way, DISCONNECT for one. This overload goes last: the other one replaces the options.
            .WithTcpServer(tcp => tcp.LingerState = new LingerOption(false, 0))
            .WithProtocolVersion(MqttProtocolVersion.V500)
            .WithClientId(_options.ClientId)
            .WithKeepAlivePeriod(_options.KeepAlive)
            .WithTimeout(_options.ConnectTimeout)
            .WithCleanStart(false)
            .WithSessionExpiryInterval((uint)_options.SessionExpiry.TotalSeconds)
            .WithMaximumPacketSize((uint)_options.MaxPacketBytes);
        if (_options.User.Length > 0)
        {
            builder.WithCredentials(_options.User, _options.Password);
        }

        if (_options.LastWill is { } will)
        {
            builder.WithWillTopic(will.Topic)
                .WithWillPayload(will.Payload.ToArray())
                .WithWillQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce)
                .WithWillContentType("application/json")
                .WithWillRetain();
        }

        return builder.Build();
    }

    private MqttApplicationMessage Packet(OutboundMessage message) => new()
    {
        Topic = message.Topic,
        Payload = new ReadOnlySequence<byte>(message.Payload),
        ContentType = "application/json",
        QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce,
        Retain = message.Retain && _retainAvailable,
    };

    private async Task PingAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            using CancellationTokenSource timeout = new(patience, _time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _ended.Token, cancellationToken);
            await _client.PingAsync(either.Token).ConfigureAwait(false);
            Touch();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // No sign of life is what WatchAsync waits for.
        }
    }

    private void Touch() => Interlocked.Exchange(ref _lastSignOfLife, _time.GetTimestamp());
}
