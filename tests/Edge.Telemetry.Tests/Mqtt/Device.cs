using System.Text.Json;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Telemetry.Tests.Mqtt;

/// <summary>A device as the service composes it: topics, reporter and a running link.</summary>
internal sealed class Device : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _run = Task.CompletedTask;

    public Device(int port, Func<MqttLinkOptions, MqttLinkOptions>? change = null, ILogger? log = null)
    {
        MqttLinkOptions options = new()
        {
            Host = "127.0.0.1",
            Port = port,
            ClientId = "edge-pump-7",
            KeepAlive = TimeSpan.FromSeconds(30), // A machine that stands still for seconds is no loss; who waits for one asks for less (Hasty).
            ConnectTimeout = TimeSpan.FromSeconds(30),
            LastWill = Telemetry.Messages.Reporter.LastWill(Topics, "b1", TimeProvider.System),
            Subscriptions = Topics.Inbound,
            MaxPause = TimeSpan.FromSeconds(0.5),
        };
        Link = new MqttLink(change?.Invoke(options) ?? options, log ?? NullLogger.Instance, TimeProvider.System, new Random(1));
        Reporter = new Reporter(Topics, "b1", TimeProvider.System, Link.SendAsync);
    }

    public Topics Topics { get; } = new("edge", "pump-7");

    public MqttLink Link { get; }

    public Reporter Reporter { get; }

    /// <summary>With a keep-alive so short that a broker that hangs is noticed while a test waits.</summary>
    public static MqttLinkOptions Hasty(MqttLinkOptions options) => options with { KeepAlive = TimeSpan.FromSeconds(1) };

    public static int RoundOf(string payload) => JsonDocument.Parse(payload).RootElement.GetProperty("round").GetInt32();

    public static string StateOf(string payload) => JsonDocument.Parse(payload).RootElement.GetProperty("state").GetString()!;

    public Device Start(bool withFarewell = true)
    {
        Func<OutboundMessage?> farewell = () => Reporter.Farewell(new StatusMessage { State = DeviceState.Offline, Reason = "stopped" });
        _run = Link.RunAsync(withFarewell ? farewell : null, _stop.Token);
        return this;
    }

    public void Online() => Reporter.Status(new StatusMessage { State = DeviceState.Online });

    /// <summary>One training event; the round numbers the event.</summary>
    public void Event(int number) => Reporter.Training(new TrainingMessage { Round = number, Event = TrainingEvent.Started });

    public async Task Connected()
    {
        try
        {
            await Eventually.Holds(() => Link.State.Connected, "the link is connected");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new InvalidOperationException($"The link is not connected: {Link.State}", e);
        }
    }

    /// <summary>Stops the link; fails when it does not end.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _run.WaitAsync(Eventually.Limit, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Link.Dispose();
        _stop.Dispose();
    }
}
