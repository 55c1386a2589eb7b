using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Edge.Telemetry.HomeAssistant;
using Edge.Telemetry.Mqtt;
using Edge.Telemetry.Tests.Messages;
using Edge.Telemetry.Tests.Mqtt;
using Edge.Telemetry.Tests.Sparkplug;

namespace Edge.Telemetry.Tests.Contract;

/// <summary>Telemetry/asyncapi.yaml is also what a device with Home Assistant and Sparkplug switched on publishes and subscribes to: the broker's own log says what that is.</summary>
public partial class OptInTopicsTests
{
    private const string SparkplugClient = "pump-7-sparkplug", DeviceClient = "edge-pump-7", Host = "scada";
    private static readonly AsyncApiContract s_contract = AsyncApiContract.Read();
    private static readonly OutboundMessage s_announcement = HomeAssistantDiscovery.Announce("homeassistant", Examples.Topics, "0.1.0", 5);

    [Fact]
    public async Task A_device_with_both_switched_on_publishes_and_hears_what_the_document_says()
    {
        string log = Path.Combine(Path.GetTempPath(), $"edge-mosquitto-{Guid.NewGuid():n}.log"), births = log + ".bdseq";
        await using (Mosquitto broker = await Mosquitto.StartAsync($"log_dest file {log}", "log_type all", "log_timestamp false"))
        {
            await using Device device = new Device(broker.Port, options => options with { Subscriptions = [.. Examples.Topics.Inbound, .. Examples.Topics.InboundSnapshots] }).Start();
            await device.Connected();
            foreach (OutboundMessage message in Examples.All.Append(s_announcement)) device.Link.Send(message);
            await MosquittoClients.PublishAsync(broker.Port, $"spBv1.0/STATE/{Host}", """{"online":true,"timestamp":1}""", retain: true);
            await using TestNode node = new(broker.Port, births, options => options with { PrimaryHost = Host });
            await Seen("DDATA");
            node.Provider = "cpu";
            await Seen("NDATA");
            node.Senses = false;
            await Seen("DDEATH");
            await node.StopAsync();
            await Eventually.Holds(() => device.Link.State.PublishedCount > Examples.All.Count, "the device's messages are there");
        }

        List<(string Client, string Topic, bool IsSent, int QualityOfService, bool Retain)> traffic = Read(File.ReadAllLines(log));
        File.Delete(log);
        File.Delete(births);

        Assert.Equal(
            Agreed(isSent: true).Order(),
            traffic.Where(one => one.IsSent).Select(one => (one.Client, one.Topic, one.QualityOfService, one.Retain)).Distinct().Order());
        string[] offers = [.. traffic.Where(one => one.Topic.StartsWith("edge/fleet/", StringComparison.Ordinal)).Select(one => one.Topic)];
        string offered = (string)s_contract.Document["operations"]!["receiveSnapshotOffer"]!["description"]!;
        Assert.Equal(2, offers.Length);
        Assert.All(offers, topic => Assert.Contains(topic.Replace("edge/", "{root}/", StringComparison.Ordinal).Replace("+", "{group}", StringComparison.Ordinal), offered, StringComparison.Ordinal));
        Assert.Equal(
            Agreed(isSent: false).Select(one => (one.Client, one.Topic, one.QualityOfService)).Order(),
            traffic.Where(one => !one.IsSent && !offers.Contains(one.Topic)).Select(one => (one.Client, one.Topic, one.QualityOfService)).Distinct().Order());

        Task Seen(string verb) => Eventually.Holds(() => File.ReadAllText(log).Contains($"'spBv1.0/plant 1/{verb}/", StringComparison.Ordinal), $"{verb} is there");
    }

    [Fact]
    public async Task What_home_assistant_is_told_keeps_the_schema_and_what_breaks_it_is_found()
    {
        string address = HomeAssistantDiscovery.Row.Address;
        Assert.Empty(await s_contract.BreachesAsync(address, Examples.Text(s_announcement)));
        Assert.Empty(await s_contract.BreachesAsync(address, Examples.Text(HomeAssistantDiscovery.Announce("ha/x", new Topics("plant/north", "pump.7"), "1.2.3-rc.1", 3600))));
        foreach (string path in (string[])["device", "device/identifiers", "origin/name", "availability/0/topic", "qos", "components/drift", "components/class/state_topic", "components/latency/platform"])
        {
            JsonNode broken = JsonNode.Parse(s_announcement.Payload.Span)!;
            string[] levels = path.Split('/');
            JsonNode parent = levels[..^1].Aggregate(broken, (node, level) => int.TryParse(level, out int index) ? node[index]! : node[level]!);
            parent[levels[^1]] = new JsonObject { ["colour"] = 1 };
            Assert.NotEmpty(await s_contract.BreachesAsync(address, broken.ToJsonString()));
            Assert.True(parent.AsObject().Remove(levels[^1]));
            Assert.NotEmpty(await s_contract.BreachesAsync(address, broken.ToJsonString()));
        }
    }

    [Fact]
    public async Task The_example_of_a_hosts_state_keeps_its_schema_and_sparkplug_is_protobuf()
    {
        AgreedTopic state = Assert.Single(s_contract.OptIn, topic => topic.Suffix.Contains("/STATE/", StringComparison.Ordinal));
        Assert.Empty(await s_contract.BreachesAsync(state.Suffix, state.Message["examples"]![0]!["payload"]!.ToJsonString()));
        Assert.All(
            s_contract.OptIn.Where(topic => topic.Suffix.StartsWith("spBv1.0/{groupId}/", StringComparison.Ordinal)),
            topic => Assert.Equal("application/x-protobuf", (string)topic.Message["contentType"]!));
    }

    /// <summary>What the document says of this device: on which connection, topic, QoS, retain.</summary>
    private static IEnumerable<(string Client, string Topic, int QualityOfService, bool Retain)> Agreed(bool isSent) =>
        s_contract.Topics.Where(topic => topic.IsSent == isSent).Select(topic => (DeviceClient, "edge/pump-7/" + topic.Suffix, topic.QualityOfService, topic.Retain))
            .Concat(s_contract.OptIn.Where(topic => topic.IsSent == isSent).Select(topic => (ClientOf(topic), Filled(topic.Suffix), topic.QualityOfService, topic.Retain)));

    private static string ClientOf(AgreedTopic topic)
    {
        JsonNode channel = s_contract.Document["channels"]!.AsObject().Single(one => (string)one.Value!["address"]! == topic.Suffix).Value!;
        return (string)channel["servers"]![0]!["$ref"]! == "#/servers/sparkplug" ? SparkplugClient : DeviceClient;
    }

    private static string Filled(string address) => Parameter().Replace(address, match => match.Groups["name"].Value switch
    {
        "homeAssistantPrefix" => "homeassistant",
        "objectId" => Examples.Topics.DeviceId,
        "groupId" => TestNode.Topics.GroupId,
        "nodeId" => TestNode.Topics.NodeId,
        "sparkplugDeviceId" => TestNode.Topics.DeviceId,
        "primaryHost" => Host,
        var name => throw new InvalidOperationException($"the document has a parameter {name}"),
    });

    /// <summary>What the two connections published (wills too) and subscribed to, by the log of mosquitto.</summary>
    private static List<(string Client, string Topic, bool IsSent, int QualityOfService, bool Retain)> Read(string[] lines)
    {
        List<(string Client, string Topic, bool IsSent, int QualityOfService, bool Retain)> traffic = [];
        string client = "";
        (int QualityOfService, bool Retain)? will = null;
        foreach (string line in lines)
        {
            if (Published().Match(line) is { Success: true } published) traffic.Add((published.Groups["client"].Value, published.Groups["topic"].Value, true, Number(published, "qos"), Number(published, "retain") == 1));
            else if (From().Match(line) is { Success: true } from) client = from.Groups["client"].Value;
            else if (Will().Match(line) is { Success: true } specified) will = (Number(specified, "qos"), Number(specified, "retain") == 1);
            else if (Filter().Match(line) is { Success: true } filter) traffic.Add((client, filter.Groups["topic"].Value, false, Number(filter, "qos"), false));
            else if (will is { } said && line.StartsWith('\t'))
            {
                traffic.Add((client, line.Trim(), true, said.QualityOfService, said.Retain));
                will = null;
            }
        }

        return [.. traffic.Where(one => one.Client is DeviceClient or SparkplugClient)];

        static int Number(Match match, string name) => int.Parse(match.Groups[name].Value);
    }

    [GeneratedRegex(@"\{(?<name>\w+)\}")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"^Received PUBLISH from (?<client>\S+) \(d\d, q(?<qos>\d), r(?<retain>\d), m\d+, '(?<topic>[^']+)'")]
    private static partial Regex Published();

    [GeneratedRegex(@"^(New client connected from \S+ as|Received SUBSCRIBE from) (?<client>\S+)")]
    private static partial Regex From();

    [GeneratedRegex(@"^Will message specified \(\d+ bytes\) \(r(?<retain>\d), q(?<qos>\d)\)")]
    private static partial Regex Will();

    [GeneratedRegex(@"^\t(?<topic>.+) \(QoS (?<qos>\d)\)$")]
    private static partial Regex Filter();
}
