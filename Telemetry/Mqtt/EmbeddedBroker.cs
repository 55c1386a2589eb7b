using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace Edge.Telemetry.Mqtt;

/// <summary>
/// An MQTT broker inside the process, on 127.0.0.1 only, so that a device works with nothing else installed. Without authentication: whoever is on the
/// machine may use it.
/// Retained messages and sessions live in memory and end with it: at most 4096 retained topics, and of clients that are away 1024 sessions, each with its newest 1000 messages, for a day at most.
/// </summary>
public sealed partial class EmbeddedBroker : IAsyncDisposable
{
    private const int MaxPayloadBytes = 1024 * 1024;
    private const int MaxRetainedTopics = 4096;
    private const int MaxPendingPerClient = 1000;

    private readonly MqttServer _server;
    private readonly ILogger _logger;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly AbsentSessions _absent;
    private int _disposed;

    private EmbeddedBroker(MqttServer server, AbsentSessionLimits limits, ILogger logger)
    {
        (_server, _absent, _logger) = (server, new AbsentSessions(server, limits), logger);
        server.InterceptingPublishAsync += KeepBoundsAsync;
        server.ValidatingConnectionAsync += NameClientAsync;
    }

    /// <summary>The address it listens on.</summary>
    public static string Host => "127.0.0.1";

    /// <summary>The TCP port it listens on.</summary>
    public int Port { get; private set; }

    /// <summary>How long it has been running.</summary>
    public TimeSpan Uptime => Stopwatch.GetElapsedTime(_started);

    /// <summary>Starts a broker.</summary>
    /// <param name="port">TCP port, or 0 for any free one.</param>
    /// <param name="logger">Start, stop and refusals are logged.</param>
    /// <param name="cancellationToken">Gives up before the start.</param>
    /// <remarks>A client of MQTT 5 may leave its id to this broker; one of MQTT 3.1.1 must name itself (<c>mosquitto_sub -i NAME</c>), because the server library refuses an empty id there.</remarks>
    /// <exception cref="IOException">The port is taken or not allowed; the message names it and says what to do.</exception>
    public static Task<EmbeddedBroker> StartAsync(int port, ILogger logger, CancellationToken cancellationToken) => StartAsync(port, new AbsentSessionLimits(), logger, cancellationToken);

    internal static async Task<EmbeddedBroker> StartAsync(int port, AbsentSessionLimits limits, ILogger logger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65_535);
        cancellationToken.ThrowIfCancellationRequested();
        MqttServerOptions options = new MqttServerOptionsBuilder()
            .WithDefaultEndpoint()
            .WithDefaultEndpointBoundIPAddress(IPAddress.Loopback)
            .WithDefaultEndpointBoundIPV6Address(IPAddress.None)
            .WithDefaultEndpointPort(port)
            .WithPersistentSessions()
            .WithMaxPendingMessagesPerClient(MaxPendingPerClient)
            .WithPendingMessagesOverflowStrategy(MqttPendingMessagesOverflowStrategy.DropOldestQueuedMessage)
            .Build();
        EmbeddedBroker broker = new(new MqttServerFactory().CreateMqttServer(options), limits, logger);
        try
        {
            await broker._server.StartAsync().ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            broker._server.Dispose();
            string why = e.SocketErrorCode == SocketError.AddressAlreadyInUse ? "is taken by another program" : $"cannot be used ({e.SocketErrorCode})";
            throw new IOException(
                $"The embedded broker cannot listen on 127.0.0.1:{port}: the port {why}. " +
                "Set telemetry.port to another port, or to 0 for any free one, or telemetry.broker to \"external\" to use the broker that is there.",
                e);
        }

        broker._absent.Start();
        broker.Port = options.DefaultEndpointOptions.Port;
        broker.LogStarted(broker.Port);
        return broker;
    }

    /// <summary>Ids of the clients that are away and have a session, those that have been longest first.</summary>
    internal Task<IReadOnlyList<string>> AbsentClientsAsync() => _absent.IdsAsync();

    /// <summary>Whether a client, here or away, has a session.</summary>
    internal async Task<bool> HasSessionAsync(string clientId) => (await _server.GetSessionsAsync().ConfigureAwait(false)).Any(session => session.Id == clientId);

    /// <summary>Ends every connection and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _absent.DisposeAsync().ConfigureAwait(false);
            await _server.StopAsync(new MqttServerStopOptions()).ConfigureAwait(false);
            _server.Dispose();
            LogStopped(Port);
        }
    }

    /// <summary>MQTT 5, 3.1.3.1: a client may leave its id to the broker, and mosquitto_sub does; the server library refuses it unless it is given one here.</summary>
    private static Task NameClientAsync(ValidatingConnectionEventArgs connecting)
    {
        if (string.IsNullOrEmpty(connecting.ClientId)) connecting.AssignedClientIdentifier = $"auto-{Guid.NewGuid():N}";
        return Task.CompletedTask;
    }

    private async Task KeepBoundsAsync(InterceptingPublishEventArgs publish)
    {
        string topic = publish.ApplicationMessage.Topic;
        long bytes = publish.ApplicationMessage.Payload.Length;
        bool tooLarge = bytes > MaxPayloadBytes;
        bool tooMany = false;
        if (publish.ApplicationMessage.Retain && bytes > 0 && await _server.GetRetainedMessageAsync(topic).ConfigureAwait(false) is null)
        {
            tooMany = (await _server.GetRetainedMessagesAsync().ConfigureAwait(false)).Count >= MaxRetainedTopics;
        }

        if (tooLarge || tooMany)
        {
            publish.ProcessPublish = false;
            publish.Response.ReasonCode = tooLarge ? MqttPubAckReasonCode.PayloadFormatInvalid : MqttPubAckReasonCode.QuotaExceeded;
            LogRefused(topic, bytes, publish.ClientId);
        }
    }

    [LoggerMessage(4011, LogLevel.Information, "Embedded broker listens on 127.0.0.1:{port}")]
    private partial void LogStarted(int port);

    [LoggerMessage(4012, LogLevel.Information, "Embedded broker on 127.0.0.1:{port} stopped")]
    private partial void LogStopped(int port);

    [LoggerMessage(4013, LogLevel.Warning, "Embedded broker refused {payloadBytes} bytes for {topic} from {clientId}: larger than 1 MiB, or more than 4096 retained topics")]
    private partial void LogRefused(string topic, long payloadBytes, string clientId);
}
