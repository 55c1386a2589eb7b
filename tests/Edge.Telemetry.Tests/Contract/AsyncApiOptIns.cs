using System.Text.Json.Nodes;
using Edge.Telemetry.HomeAssistant;
using Edge.Telemetry.Mqtt;
using Edge.Telemetry.Sparkplug;
using Edge.Telemetry.Tests.Messages;

namespace Edge.Telemetry.Tests.Contract;

/// <summary>What of the document is only there when the configuration asks for it: Home Assistant's discovery and the Sparkplug node, made of their tables. The payloads are written by hand, since others have set them; tests hold real messages against them.</summary>
internal static class AsyncApiOptIns
{
    public const string SparkplugServer = "sparkplug";

    private const string Payload = "sparkplugPayload", State = "sparkplugHostState";

    private static readonly (string Name, string Description, string Example)[] s_parameters =
    [
        ("homeAssistantPrefix", "homeAssistant.prefix; may have several levels.", "homeassistant"),
        ("objectId", "The device's id; with a '.' in it that is '_' instead, and '-' and eight digits of the id's SHA-256 follow.", "pump-7"),
        ("groupId", "sparkplug.groupId.", "edge"),
        ("nodeId", "sparkplug.nodeId, or the device's id.", "pump-7"),
        ("sparkplugDeviceId", "sparkplug.deviceId: the classifier behind the sensor.", "classifier"),
        ("primaryHost", "sparkplug.primaryHost.", "scada"),
    ];

    private static IEnumerable<OptInTopicRow> Rows => SparkplugTopics.Table.Prepend(HomeAssistantDiscovery.Row);

    public static JsonObject Server() => new()
    {
        ["host"] = "{host}:{port}",
        ["protocol"] = "mqtt",
        ["protocolVersion"] = "5",
        ["description"] = "Opt-in, sparkplug.mode: the same broker, over a second connection with a session of its own.",
        ["variables"] = new JsonObject
        {
            ["host"] = AsyncApiDocument.Reference("#/servers/broker/variables/host"),
            ["port"] = AsyncApiDocument.Reference("#/servers/broker/variables/port"),
        },
        ["bindings"] = new JsonObject
        {
            ["mqtt"] = new JsonObject
            {
                ["clientId"] = "edge-{deviceId}-sparkplug",
                ["cleanSession"] = true,
                ["lastWill"] = new JsonObject { ["topic"] = Row(SparkplugTopics.Table, "sparkplugNodeDeath").Address, ["qos"] = 1, ["message"] = "Sparkplug B payload with the metric bdSeq and no seq", ["retain"] = false },
                ["bindingVersion"] = AsyncApiDocument.Binding,
            },
        },
    };

    public static JsonObject WithChannels(JsonObject channels) => With(channels, row => row.Name, row => new JsonObject
    {
        ["address"] = row.Address,
        ["description"] = row == HomeAssistantDiscovery.Row
            ? "Opt-in, homeAssistant.discovery: tells Home Assistant where in this contract it finds the device's values. An empty message takes it back."
            : "Opt-in, sparkplug.mode.",
        ["servers"] = new JsonArray(AsyncApiDocument.Reference($"#/servers/{(row == HomeAssistantDiscovery.Row ? "broker" : SparkplugServer)}")),
        ["messages"] = new JsonObject { [MessageOf(row)] = AsyncApiDocument.Reference("#/components/messages/" + MessageOf(row)) },
        ["parameters"] = new JsonObject(s_parameters.Where(one => row.Address.Contains($"{{{one.Name}}}", StringComparison.Ordinal))
            .Select(one => KeyValuePair.Create(one.Name, (JsonNode?)AsyncApiDocument.Reference("#/components/parameters/" + one.Name)))),
    });

    public static JsonObject WithOperations(JsonObject operations) => With(operations, row => (row.Direction == TopicDirection.FromDevice ? "send" : "receive") + char.ToUpperInvariant(row.Name[0]) + row.Name[1..], row =>
    {
        JsonObject operation = new()
        {
            ["action"] = row.Direction == TopicDirection.FromDevice ? "send" : "receive",
            ["channel"] = AsyncApiDocument.Reference("#/channels/" + row.Name),
            ["description"] = $"Sent {row.SentWhen}.",
            ["messages"] = new JsonArray(AsyncApiDocument.Reference($"#/channels/{row.Name}/messages/{MessageOf(row)}")),
            ["bindings"] = new JsonObject { ["mqtt"] = new JsonObject { ["qos"] = row.QualityOfService, ["retain"] = row.Retain, ["bindingVersion"] = AsyncApiDocument.Binding } },
        };
        if (row == HomeAssistantDiscovery.Row) operation["x-edge-delivery"] = "latestState";
        return operation;
    });

    public static JsonObject WithParameters(JsonObject parameters)
    {
        foreach ((string name, string description, string example) in s_parameters) parameters[name] = new JsonObject { ["description"] = description, ["examples"] = new JsonArray(example) };
        return parameters;
    }

    public static JsonObject WithMessages(JsonObject messages)
    {
        messages[HomeAssistantDiscovery.MessageName] = new JsonObject
        {
            ["name"] = "homeassistant.device-discovery",
            ["title"] = HomeAssistantDiscovery.MessageName,
            ["contentType"] = "application/json",
            ["summary"] = "Device discovery of Home Assistant's MQTT integration: the device, and for each value shown the topic of this contract where it stands.",
            ["payload"] = JsonNode.Parse(Discovery),
            ["examples"] = new JsonArray(new JsonObject { ["payload"] = JsonNode.Parse(HomeAssistantDiscovery.Announce("homeassistant", Examples.Topics, "0.1.0", 5).Payload.Span) }),
        };
        messages[Payload] = new JsonObject
        {
            ["name"] = "sparkplug.payload",
            ["title"] = Payload,
            ["contentType"] = "application/x-protobuf",
            ["summary"] = "Sparkplug B payload, protobuf: metrics with names and no aliases, with their types in births only. MQTT's own content type is not set.",
            ["payload"] = new JsonObject { ["schemaFormat"] = "application/vnd.google.protobuf;version=2", ["schema"] = AsyncApiDocument.Reference("./Sparkplug/sparkplug.proto") },
        };
        messages[State] = new JsonObject
        {
            ["name"] = "sparkplug.state",
            ["title"] = State,
            ["contentType"] = "application/json",
            ["summary"] = "Whether the host application is there; a message older than the latest that counted says nothing.",
            ["payload"] = JsonNode.Parse(HostState),
            ["examples"] = new JsonArray(new JsonObject { ["payload"] = JsonNode.Parse("""{ "online": true, "timestamp": 1769903998120 }""") }),
        };
        return messages;
    }

    private static string MessageOf(OptInTopicRow row) => row == HomeAssistantDiscovery.Row ? row.Name : row.Name == State ? State : Payload;

    private static OptInTopicRow Row(IEnumerable<OptInTopicRow> table, string name) => table.Single(row => row.Name == name);

    private static JsonObject With(JsonObject all, Func<OptInTopicRow, string> name, Func<OptInTopicRow, JsonObject> make)
    {
        foreach (OptInTopicRow row in Rows) all[name(row)] = make(row);
        return all;
    }

    private const string HostState = """
        {
          "type": "object",
          "required": ["online", "timestamp"],
          "properties": {
            "online": { "type": "boolean" },
            "timestamp": { "description": "Milliseconds since 1970, UTC.", "type": "integer" }
          }
        }
        """;

    private const string Discovery = """
        {
          "type": "object",
          "required": ["device", "origin", "availability", "qos", "components"],
          "properties": {
            "device": {
              "type": "object",
              "required": ["identifiers", "name", "model", "sw_version"],
              "properties": {
                "identifiers": { "description": "One: edge_ and the object id.", "type": "array", "items": { "type": "string", "pattern": "^edge_[A-Za-z0-9_-]+$" }, "minItems": 1, "maxItems": 1 },
                "name": { "description": "The device's id.", "type": "string" },
                "model": { "type": "string", "enum": ["Edge"] },
                "sw_version": { "description": "Version of the service.", "type": "string" }
              }
            },
            "origin": {
              "type": "object",
              "required": ["name", "sw_version"],
              "properties": { "name": { "type": "string", "enum": ["edge"] }, "sw_version": { "type": "string" } }
            },
            "availability": {
              "description": "The status topic of this contract.",
              "type": "array",
              "minItems": 1,
              "maxItems": 1,
              "items": {
                "type": "object",
                "required": ["topic", "value_template"],
                "properties": { "topic": { "type": "string", "pattern": "/status$" }, "value_template": { "type": "string" } }
              }
            },
            "qos": { "description": "Of Home Assistant's subscriptions.", "type": "integer", "enum": [1] },
            "components": {
              "description": "The values shown.",
              "type": "object",
              "required": ["class", "confidence", "windows_per_second", "latency", "accuracy", "forgetting", "snapshot", "drift"],
              "additionalProperties": {
                "type": "object",
                "required": ["platform", "unique_id", "name", "state_topic", "value_template"],
                "properties": {
                  "platform": { "type": "string", "enum": ["sensor", "binary_sensor"] },
                  "unique_id": { "type": "string", "pattern": "^edge_[A-Za-z0-9_-]+$" },
                  "name": { "type": "string" },
                  "state_topic": { "description": "A topic of this contract.", "type": "string" },
                  "value_template": { "description": "Jinja: where in its payload the value stands.", "type": "string" },
                  "icon": { "type": "string" },
                  "unit_of_measurement": { "type": "string" },
                  "device_class": { "type": "string", "enum": ["duration", "problem"] },
                  "state_class": { "type": "string", "enum": ["measurement"] },
                  "entity_category": { "type": "string", "enum": ["diagnostic"] },
                  "expire_after": { "description": "Seconds without a message after which the value is unavailable.", "type": "integer", "minimum": 30 },
                  "json_attributes_topic": { "type": "string" },
                  "off_delay": { "description": "Seconds for which an alarm shows.", "type": "integer", "minimum": 1 }
                }
              }
            }
          }
        }
        """;
}
