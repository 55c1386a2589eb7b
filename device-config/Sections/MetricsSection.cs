using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>How the meter "Edge" leaves the process. All of it is off by default, and then costs nothing.</summary>
public sealed record MetricsSection
{
    /// <summary>Whether Prometheus can scrape the device at <c>http://{prometheusAddress}:{prometheusPort}/metrics</c>.</summary>
    /// <value><c>off</c> (default): nothing listens. <c>on</c>: whoever reaches the address may read, without a password.</value>
    [AllowedValues("off", "on")]
    [Change(ConfigChange.Pipeline)]
    public string Prometheus { get; init; } = "off";

    /// <summary>IPv4 address to listen on.</summary>
    /// <value>Default 127.0.0.1: this machine only. <c>0.0.0.0</c>: every interface. Another one: a request must name it, not a host name.</value>
    [StringLength(15, MinimumLength = 7)]
    [RegularExpression(@"^[0-9]{1,3}(\.[0-9]{1,3}){3}$")]
    [Change(ConfigChange.Pipeline)]
    public string PrometheusAddress { get; init; } = "127.0.0.1";

    /// <summary>TCP port to listen on.</summary>
    /// <value>Default 9464, which OpenTelemetry uses. A port that is taken keeps the service from starting.</value>
    [Range(1, 65_535)]
    [Change(ConfigChange.Pipeline)]
    public int PrometheusPort { get; init; } = 9464;

    /// <summary>URL of an OpenTelemetry collector, for example <c>http://127.0.0.1:4318</c>; <c>/v1/metrics</c> is added where the URL has no path. Headers come from the environment (<c>OTEL_EXPORTER_OTLP_HEADERS</c>), so that no secret stands in a config.</summary>
    /// <value>Empty (default): nothing is sent.</value>
    [StringLength(2048)]
    [RegularExpression(@"^(https?://[^\s/?#@]+(/[^\s?#]*)?)?$")]
    [Change(ConfigChange.Pipeline)]
    public string OtlpEndpoint { get; init; } = "";

    /// <summary>How OTLP is spoken.</summary>
    /// <value><c>http/protobuf</c> (default): collectors mostly listen on 4318. <c>grpc</c>: on 4317.</value>
    [AllowedValues("http/protobuf", "grpc")]
    [Change(ConfigChange.Pipeline)]
    public string OtlpProtocol { get; init; } = "http/protobuf";

    /// <summary>Seconds between two exports to the collector.</summary>
    /// <value>Default 60. Smaller: finer curves, more traffic. What a collector that is away misses is not sent later; counters go on.</value>
    [Range(1, 3600)]
    [Change(ConfigChange.Pipeline)]
    public int OtlpSeconds { get; init; } = 60;
}
