namespace Edge.Telemetry.Metrics;

/// <summary>How the meter leaves the process.</summary>
public sealed record MetricsExportOptions
{
    /// <summary>The device: resource attribute <c>service.instance.id</c>.</summary>
    public required string DeviceId { get; init; }

    /// <summary>Version of the service: resource attribute <c>service.version</c>.</summary>
    public required string Version { get; init; }

    /// <summary>IPv4 address to be scraped at, 0.0.0.0 for every interface; null: nothing listens.</summary>
    public string? PrometheusAddress { get; init; }

    /// <summary>TCP port to be scraped at.</summary>
    public int PrometheusPort { get; init; } = 9464;

    /// <summary>The collector, as http or https URL; null: nothing is sent.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>Whether the collector speaks gRPC; otherwise HTTP with protobuf.</summary>
    public bool OtlpOverGrpc { get; init; }

    /// <summary>Time between two exports.</summary>
    public TimeSpan OtlpInterval { get; init; } = TimeSpan.FromSeconds(60);
}

/// <summary>Sends the meter "Edge" to a collector, and lets Prometheus scrape it, by the SDK of OpenTelemetry. Nothing of that SDK is loaded unless one of the two is asked for.</summary>
public sealed class MetricsExport : IDisposable
{
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(0.5);
    private readonly IDisposable _provider;

    private MetricsExport(IDisposable provider) => _provider = provider;

    /// <summary>Starts what is asked for; null when nothing is.</summary>
    /// <exception cref="IOException">The port to be scraped at is taken or not allowed; the message names it and says what to do.</exception>
    public static MetricsExport? Start(MetricsExportOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.PrometheusAddress is null && options.OtlpEndpoint is null ? null : new MetricsExport(MeterProviders.Build(options));
    }

    /// <summary>Sends the latest values, for at most half a second, and stops.</summary>
    public void Dispose()
    {
        // A collector that does not answer must not hold up the end of the service.
        Task.Run(_provider.Dispose).Wait(FlushLimit);
    }
}
