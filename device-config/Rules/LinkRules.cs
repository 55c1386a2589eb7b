namespace Edge.Config;

/// <summary>What the keys of the way to others must be to one another: broker, TLS, Sparkplug and Home Assistant. See <see cref="CrossFieldRules"/>.</summary>
internal static class LinkRules
{
    /// <summary>Adds a problem for each rule that <paramref name="config"/> breaks.</summary>
    public static void Check(DeviceConfig config, ConfigFindings findings)
    {
        ExternalBrokerHasAPort(config, findings);
        TlsIsForAnExternalBroker(config, findings);
        ClientKeyHasACertificate(config, findings);
        OthersNeedABroker(config, findings);
        WindowsComeWhileTheSparkplugDeviceLives(config, findings);
    }

    private static void ExternalBrokerHasAPort(DeviceConfig config, ConfigFindings findings)
    {
        if (findings.Sound("telemetry.broker", "telemetry.port") && config.Telemetry is { Broker: "external", Port: 0 })
        {
            findings.AddContradiction("telemetry.port", "0", "from 1 to 65535 when telemetry.broker is \"external\"", "write the broker's port, mostly 1883");
        }
    }

    private static void TlsIsForAnExternalBroker(DeviceConfig config, ConfigFindings findings)
    {
        if (findings.Sound("telemetry.broker", "telemetry.tls.mode") && config.Telemetry is { Broker: "embedded", Tls.Mode: "on" })
        {
            findings.AddContradiction("telemetry.tls.mode", "\"on\"", "\"off\" when telemetry.broker is \"embedded\", which never leaves this machine and speaks no TLS",
                "write \"off\", or set telemetry.broker to \"external\"");
        }
    }

    private static void ClientKeyHasACertificate(DeviceConfig config, ConfigFindings findings)
    {
        const string Path = "telemetry.tls.clientKeyFile";
        TlsSection tls = config.Telemetry.Tls;
        if (findings.Sound(Path, "telemetry.tls.clientCertificateFile") && tls.ClientKeyFile.Length > 0 && tls.ClientCertificateFile.Length == 0)
        {
            findings.AddContradiction(Path, JsonPart.Quote(tls.ClientKeyFile), "empty when telemetry.tls.clientCertificateFile is empty: a key without its certificate says nothing",
                "name the certificate's file as well");
        }
    }

    private static void OthersNeedABroker(DeviceConfig config, ConfigFindings findings)
    {
        Require("sparkplug.mode", config.Sparkplug.Mode);
        Require("homeAssistant.discovery", config.HomeAssistant.Discovery);

        void Require(string path, string value)
        {
            if (findings.Sound(path, "telemetry.broker") && value == "on" && config.Telemetry.Broker == "none")
            {
                findings.AddContradiction(path, "\"on\"", "\"off\" when telemetry.broker is \"none\"", "write \"off\", or name a broker");
            }
        }
    }

    private static void WindowsComeWhileTheSparkplugDeviceLives(DeviceConfig config, ConfigFindings findings)
    {
        const string Path = "sparkplug.silentSeconds";
        double silent = config.Sparkplug.SilentSeconds;
        double apart = config.Window.Stride / config.Sensor.SampleRateHz / (config.Sensor.Speed > 0 ? config.Sensor.Speed : 1);
        if (findings.Sound(Path, "sparkplug.mode", "window.stride", "sensor.sampleRateHz", "sensor.speed") && config.Sparkplug.Mode == "on" && silent > 0 && silent <= apart)
        {
            findings.AddContradiction(Path, RuleText.Show(silent), $"0, or more than the {RuleText.Show(Math.Round(apart, 3))} s between two windows (window.stride / sensor.sampleRateHz / sensor.speed)",
                "raise it, or write 0");
        }
    }
}
