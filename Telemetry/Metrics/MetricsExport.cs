using System.Net;
using System.Net.Sockets;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

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
    /// <summary>Most values of one instrument, by its tag (at most 256 classes); the SDK keeps a place for each from the start, 2000 if it is not told.</summary>
    private const int MostTagValues = 300;

    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(0.5);
    private readonly IDisposable _provider;

    private MetricsExport(IDisposable provider) => _provider = provider;

    /// <summary>Starts what is asked for; null when nothing is.</summary>
    /// <exception cref="IOException">The port to be scraped at is taken or not allowed; the message names it and says what to do.</exception>
    public static MetricsExport? Start(MetricsExportOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.PrometheusAddress is null && options.OtlpEndpoint is null ? null : new MetricsExport(Build(options));
    }

    /// <summary>Sends the latest values, for at most half a second, and stops.</summary>
    public void Dispose()
    {
        // A collector that does not answer must not hold up the end of the service.
        Task.Run(_provider.Dispose).Wait(FlushLimit);
    }

    private static MeterProvider Build(MetricsExportOptions options)
    {
        MeterProviderBuilder builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.Clear().AddService("edge", serviceVersion: options.Version, autoGenerateServiceInstanceId: false, serviceInstanceId: options.DeviceId))
            .AddMeter(DeviceMeter.Name)
            .AddView(instrument => new MetricStreamConfiguration { CardinalityLimit = IsTagged(instrument.Name) ? MostTagValues : 1 });
        if (options.PrometheusAddress is { } address)
        {
            builder.AddPrometheusHttpListener(listener =>
            {
                listener.Port = options.PrometheusPort;
                listener.ConfigureHttpListener = (_, http) => // The exporter itself takes no wildcard for a host.
                {
                    http.Prefixes.Clear();
                    http.Prefixes.Add($"http://{(address == "0.0.0.0" ? "+" : address)}:{options.PrometheusPort}/metrics/");
                };
                listener.ScopeInfoEnabled = false; // One scope, whose labels would stand on every line.
            });
        }

        if (options.OtlpEndpoint is { } endpoint)
        {
            builder.AddOtlpExporter((exporter, reader) =>
            {
                exporter.Protocol = options.OtlpOverGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
                exporter.Endpoint = options.OtlpOverGrpc || endpoint.AbsolutePath != "/" ? endpoint : new Uri(endpoint, "/v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)options.OtlpInterval.TotalMilliseconds;
            });
        }

        try
        {
            return builder.Build();
        }
        catch (Exception e) when (e.GetBaseException() is HttpListenerException or SocketException)
        {
            throw new IOException(
                $"Prometheus cannot be served on {options.PrometheusAddress}:{options.PrometheusPort}: {e.GetBaseException().Message.TrimEnd('.')}. Set metrics.prometheusPort to a free port and metrics.prometheusAddress to an address of this machine, or metrics.prometheus to \"off\".", e);
        }
    }

    private static bool IsTagged(string name) => DeviceMeter.Table.Any(row => row.Name == name && row.Tag is not null);
}
