using System.Text.Json.Nodes;
using NJsonSchema;

namespace Edge.Telemetry.Tests.Contract;

/// <summary>What Telemetry/asyncapi.yaml says of one topic.</summary>
/// <param name="Suffix">What follows <c>{root}/{deviceId}/</c>; of an opt-in topic, which does not begin so, its whole address.</param>
/// <param name="IsSent">Whether the device sends it.</param>
/// <param name="QualityOfService">0, 1 or 2.</param>
/// <param name="Retain">Whether the broker keeps the latest.</param>
/// <param name="Message">Name, payload schema and examples.</param>
internal sealed record AgreedTopic(string Suffix, bool IsSent, int QualityOfService, bool Retain, JsonObject Message);

/// <summary>The committed Telemetry/asyncapi.yaml, read as anybody would read it, to hold messages against.</summary>
internal sealed class AsyncApiContract
{
    private const string Prefix = "{root}/{deviceId}/";
    private readonly Dictionary<string, JsonSchema> _schemas = [];

    private AsyncApiContract(JsonObject document)
    {
        Document = document;
        AgreedTopic[] all = [.. document["operations"]!.AsObject().Select(operation =>
        {
            var address = (string)At((string)operation.Value!["channel"]!["$ref"]!)["address"]!;
            var message = At((string)At((string)operation.Value["messages"]!.AsArray().Single()!["$ref"]!)["$ref"]!);
            var binding = operation.Value["bindings"]!["mqtt"]!;
            return new AgreedTopic(address.StartsWith(Prefix, StringComparison.Ordinal) ? address[Prefix.Length..] : address, (string)operation.Value["action"]! == "send", (int)binding["qos"]!, (bool)binding["retain"]!, message);
        })];
        Topics = [.. all.Where(topic => !IsAddress(topic.Suffix))];
        OptIn = [.. all.Where(topic => IsAddress(topic.Suffix))];

        static bool IsAddress(string suffix) => suffix.Contains('{', StringComparison.Ordinal);
    }

    public JsonObject Document { get; }

    /// <summary>The topics of every device, under <c>{root}/{deviceId}/</c>.</summary>
    public IReadOnlyList<AgreedTopic> Topics { get; }

    /// <summary>Those that are there when the configuration asks for them.</summary>
    public IReadOnlyList<AgreedTopic> OptIn { get; }

    public static string FilePath { get; } = Path.Combine(Root(), "Telemetry", "asyncapi.yaml");

    public static AsyncApiContract Read() => new(Yaml.Read(File.ReadAllText(FilePath)).AsObject());

    public AgreedTopic? Find(string suffix) => Topics.Concat(OptIn).FirstOrDefault(topic => topic.Suffix == suffix);

    /// <summary>Everything by which a payload breaks the contract of its topic; empty when it keeps it. A field that the contract does not name is one thing, so that none stays unwritten.</summary>
    public async Task<IReadOnlyList<string>> BreachesAsync(string suffix, string payload)
    {
        if (Find(suffix) is not { } topic) return [$"{suffix} is no topic of the contract"];
        if (!_schemas.TryGetValue(suffix, out JsonSchema? schema))
        {
            JsonNode closed = topic.Message["payload"]!.DeepClone();
            Close(closed);
            _schemas[suffix] = schema = await JsonSchema.FromJsonAsync(closed.ToJsonString());
        }

        return [.. schema.Validate(payload).Select(error => $"{suffix}: {error.Kind} at {error.Path}: {payload}")];
    }

    private static void Close(JsonNode? node)
    {
        if (node is JsonObject { Count: > 0 } schema)
        {
            if (schema["properties"] is JsonObject && schema["additionalProperties"] is null) schema["additionalProperties"] = false;
            foreach ((_, JsonNode? inner) in schema.ToArray()) Close(inner);
        }
        else if (node is JsonArray several)
        {
            foreach (JsonNode? inner in several) Close(inner);
        }
    }

    private JsonObject At(string pointer) => pointer[2..].Split('/').Aggregate(Document, (node, name) => node[name]!.AsObject());

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Edge.sln"))) folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException("Edge.sln is in no folder above the tests.");
    }
}
