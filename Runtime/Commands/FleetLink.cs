using System.CommandLine;
using System.Globalization;
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
    internal static readonly Option<bool> Tls = new("--tls") { Description = "Encrypt the connection (TLS 1.2 or 1.3); brokers mostly use port 8883 then." };
    internal static readonly Option<string?> CaFile = new("--ca-file") { Description = "With --tls: file with the certificates (PEM) of those who may sign the broker's; without it whoever the system trusts." };
    internal static readonly Option<string?> Certificate = new("--client-certificate") { Description = "With --tls: file with this side's certificate (PEM)." };
    internal static readonly Option<string?> CertificateKey = new("--client-key") { Description = "With --tls: file with its private key (PEM, without a passphrase); without it the key is in the certificate's file." };
    internal static readonly Option<bool> AnyHostName = new("--any-host-name") { Description = "With --tls: take a certificate for another host too; only for a CA that signs for this broker alone." };
    internal static readonly Option<string?> Protocol = Choice();
    private const string Mqtt311 = "3.1.1";
    private const int BatchCount = 100; // Below the 512 that wait in the link's queue at most.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5); // Somebody is looking at it.
    private readonly CancellationTokenSource stop = new();
    private readonly Task run;

    private FleetLink(MqttLink link)
    {
        Link = link;
        run = link.RunAsync(stop.Token);
    }

    internal MqttLink Link { get; }

    /// <summary>Adds the options that say where the broker is.</summary>
    internal static Command AddTo(Command command)
    {
        if (Broker.Validators.Count == 0)
        {
            Broker.Validators.Add(result =>
            {
                if (result.Tokens is [var token] && Parsed(token.Value) is null) result.AddError(NoAddress(token.Value));
            });
        }

        foreach (var option in new Option[] { Broker, Root, User, PasswordFile, Tls, CaFile, Certificate, CertificateKey, AnyHostName, Protocol }) command.Add(option);
        return command;
    }

    /// <summary>Where the broker is, as the command line says it.</summary>
    /// <exception cref="IOException">--broker is no address; the message says what is expected.</exception>
    internal static (string Host, int Port) AddressOf(string address)
        => Parsed(address) ?? throw new IOException(NoAddress(address));

    private static (string Host, int Port)? Parsed(string address)
    {
        int colon = address.LastIndexOf(':');
        return colon > 0 && int.TryParse(address[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is >= 1 and <= 65_535 ? (address[..colon], port) : null;
    }

    private static Option<string?> Choice()
    {
        var protocol = new Option<string?>("--protocol") { Description = "Version of MQTT that the broker speaks, 5 or 3.1.1; with 3.1.1 it does not say why it refuses.", DefaultValueFactory = _ => "5" };
        protocol.AcceptOnlyFromAmong("5", Mqtt311);
        return protocol;
    }

    private static string NoAddress(string address) => $"--broker {address}: expected HOST:PORT, such as 127.0.0.1:1883.";

    private static string FileOf(ParseResult parsed, Option<string?> option)
    {
        if (parsed.GetValue(option) is not { } file) return "";
        return File.Exists(file) ? file : throw new FileNotFoundException($"{option.Name} {file}: there is no such file. Correct the path.");
    }

    /// <summary>How the broker is reached, as the command line says it, for a client of this name that subscribes to nothing.</summary>
    /// <exception cref="IOException">--broker is no address, or a file cannot be read.</exception>
    internal static async Task<MqttLinkOptions> ReachAsync(ParseResult parsed, string clientId, CancellationToken cancel)
    {
        var (host, port) = AddressOf(parsed.GetValue(Broker)!);
        return new MqttLinkOptions
        {
            Host = host,
            Port = port,
            User = parsed.GetValue(User) ?? "",
            Password = FileOf(parsed, PasswordFile) is { Length: > 0 } file ? (await File.ReadAllTextAsync(file, cancel)).TrimEnd('\r', '\n') : "",
            Tls = parsed.GetValue(Tls)
                ? new MqttTlsOptions { CaFile = FileOf(parsed, CaFile), CertificateFile = FileOf(parsed, Certificate), KeyFile = FileOf(parsed, CertificateKey), CheckHostName = !parsed.GetValue(AnyHostName) }
                : null,
            Protocol = parsed.GetValue(Protocol) == Mqtt311 ? MqttProtocol.V311 : MqttProtocol.V5,
            ClientId = clientId,
            Names = new LinkSettingNames { Address = Broker.Name, User = User.Name, Password = PasswordFile.Name, Certificate = Certificate.Name, ClientId = "", Protocol = Protocol.Name },
        };
    }

    /// <summary>Begins to connect, and goes on for ever; who asks for the state sees whether it is up.</summary>
    internal static async Task<FleetLink> BeginAsync(ParseResult parsed, IReadOnlyList<string> topics, CancellationToken cancel)
    {
        var reach = await ReachAsync(parsed, $"edge-operator-{Guid.NewGuid():n}", cancel);
        return new FleetLink(new MqttLink(
            reach with { SessionExpiry = TimeSpan.Zero, Subscriptions = topics, InboundCapacity = 10_000, MaxPause = s_longestPause }, NullLogger.Instance, TimeProvider.System, new Random()));
    }

    /// <summary>Connects, and subscribes to these topics.</summary>
    /// <exception cref="IOException">The broker does not answer; the message says why.</exception>
    internal static async Task<FleetLink> OpenAsync(ParseResult parsed, IReadOnlyList<string> topics, CancellationToken cancel)
    {
        var fleet = await BeginAsync(parsed, topics, cancel);
        try
        {
            await fleet.WaitAsync(() => fleet.Link.State.Connected, $"{parsed.GetValue(Broker)} does not answer", cancel, " Start the broker, or correct --broker.");
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Publishes, and waits until the broker has it.</summary>
    /// <param name="topic">Where.</param>
    /// <param name="payload">What.</param>
    /// <param name="cancel">Gives up waiting.</param>
    /// <param name="retained">Whether the broker keeps it.</param>
    /// <exception cref="IOException">The broker does not take it.</exception>
    internal Task PublishAsync(string topic, byte[] payload, CancellationToken cancel, bool retained = true) => PublishAsync([(topic, payload)], cancel, retained);

    /// <summary>Publishes many, and waits until the broker has them all. For one caller at a time.</summary>
    /// <exception cref="IOException">The broker does not take one of them.</exception>
    internal async Task PublishAsync(IReadOnlyCollection<(string Topic, byte[] Payload)> messages, CancellationToken cancel, bool retained = true)
    {
        foreach (var batch in messages.Chunk(BatchCount))
        {
            Task<string?>[] delivered = [.. batch.Select(message => Link.DeliverAsync(new OutboundMessage("operator", message.Topic, message.Payload, retained ? Delivery.RetainedEvent : Delivery.Event)))];
            await WaitAsync(() => delivered.All(one => one.IsCompleted) || delivered.Any(IsRefused), "the broker does not acknowledge it", cancel);
            if (Array.FindIndex(delivered, IsRefused) is var at and >= 0) throw new IOException($"{batch[at].Topic}: {await delivered[at]}");
        }
    }

    private static bool IsRefused(Task<string?> delivered) => delivered is { IsCompletedSuccessfully: true, Result: not null };

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await run;
        Link.Dispose();
        stop.Dispose();
    }

    private async Task WaitAsync(Func<bool> condition, string otherwise, CancellationToken cancel, string remedy = "")
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > s_patience) throw new IOException($"{otherwise}: {Link.State.LastError ?? $"nothing within {s_patience.TotalSeconds:0} s"}{(remedy.Length > 0 ? $".{remedy}" : "")}");
            await Task.Delay(5, cancel);
        }
    }
}
