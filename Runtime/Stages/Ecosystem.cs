using Edge.Config;
using Edge.Telemetry.Metrics;
using Edge.Telemetry.Mqtt;
using Edge.Telemetry.Sparkplug;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Edge.Runtime.Stages;

/// <summary>Composes what other systems than the fleet see of the device: collectors of metrics, Sparkplug hosts, Home Assistant. All of it is asked for by the configuration.</summary>
internal static class Ecosystem
{
    /// <summary>How the meter leaves the process.</summary>
    public static MetricsExportOptions ExportOf(DeviceConfig config, string deviceId) => new()
    {
        DeviceId = deviceId,
        Version = Product.Version,
        PrometheusAddress = config.Metrics.Prometheus == "on" ? config.Metrics.PrometheusAddress : null,
        PrometheusPort = config.Metrics.PrometheusPort,
        OtlpEndpoint = config.Metrics.OtlpEndpoint.Length > 0 ? new Uri(config.Metrics.OtlpEndpoint) : null,
        OtlpOverGrpc = config.Metrics.OtlpProtocol == "grpc",
        OtlpInterval = TimeSpan.FromSeconds(config.Metrics.OtlpSeconds),
    };

    /// <summary>Adds the stages that speak to the broker.</summary>
    /// <param name="services">Of the service.</param>
    /// <param name="settings">Of the run; the broker is not "none".</param>
    /// <param name="deviceId">The device.</param>
    /// <param name="broker">Makes the options of a connection with that client id to the broker of the telemetry section.</param>
    public static void AddTo(IServiceCollection services, ServiceSettings settings, string deviceId, Func<string, MqttLinkOptions> broker)
    {
        var config = settings.Active.Verdict.Config!;
        services.AddHostedService<HomeAssistantStage>(); // Also when it is off: it takes back what was announced.
        if (config.Sparkplug.Mode != "on") return;
        services.AddSingleton(provider => new SparkplugNode(
            new SparkplugOptions
            {
                Topics = new SparkplugTopics(config.Sparkplug.GroupId, config.Sparkplug.NodeId.Length > 0 ? config.Sparkplug.NodeId : deviceId, config.Sparkplug.DeviceId),
                Broker = broker($"edge-{deviceId}-sparkplug"),
                BirthNumberFile = settings.Data.BirthNumber,
                Version = Product.Version,
                PrimaryHost = config.Sparkplug.PrimaryHost.Length > 0 ? config.Sparkplug.PrimaryHost : null,
                Interval = TimeSpan.FromSeconds(config.Sparkplug.PublishSeconds),
                Silence = TimeSpan.FromSeconds(config.Sparkplug.SilentSeconds),
            },
            provider.GetRequiredService<ServiceReadings>().Take,
            provider.GetRequiredService<ILogger<SparkplugNode>>(),
            TimeProvider.System,
            new Random()));
        services.AddHostedService<SparkplugStage>();
    }
}
