using System.Text;
using System.Text.Json.Nodes;

namespace Edge.Config.Tests;

public class ExampleTests
{
    [Fact]
    public void Uci_har_streams_the_archive_without_loss_within_five_percent_of_memory()
    {
        DeviceConfig config = Read("examples/uci-har.json");

        Assert.Equal(("uciHar", 0.0), (config.Sensor.Kind, config.Sensor.Speed));
        Assert.Equal((1.0, 2.0), (config.Labels.SourceShare, config.Labels.SourceDelaySeconds));
        Assert.Equal(366, config.Replay.Capacity + config.Replay.AnchorCapacity);
    }

    [Fact]
    public void Drift_turns_and_weakens_the_simulated_sensor_after_ten_minutes()
    {
        SensorSection sensor = Read("examples/drift.json").Sensor;

        Assert.Equal(("simulated", 10.0), (sensor.Kind, sensor.Speed));
        Assert.Equal((600.0, 20.0, 0.8), (sensor.Simulated.DriftAfterSeconds, sensor.Simulated.DriftRotationDegrees, sensor.Simulated.DriftGain));
    }

    [Fact]
    public void Mosquitto_talks_to_the_broker_of_mosquitto_edge_conf()
    {
        TelemetrySection telemetry = Read("examples/mosquitto.json").Telemetry;

        Assert.Equal("external", telemetry.Broker);
        Assert.Contains($"listener {telemetry.Port} {telemetry.Host}\n", Encoding.UTF8.GetString(DeviceConfigFolder.Read("mosquitto/edge.conf")),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("examples/uci-har.json")]
    [InlineData("examples/drift.json")]
    public void An_example_says_only_what_differs_from_the_default(string file)
    {
        var written = (JsonObject)JsonNode.Parse(DeviceConfigFolder.Read(file), documentOptions: new() { CommentHandling = System.Text.Json.JsonCommentHandling.Skip })!;
        var defaults = (JsonObject)JsonNode.Parse(CanonicalConfig.Write(new DeviceConfig()))!;

        Assert.Equal("../device.schema.json", written["$schema"]!.GetValue<string>());
        written.Remove("$schema");
        AssertDiffers(written, defaults);
    }

    private static void AssertDiffers(JsonObject written, JsonObject defaults)
    {
        foreach ((string key, JsonNode? value) in written)
        {
            if (value is JsonObject section)
            {
                AssertDiffers(section, (JsonObject)defaults[key]!);
            }
            else
            {
                Assert.False(JsonNode.DeepEquals(value, defaults[key]), value!.GetPath() + " is the default");
            }
        }
    }

    private static DeviceConfig Read(string file)
    {
        ConfigVerdict verdict = DeviceConfigReader.ReadFile(DeviceConfigFolder.PathOf(file));
        Assert.True(verdict.IsValid, verdict.ToString());
        return verdict.Config!;
    }
}
