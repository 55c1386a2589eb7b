using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Edge.Telemetry.Metrics;

/// <summary>The one class that knows the SDK of OpenTelemetry, whose assemblies are loaded with the first call and not before.</summary>
internal static class MeterProviders
{
    /// <summary>Most values of one instrument, by its tag (at most 256 classes); the SDK keeps a place for each from the start, 2000 if it is not told.</summary>
    private const int MostTagValues = 300;

    /// <summary>Starts what is asked for.</summary>
    /// <exception cref="IOException">The port to be scraped at is taken or not allowed; the message names it and says what to do.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static IDisposable Build(MetricsExportOptions options)
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
