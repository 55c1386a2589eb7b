using System.Threading.Channels;
using Edge.Telemetry.Metrics;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging;

namespace Edge.Telemetry.Sparkplug;

/// <summary>
/// The device as an edge node of Eclipse Sparkplug 3.0, on a connection of its own: its will is NDEATH and its session ends with it, while the device's other session lasts. Nothing is stored for a host that is away: at every
/// connection, and when a host asks, the births say everything. No broker is weather.
/// </summary>
public sealed partial class SparkplugNode
{
    private const int InboundCapacity = 16;
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1), DeathLimit = TimeSpan.FromSeconds(0.5), CloseLimit = TimeSpan.FromSeconds(0.3);

    private readonly SparkplugOptions _options;
    private readonly Func<DeviceReadings> _read;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Backoff _backoff;
    private readonly BirthNumber _births;
    private readonly HostState _host = new();
    private readonly CredentialReading _credentials = new();
    private readonly WindowFlow _windows;

    /// <summary>A node that does nothing until <see cref="RunAsync"/>.</summary>
    /// <param name="options">Who it is and where the broker is.</param>
    /// <param name="read">Takes readings, on the node's thread.</param>
    /// <param name="logger">Connections, losses and births are logged.</param>
    /// <param name="time">Clock for time stamps and pauses.</param>
    /// <param name="random">Draws the pauses; owned by the node from now on.</param>
    public SparkplugNode(SparkplugOptions options, Func<DeviceReadings> read, ILogger logger, TimeProvider time, Random random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentNullException.ThrowIfNull(time);
        (_options, _read, _logger, _time) = (options, read, logger, time);
        _backoff = new Backoff(FirstPause, options.Broker.MaxPause, random);
        _windows = new WindowFlow(options.Silence, time);
        _births = new BirthNumber(options.BirthNumberFile, out string? problem);
        if (problem is not null) LogBirthNumber(problem);
    }

    /// <summary>Keeps the node alive until <paramref name="stop"/>, then says NDEATH and disconnects, within a second; call once.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            _host.Forget();
            byte number = _births.Next(out string? problem); // Every CONNECT has one of its own, whether it succeeds or not.
            if (problem is not null) LogBirthNumber(problem);
            Inbox inbox = new(InboundCapacity);
            try
            {
                long start = _time.GetTimestamp();
                using MqttConnection connection = await MqttConnection.OpenAsync(BrokerOptions(number), _time, _credentials, inbox, stop).ConfigureAwait(false);
                string reason = await ServeAsync(new SparkplugSession(_options, connection, number, _windows, _time), inbox, connection, number, stop).ConfigureAwait(false);
                LogEnded(reason);
                if (_time.GetElapsedTime(start) >= _options.Broker.KeepAlive) _backoff.Reset();
            }
            catch (IOException e)
            {
                LogEnded(e.Message);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }

            if (!stop.IsCancellationRequested) await Task.Delay(_backoff.Next(), _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>From the connection to its end; returns why it ended.</summary>
    private async Task<string> ServeAsync(SparkplugSession session, ChannelReader<InboundMessage> inbound, MqttConnection connection, byte number, CancellationToken stop)
    {
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using PeriodicTimer timer = new(_options.Interval, _time);
        Task<string> watch = connection.WatchAsync(ending.Token);
        Task lost = Task.WhenAny(watch, connection.Lost);
        Task<bool> said = inbound.WaitToReadAsync(ending.Token).AsTask(), tick = timer.WaitForNextTickAsync(ending.Token).AsTask();
        try
        {
            while (true)
            {
                if (!session.IsBorn && (_options.PrimaryHost is null || _host.IsOnline))
                {
                    if (await session.BearAsync(_read()).ConfigureAwait(false) is { } failed) return failed;
                    LogBorn(_options.Topics.NodeBirth, number);
                }

                Task first = await Task.WhenAny(lost, said, tick).ConfigureAwait(false);
                if (stop.IsCancellationRequested) return await LeaveAsync(connection, number, "stopped").ConfigureAwait(false);
                if (lost.IsCompleted) return connection.Lost.IsCompleted ? await connection.Lost.ConfigureAwait(false) : await watch.ConfigureAwait(false);
                if (first == said)
                {
                    said = inbound.WaitToReadAsync(ending.Token).AsTask();
                    if (Take(inbound)) session.Unborn(); // Born again at the next turn, before any data.
                    if (_options.PrimaryHost is { } host && session.WasBorn && !_host.IsOnline) return await LeaveAsync(connection, number, $"host {host} is offline").ConfigureAwait(false);
                }
                else
                {
                    tick = timer.WaitForNextTickAsync(ending.Token).AsTask();
                    if (session.IsBorn && await session.TellAsync(_read()).ConfigureAwait(false) is { } failed) return failed;
                }
            }
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(watch, said, tick)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Takes all that has come; true when the node is to be born again.</summary>
    private bool Take(ChannelReader<InboundMessage> inbound)
    {
        bool again = false;
        while (inbound.TryRead(out InboundMessage? message))
        {
            if (message.Topic == _options.Topics.NodeCommand) again |= SparkplugPayload.AsksForRebirth(message.Payload.Span);
            else if (_options.PrimaryHost is { } host && message.Topic == SparkplugTopics.HostState(host)) _host.Take(message.Payload);
        }

        if (again) LogAsked();
        return again;
    }

    /// <summary>NDEATH, acknowledged, and then DISCONNECT: the broker does not publish the will of those who say good-bye.</summary>
    private async Task<string> LeaveAsync(MqttConnection connection, byte number, string reason)
    {
        await ((Task)connection.PublishAsync(Death(number))).WaitAsync(DeathLimit, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await connection.CloseAsync(CloseLimit).ConfigureAwait(false);
        return reason;
    }

    private OutboundMessage Death(byte number) => new("sparkplug", _options.Topics.NodeDeath, SparkplugPayload.NodeDeath(number, _time.GetUtcNow()), Delivery.Event);

    private MqttLinkOptions BrokerOptions(byte number) => _options.Broker with
    {
        CleanStart = true,
        SessionExpiry = TimeSpan.Zero,
        ContentType = null,
        Outbox = null,
        LastWill = Death(number),
        RetainsWill = false,
        Subscriptions = [_options.Topics.NodeCommand, .. _options.PrimaryHost is { } host ? new[] { SparkplugTopics.HostState(host) } : []],
    };

    [LoggerMessage(4101, LogLevel.Information, "Sparkplug: {topic} published, bdSeq {birthNumber}")]
    private partial void LogBorn(string topic, int birthNumber);

    [LoggerMessage(4102, LogLevel.Information, "Sparkplug: a host asks for a rebirth")]
    private partial void LogAsked();

    [LoggerMessage(4103, LogLevel.Warning, "Sparkplug: the connection ended: {reason}")]
    private partial void LogEnded(string reason);

    [LoggerMessage(4104, LogLevel.Warning, "Sparkplug: bdSeq is not kept over a restart: {reason}")]
    private partial void LogBirthNumber(string reason);
}
