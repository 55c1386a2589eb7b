using System.Text.Json.Nodes;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Edge.Telemetry.Tests.Messages;

namespace Edge.Telemetry.Tests.Contract;

/// <summary>The contract as an AsyncAPI 3.0 document, made of <see cref="Topics.Table"/>, the message records and their doc comments.</summary>
internal static class AsyncApiDocument
{
    public const string Binding = "0.2.0";

    /// <summary>The record behind each topic from the device, by schema name.</summary>
    public static IReadOnlyDictionary<string, Type> Records { get; } = typeof(TelemetryMessage).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(TelemetryMessage)))
        .ToDictionary(type => (string)type.GetField("SchemaName")!.GetRawConstantValue()!);

    public static JsonObject Make() => new()
    {
        ["asyncapi"] = "3.0.0",
        ["info"] = new JsonObject
        {
            ["title"] = "Edge device",
            ["version"] = "1.0.0",
            ["description"] = "What a device publishes and subscribes to. Generated from Topics.Table, the message records and the tables of what is opt-in (Home Assistant, Sparkplug), and compared with the code by tests: EDGE_REGENERATE=1 dotnet test tests/Edge.Telemetry.Tests writes it. "
                + "Operations are named from the device's side: it sends, it receives. Every message from the device on {root}/{deviceId}/ begins with deviceId, bootId, seq, ts and schema. QoS 1 may deliver twice: (bootId, seq) recognises it. "
                + "New fields may come at any time; a field that goes, or means something else, raises the number at the end of the schema.",
            ["license"] = new JsonObject { ["name"] = "MIT" },
        },
        ["defaultContentType"] = "application/json",
        ["servers"] = new JsonObject
        {
            ["broker"] = new JsonObject
            {
                ["host"] = "{host}:{port}",
                ["protocol"] = "mqtt",
                ["protocolVersion"] = "5",
                ["description"] = "The broker inside the service, or the one that telemetry.host names; over TLS with telemetry.tls, MQTT 3.1.1 with telemetry.protocol.",
                ["variables"] = new JsonObject
                {
                    ["host"] = new JsonObject { ["default"] = "127.0.0.1", ["description"] = "telemetry.host" },
                    ["port"] = new JsonObject { ["default"] = "1883", ["description"] = "telemetry.port" },
                },
                ["bindings"] = new JsonObject
                {
                    ["mqtt"] = new JsonObject
                    {
                        ["clientId"] = "edge-{deviceId}",
                        ["cleanSession"] = false,
                        ["lastWill"] = new JsonObject { ["topic"] = "{root}/{deviceId}/status", ["qos"] = 1, ["message"] = $"{StatusMessage.SchemaName} with state offline, reason {StatusMessage.LastWillReason} and seq 0", ["retain"] = true },
                        ["bindingVersion"] = Binding,
                    },
                },
            },
            [AsyncApiOptIns.SparkplugServer] = AsyncApiOptIns.Server(),
        },
        ["channels"] = AsyncApiOptIns.WithChannels(WithRollout(Each(Channel))),
        ["operations"] = AsyncApiOptIns.WithOperations(Each(Operation, OperationName)),
        ["components"] = new JsonObject
        {
            ["parameters"] = AsyncApiOptIns.WithParameters(new JsonObject
            {
                ["root"] = new JsonObject { ["description"] = "telemetry.topicRoot; may have several levels.", ["default"] = "edge", ["examples"] = new JsonArray("edge", "plant/north") },
                ["deviceId"] = new JsonObject { ["description"] = "device.id, or the machine's name; letters, digits, '.', '_' and '-'.", ["examples"] = new JsonArray("pump-7") },
            }),
            ["messages"] = AsyncApiOptIns.WithMessages(Each(Message)),
        },
    };

    public static string OperationName(TopicRow row) => (row.Direction == TopicDirection.FromDevice ? "send" : "receive") + char.ToUpperInvariant(row.Name[0]) + row.Name[1..];

    private static JsonObject Each(Func<TopicRow, JsonNode> make, Func<TopicRow, string>? name = null) => new(Topics.Table.Select(row => KeyValuePair.Create(name?.Invoke(row) ?? row.Name, (JsonNode?)make(row))));

    /// <summary>The one topic that is not a device's: no device sends or hears it, so that it has a channel and no operation.</summary>
    private static JsonObject WithRollout(JsonObject channels)
    {
        channels["rollout"] = new JsonObject
        {
            ["address"] = "{root}/~rollout",
            ["description"] = "Among operators, QoS 1, retained: how far the latest rollout of a configuration has come. No device sends or hears it, and no device's id has '~'.",
            ["servers"] = new JsonArray(Reference("#/servers/broker")),
            ["messages"] = new JsonObject
            {
                ["rollout"] = new JsonObject
                {
                    ["name"] = "edge.rollout/1",
                    ["contentType"] = "application/json",
                    ["payload"] = new JsonObject
                    {
                        ["type"] = "object",
                        ["required"] = new JsonArray("schema", "version", "keyId", "state", "at"),
                        ["properties"] = new JsonObject
                        {
                            ["schema"] = new JsonObject { ["type"] = "string", ["enum"] = new JsonArray("edge.rollout/1") },
                            ["version"] = new JsonObject { ["description"] = "Of the document.", ["type"] = "integer", ["minimum"] = 1 },
                            ["keyId"] = new JsonObject { ["description"] = "Who signed it, or unsigned.", ["type"] = "string" },
                            ["seed"] = new JsonObject { ["description"] = "Which devices come first.", ["type"] = "integer" },
                            ["percent"] = new JsonObject { ["description"] = "Share of the devices that it has reached.", ["type"] = "number", ["minimum"] = 0, ["maximum"] = 100 },
                            ["stages"] = new JsonObject { ["description"] = "The shares that it goes through.", ["type"] = "array", ["items"] = new JsonObject { ["type"] = "number" } },
                            ["state"] = new JsonObject { ["type"] = "string", ["enum"] = new JsonArray("running", "done", "stopped", "paused", "aborted") },
                            ["reason"] = new JsonObject { ["description"] = "Why, for a person.", ["type"] = "string" },
                            ["at"] = new JsonObject { ["description"] = "When this was written, UTC.", ["type"] = "string", ["format"] = "date-time" },
                            ["summary"] = new JsonObject { ["description"] = "Where the fleet stood then.", ["type"] = "object" },
                        },
                    },
                },
            },
            ["parameters"] = new JsonObject { ["root"] = Reference("#/components/parameters/root") },
        };
        return channels;
    }

    private static JsonObject Channel(TopicRow row) => new()
    {
        ["address"] = "{root}/{deviceId}/" + row.Suffix,
        ["servers"] = new JsonArray(Reference("#/servers/broker")),
        ["messages"] = new JsonObject { [row.Name] = Reference("#/components/messages/" + row.Name) },
        ["parameters"] = new JsonObject { ["root"] = Reference("#/components/parameters/root"), ["deviceId"] = Reference("#/components/parameters/deviceId") },
    };

    private static JsonObject Operation(TopicRow row)
    {
        JsonObject operation = new()
        {
            ["action"] = row.Direction == TopicDirection.FromDevice ? "send" : "receive",
            ["channel"] = Reference("#/channels/" + row.Name),
            ["description"] = $"Sent {row.SentWhen}.",
            ["messages"] = new JsonArray(Reference($"#/channels/{row.Name}/messages/{row.Name}")),
            ["bindings"] = new JsonObject { ["mqtt"] = new JsonObject { ["qos"] = row.QualityOfService, ["retain"] = row.Retain, ["bindingVersion"] = Binding } },
        };
        if (row.Delivery is { } delivery) operation["x-edge-delivery"] = char.ToLowerInvariant(delivery.ToString()[0]) + delivery.ToString()[1..];
        return operation;
    }

    private static JsonObject Message(TopicRow row)
    {
        JsonObject message = new() { ["name"] = row.Schema, ["title"] = row.Name, ["contentType"] = "application/json" };
        if (row.Direction == TopicDirection.FromDevice)
        {
            message["summary"] = RecordDocumentation.Of(Records[row.Schema]);
            message["payload"] = PayloadSchema.Of(Records[row.Schema], row.Schema);
            message["examples"] = new JsonArray([.. Examples.All.Where(sent => sent.Name == row.Name).Select(sent => new JsonObject { ["payload"] = JsonNode.Parse(sent.Payload.Span) })]);
            return message;
        }

        (JsonObject schema, JsonNode example) = InboundPayloads.Of(row.Schema);
        (message["payload"], message["examples"]) = (schema, new JsonArray(new JsonObject { ["payload"] = example }));
        return message;
    }

    public static JsonObject Reference(string to) => new() { ["$ref"] = to };
}
