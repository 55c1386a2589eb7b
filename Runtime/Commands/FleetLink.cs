using System.CommandLine;
using Edge.Telemetry.Mqtt;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Runtime.Commands;

/// <summary>An operator's connection to the broker of a fleet, for one verb.</summary>
internal sealed class FleetLink : IAsyncDisposable
{
    internal static readonly Option<string> Broker = new("--broker") { Description = "HOST:PORT of the broker.", DefaultValueFactory = _ => "127.0.0.1:1883" };
    internal static readonly Option<string> Root = new("--root") { Description = "telemetry.topicRoot of the fleet.", DefaultValueFactory = _ => "edge" };
    internal static readonly Option<string?> User = new("--user") { Description = "User name at the broker." };
    internal static readonly Option<string?> PasswordFile = new("--password-file") { Description = "File with the password." };
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly CancellationTokenSource stop = new();
    private readonly Task run;

    private FleetLink(MqttLink link)
    {
        Link = link;
        run = link.RunAsync(stop.Token);
    }

    internal MqttLink Link { get; }

    /// <summary>Connects, and subscribes to these topics.</summary>
    /// <exception cref="IOException">The broker does not answer; the message says why.</exception>
    internal static async Task<FleetLink> OpenAsync(ParseResult parsed, IReadOnlyList<string> topics, CancellationToken cancel)
    {
        string address = parsed.GetValue(Broker)!;
        int colon = address.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(address[(colon + 1)..], out int port) || port is < 1 or > 65_535) throw new IOException($"--broker {address}: expected HOST:PORT, such as 127.0.0.1:1883");
        var fleet = new FleetLink(new MqttLink(
            new MqttLinkOptions
            {
                Host = address[..colon],
                Port = port,
                User = parsed.GetValue(User) ?? "",
                Password = parsed.GetValue(PasswordFile) is { } file ? (await File.ReadAllTextAsync(file, cancel)).TrimEnd('\r', '\n') : "",
                ClientId = $"edge-operator-{Guid.NewGuid():n}",
                SessionExpiry = TimeSpan.Zero,
                Subscriptions = topics,
                InboundCapacity = 10_000,
            },
            NullLogger.Instance,
            TimeProvider.System,
            new Random()));
        try
        {
            await fleet.WaitAsync(() => fleet.Link.State.Connected, $"{address} does not answer", cancel);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Publishes, retained, and waits until the broker has it.</summary>
    /// <exception cref="IOException">The broker does not take it.</exception>
    internal async Task PublishAsync(string topic, byte[] payload, CancellationToken cancel)
    {
        long before = Link.State.PublishedCount;
        Link.Send(new OutboundMessage("operator", topic, payload, Delivery.RetainedEvent));
        await WaitAsync(() => Link.State.PublishedCount > before || Link.State.RefusedCount > 0, "the broker does not acknowledge it", cancel);
        if (Link.State.RefusedCount > 0) throw new IOException($"the broker refuses it: {Link.State.LastError}");
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await run;
        stop.Dispose();
    }

    private async Task WaitAsync(Func<bool> condition, string otherwise, CancellationToken cancel)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > s_patience) throw new IOException($"{otherwise}: {Link.State.LastError ?? $"nothing within {s_patience.TotalSeconds:0} s"}");
            await Task.Delay(5, cancel);
        }
    }
}
