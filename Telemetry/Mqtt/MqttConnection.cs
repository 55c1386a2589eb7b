using System.Buffers;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;

namespace Edge.Telemetry.Mqtt;

/// <summary>
/// One connection to the broker, from CONNECT to its end; a reconnect makes a new one. Every call has an absolute time-out. <see cref="WatchAsync"/> pings on
/// its own timer whatever the
/// traffic, because the client itself only looks at when it last sent something and so never notices a hung broker while it publishes.
/// </summary>
internal sealed partial class MqttConnection : IDisposable
{
    private readonly MqttLinkOptions _options;
    private readonly TimeProvider _time;
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _retainAvailable = true;
    private long _maxPacketBytes = uint.MaxValue;
    private string? _tlsProblem;
    private long _lastSignOfLife;

    private MqttConnection(MqttLinkOptions options, TimeProvider time, Inbox inbox)
    {
        (_options, _time, KeepAlive) = (options, time, options.KeepAlive);
        Touch();
        _client.DisconnectedAsync += lost =>
        {
            EndSays = Judge(lost.Reason);
            _lost.TrySetResult($"{lost.ReasonString ?? lost.Exception?.GetBaseException().Message ?? $"the broker ended the connection ({lost.Reason})"} {Refusals.OfEnd(lost.Reason.ToString(), options)}".TrimEnd());
            return Task.CompletedTask;
        };
        _client.ApplicationMessageReceivedAsync += received =>
        {
            Arrived(received, inbox);
            return Task.CompletedTask; // Never waits: the client ends, and says so, only after this.
        };
        _ = HandInAsync(inbox, _ended.Token);
    }

    /// <summary>Completes with the reason when the connection is gone.</summary>
    public Task<string> Lost => _lost.Task;

    /// <summary>What the broker's end of the connection says of the message that it came to: <see cref="PublishResult.Refused"/> that the message is no good, and so does an end without a reason; <see cref="PublishResult.Failed"/> nothing.</summary>
    public PublishResult EndSays { get; private set; } = PublishResult.Failed;

    /// <summary>The keep-alive in force: the broker may ask for a shorter one.</summary>
    public TimeSpan KeepAlive { get; private set; }

    /// <summary>How many messages may be in flight.</summary>
    public int Window { get; private set; } = 1;

    /// <summary>Whether the broker kept the session from before: subscriptions, and what arrived meanwhile.</summary>
    public bool IsSessionPresent { get; private set; }

    /// <summary>Subscriptions that the broker has not granted so far.</summary>
    public IReadOnlyList<RefusedSubscription> RefusedSubscriptions { get; private set; } = [];

    /// <summary>Connects and subscribes.</summary>
    /// <exception cref="IOException">The broker refused, or did not answer in time; the message says which.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static async Task<MqttConnection> OpenAsync(
        MqttLinkOptions options, TimeProvider time, CredentialReading credentials, Inbox inbox, CancellationToken cancellationToken)
    {
        MqttConnection connection = new(options, time, inbox);
        using CancellationTokenSource timeout = new(options.ConnectTimeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            // WaitAsync: the client waits for its own internal tasks before it gives up, however long these take.
            await connection.ConnectAsync(credentials, either.Token).WaitAsync(either.Token).ConfigureAwait(false);
            return connection;
        }
        catch (Exception e)
        {
            connection.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            if (e is RefusedConnectionException) throw;
            string late = $"no answer to CONNECT within {options.ConnectTimeout.TotalSeconds:0.#} s";
            throw new IOException(connection._tlsProblem ?? (timeout.IsCancellationRequested ? late : e.GetBaseException().Message), e);
        }
    }

    /// <summary>Asks once more for <see cref="RefusedSubscriptions"/>, which says afterwards what came of it. Never throws.</summary>
    /// <returns>Null when the broker has answered; else the reason to drop the connection.</returns>
    public async Task<string?> SubscribeAgainAsync(TimeSpan patience)
    {
        try
        {
            await SubscribeAsync([.. RefusedSubscriptions.Select(one => one.Topic)], _ended.Token).WaitAsync(patience, _time).ConfigureAwait(false);
            Touch();
            return null;
        }
        catch (TimeoutException)
        {
            return $"no answer to SUBSCRIBE within {patience.TotalSeconds:0.#} s";
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return e is OperationCanceledException or ObjectDisposedException ? "the connection ended" : e.GetBaseException().Message;
        }
    }

    /// <summary>Publishes at QoS 1 and waits for the acknowledgement, for ever: the caller sets the limit. Never throws. Calls keep their order on the wire.</summary>
    public async Task<PublishOutcome> PublishAsync(OutboundMessage message)
    {
        long bytes = PacketBytes(message);
        if (bytes > _maxPacketBytes)
        {
            return new PublishOutcome(PublishResult.Refused, $"its packet of {bytes} bytes is more than the broker takes ({_maxPacketBytes})");
        }

        return await PublishAsync(Packet(message)).ConfigureAwait(false);
    }

    /// <summary>Publishes at QoS 0, not retained; nobody says whether it arrived. Never throws. Calls keep their order on the wire.</summary>
    public Task<PublishOutcome> PublishOnceAsync(string topic, ReadOnlyMemory<byte> payload) =>
        PublishAsync(new MqttApplicationMessage { Topic = topic, Payload = new ReadOnlySequence<byte>(payload), QualityOfServiceLevel = MqttQualityOfServiceLevel.AtMostOnce });

    private async Task<PublishOutcome> PublishAsync(MqttApplicationMessage packet)
    {
        try
        {
            MqttClientPublishResult result = await _client.PublishAsync(packet, _ended.Token).ConfigureAwait(false);
            Touch();
            return Judge(result, packet.Topic);
        }
        catch (OperationCanceledException)
        {
            return new PublishOutcome(PublishResult.Failed, "the connection ended");
        }
        catch (Exception e)
        {
            return new PublishOutcome(PublishResult.Failed, e.GetBaseException().Message);
        }
    }

    /// <summary>Pings twice per keep-alive and returns the reason as soon as there was no sign of life (PUBACK, PINGRESP, inbound message) for 1.75
    /// keep-alives.</summary>
    public async Task<string> WatchAsync(CancellationToken cancellationToken)
    {
        TimeSpan patience = 1.75 * KeepAlive; // So that a loss is known within twice the keep-alive on a busy machine, too.
        while (true)
        {
            // Not awaited: at most five are under way, and the client's own keep-alive, which is more hasty, sees that something is sent.
            _ = PingAsync(patience, cancellationToken);
            TimeSpan left = patience - _time.GetElapsedTime(Interlocked.Read(ref _lastSignOfLife));
            if (left <= TimeSpan.Zero)
            {
                return $"no sign of life from the broker for {patience.TotalSeconds:0.#} s";
            }

            TimeSpan pause = TimeSpan.FromTicks(Math.Max(TimeSpan.TicksPerMillisecond, Math.Min(left.Ticks, (KeepAlive / 2).Ticks)));
            await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Says good-bye, so that the broker does not send the last will, and ends the connection after at most <paramref name="patience"/>.</summary>
    public async Task CloseAsync(TimeSpan patience)
    {
        try
        {
            using CancellationTokenSource timeout = new(patience, _time);
            MqttClientDisconnectOptions goodbye = new() { Reason = MqttClientDisconnectOptionsReason.NormalDisconnection };
            if (Speaks5) goodbye.SessionExpiryInterval = (uint)_options.SessionExpiry.TotalSeconds;
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

    private async Task ConnectAsync(CredentialReading credentials, CancellationToken cancellationToken)
    {
        string files = _options.CredentialFiles;
        MqttClientOptions connect = files.Length == 0 ? ConnectOptions() : await credentials.ReadAsync(ConnectOptions, files, _time, cancellationToken).ConfigureAwait(false);
        MqttClientConnectResult result = await _client.ConnectAsync(connect, cancellationToken).ConfigureAwait(false);
        if (result.ResultCode != MqttClientConnectResultCode.Success)
        {
            throw new RefusedConnectionException(
                Said($"the broker refused the connection: {result.ResultCode}", result.ReasonString, Refusals.OfConnect(result.ResultCode.ToString(), _options)), result.ResultCode == MqttClientConnectResultCode.RetainNotSupported);
        }

        if (Speaks5 && result.MaximumQoS < MqttQualityOfServiceLevel.AtLeastOnce)
        {
            throw new IOException("the broker takes QoS 0 only: it would acknowledge nothing, and what it lost would never be known. Use another broker.");
        }

        IsSessionPresent = result.IsSessionPresent;
        if (result.ServerKeepAlive > 0 && result.ServerKeepAlive < KeepAlive.TotalSeconds) KeepAlive = TimeSpan.FromSeconds(result.ServerKeepAlive);
        Window = Math.Min(_options.InFlightWindow, result.ReceiveMaximum is > 0 and ushort most ? most : ushort.MaxValue);
        _retainAvailable = !Speaks5 || result.RetainAvailable;
        _maxPacketBytes = result.MaximumPacketSize is > 0 and uint bytes ? bytes : uint.MaxValue;
        await SubscribeAsync(_options.Subscriptions, cancellationToken).ConfigureAwait(false);
        Touch();
    }

    private async Task SubscribeAsync(IReadOnlyCollection<string> topics, CancellationToken cancellationToken)
    {
        if (topics.Count == 0) return;
        MqttClientSubscribeOptions subscribe = new();
        subscribe.TopicFilters.AddRange(topics.Select(topic => new MqttTopicFilter { Topic = topic, QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce }));
        MqttClientSubscribeResult granted = await _client.SubscribeAsync(subscribe, cancellationToken).ConfigureAwait(false);
        RefusedSubscriptions = [.. granted.Items.Where(item => (int)item.ResultCode >= 0x80).Select(item => new RefusedSubscription(
            item.TopicFilter.Topic, Said(item.ResultCode.ToString(), "", Refusals.OfTopic(item.ResultCode.ToString(), "read", item.TopicFilter.Topic, _options))))];
    }

    private MqttClientOptions ConnectOptions()
    {
        MqttClientOptionsBuilder builder = new MqttClientOptionsBuilder()
            .WithTcpServer(_options.Host, _options.Port)
            .WithTcpServer(tcp => tcp.StreamProvider = new BatchingStreamProvider()) // This overload goes last: the other one replaces the options.
            .WithoutPacketFragmentation() // Otherwise a packet is two writes.
            .WithProtocolVersion(Speaks5 ? MqttProtocolVersion.V500 : MqttProtocolVersion.V311)
            .WithClientId(_options.ClientId)
            .WithKeepAlivePeriod(_options.KeepAlive)
            .WithTimeout(_options.ConnectTimeout)
            .WithCleanStart(_options.CleanStart || (!Speaks5 && _options.SessionExpiry == TimeSpan.Zero)); // MQTT 3.1.1 has no other session that ends.
        if (Speaks5) builder.WithSessionExpiryInterval((uint)_options.SessionExpiry.TotalSeconds).WithMaximumPacketSize((uint)_options.MaxPacketBytes).WithReceiveMaximum((ushort)Math.Min(_options.InboundCapacity, ushort.MaxValue));
        if (_options.User.Length > 0) builder.WithCredentials(_options.User, _options.ReadPassword());
        if (_options.Tls is { } tls)
        {
            X509Certificate2Collection? authorities = tls.Authorities();
            builder.WithTlsOptions(use => use.UseTls()
                .WithSslProtocols(SslProtocols.None) // The system chooses: TLS 1.2 or 1.3.
                .WithTargetHost(_options.Host)
                .WithClientCertificates(tls.OwnCertificates())
                .WithCertificateValidationHandler(shown => (_tlsProblem = tls.Problem(shown.Certificate, shown.Chain, shown.SslPolicyErrors, authorities)) is null));
        }

        if (_options.LastWill is { } will)
        {
            builder.WithWillTopic(will.Topic).WithWillPayload(will.Payload.ToArray()).WithWillQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).WithWillRetain(_options.RetainsWill);
            if (Speaks5 && _options.ContentType is { } contentType) builder.WithWillContentType(contentType);
        }

        return builder.Build();
    }

    private bool Speaks5 => _options.Protocol == MqttProtocol.V5;

    private MqttApplicationMessage Packet(OutboundMessage message) => new()
    {
        Topic = message.Topic,
        Payload = new ReadOnlySequence<byte>(message.Payload),
        ContentType = Speaks5 ? _options.ContentType : null,
        QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce,
        Retain = message.Retain && _retainAvailable,
    };

    /// <summary>Bytes of a PUBLISH packet (MQTT 5, 3.3): head, topic, packet id, one property, payload.</summary>
    private long PacketBytes(OutboundMessage message)
    {
        long rest = 2 + Encoding.UTF8.GetByteCount(message.Topic) + 2 + 1 + 3 + (_options.ContentType?.Length ?? 0) + message.Payload.Length;
        return 1 + (rest < 128 ? 1 : rest < 16_384 ? 2 : rest < 2_097_152 ? 3 : 4) + rest;
    }

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
