using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Edge.Telemetry.HomeAssistant;
using Edge.Telemetry.Mqtt;
using Edge.Telemetry.Tests.Messages;
using Edge.Telemetry.Tests.Mqtt;

namespace Edge.Telemetry.Tests.HomeAssistant;

/// <summary>What Home Assistant is told, and that it points at what the device really publishes.</summary>
public sealed partial class DiscoveryTests
{
    private static readonly Topics Device = new("plants/edge", "pump.7");
    private static readonly OutboundMessage Message = HomeAssistantDiscovery.Announce("homeassistant", Device, "1.2.3", 5);
    private static readonly JsonObject Config = JsonNode.Parse(Message.Payload.Span)!.AsObject();

    [Fact]
    public void One_retained_message_describes_the_device()
    {
        Assert.Equal(("homeassistant/device/pump_7-784eb15a/config", true), (Message.Topic, Message.Retain));
        Assert.Equal(["device", "origin", "availability", "qos", "components"], Config.Select(field => field.Key));
        Assert.Equal("""{"identifiers":["edge_pump_7-784eb15a"],"name":"pump.7","model":"Edge","sw_version":"1.2.3"}""", Config["device"]!.ToJsonString());
        Assert.Equal("edge", (string?)Config["origin"]!["name"]);
        Assert.Equal(["class", "confidence", "windows_per_second", "latency", "accuracy", "forgetting", "snapshot", "drift"], Config["components"]!.AsObject().Select(one => one.Key));
    }

    [Theory]
    [InlineData("a.b", "a_b")]
    [InlineData("a.b_c", "a_b.c")]
    [InlineData("pump.7", "pump_7")]
    public void Two_devices_never_share_an_announcement(string one, string other)
    {
        Assert.NotEqual(HomeAssistantDiscovery.TopicOf("homeassistant", one), HomeAssistantDiscovery.TopicOf("homeassistant", other));
        string[] ids = [.. new[] { one, other }.Select(id => HomeAssistantDiscovery.Announce("homeassistant", new Topics("edge", id), "1", 5)).Select(said => (string)JsonNode.Parse(said.Payload.Span)!["device"]!["identifiers"]![0]!)];
        Assert.NotEqual(ids[0], ids[1]);
    }

    [Fact]
    public void An_id_that_Home_Assistant_takes_stays_as_it_is() => Assert.Equal("homeassistant/device/pump_7-b/config", HomeAssistantDiscovery.TopicOf("homeassistant", "pump_7-b"));

    [Fact]
    public void Every_component_has_a_platform_a_name_and_an_id_of_its_own()
    {
        JsonNode[] components = [.. Config["components"]!.AsObject().Select(one => one.Value!)];
        Assert.All(components, one => Assert.Contains((string)one["platform"]!, new[] { "sensor", "binary_sensor" }));
        Assert.Equal(components.Length, components.Select(one => (string)one["unique_id"]!).Distinct().Count());
        Assert.Equal(components.Length, components.Select(one => (string)one["name"]!).Distinct().Count());
        Assert.All(components, one => Assert.Matches("^edge_pump_7-784eb15a_[a-z_]+$", (string)one["unique_id"]!));
    }

    [Fact]
    public void Every_topic_is_one_of_the_contract_and_every_field_stands_in_its_messages()
    {
        var values = Config["components"]!.AsObject().Select(one => one.Value!).Append(Config["availability"]![0]!).Select(one => (Topic: (string?)one["state_topic"] ?? (string)one["topic"]!, Template: (string)one["value_template"]!)).ToList();
        Assert.Equal(9, values.Count);
        Assert.All(values, value =>
        {
            TopicRow row = Assert.Single(Topics.Table, row => Device.Of(row) == value.Topic);
            JsonElement example = Examples.All.Select(Examples.Json).First(json => json.GetProperty("schema").GetString() == row.Schema);
            List<Match> fields = [.. Field().Matches(value.Template).Cast<Match>()];
            Assert.NotEmpty(fields);
            Assert.All(fields, field => Assert.True(Has(example, [.. field.Groups["part"].Captures.Select(part => part.Value)]), $"{row.Schema} has no {field.Value}"));
        });
    }

    [Theory]
    [InlineData(5, 30)]
    [InlineData(0.1, 30)]
    [InlineData(60, 180)]
    public void A_value_expires_when_three_summaries_are_missing(double summarySeconds, int seconds)
    {
        JsonNode config = JsonNode.Parse(HomeAssistantDiscovery.Announce("ha", Device, "1", summarySeconds).Payload.Span)!;
        Assert.Equal(seconds, (int)config["components"]!["class"]!["expire_after"]!);
        Assert.Null(config["components"]!["accuracy"]!["expire_after"]); // Comes with rounds, hours apart.
    }

    [Fact]
    public async Task The_broker_keeps_the_announcement_and_forgets_it_when_it_is_taken_back()
    {
        await using Mosquitto broker = await Mosquitto.StartAsync();
        await using Device device = new(broker.Port);
        await device.Start().Connected();
        await device.Link.SendAsync(Message);
        await Eventually.Holds(() => device.Link.HasDelivered(Message), "the broker has it");
        await using (MosquittoSub after = await MosquittoSub.StartAsync(broker.Port, "homeassistant/#"))
        {
            Assert.Equal(JsonNode.Parse(Message.Payload.Span)!.ToJsonString(), JsonNode.Parse(Assert.Single(after.All, seen => seen.Retained).Payload)!.ToJsonString());
        }

        OutboundMessage withdrawal = HomeAssistantDiscovery.Withdraw(Message.Topic);
        await device.Link.SendAsync(withdrawal);
        await Eventually.Holds(() => device.Link.HasDelivered(withdrawal), "the broker has it");
        await using MosquittoSub later = await MosquittoSub.StartAsync(broker.Port, "homeassistant/#");
        Assert.Empty(later.All);
    }

    [Fact]
    public void Where_the_device_was_announced_is_remembered_until_it_is_taken_back()
    {
        string path = Path.Combine(Path.GetTempPath(), $"edge-announced-{Guid.NewGuid():n}");
        AnnouncementRecord record = new(path);
        Assert.Empty(record.Topics);
        record.Note(["a/device/x/config", "b/device/x/config"]);
        Assert.Equal("edge-announced 1\na/device/x/config\nb/device/x/config\n", File.ReadAllText(path)); // Bytes on disk are for ever.
        Assert.Equal(["a/device/x/config", "b/device/x/config"], new AnnouncementRecord(path).Topics);
        record.Note([]);
        Assert.False(File.Exists(path));
        File.WriteAllText(path, "edge-announced 2\na\n");
        Assert.Empty(new AnnouncementRecord(path).Topics);
        File.Delete(path);
    }

    private static bool Has(JsonElement element, IEnumerable<string> path)
    {
        foreach (string part in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(part, out element)) return false;
        }

        return true;
    }

    [GeneratedRegex(@"value_json(?:\.(?<part>\w+)|\['(?<part>\w+)'\])+")]
    private static partial Regex Field();
}
