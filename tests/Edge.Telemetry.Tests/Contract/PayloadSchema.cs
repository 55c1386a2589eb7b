using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using Edge.Telemetry.Messages;

namespace Edge.Telemetry.Tests.Contract;

/// <summary>
/// The JSON Schema of a message from the device, from its record: fields and types as the serialiser writes them, descriptions from the doc comments. A field is required when it is always written; one that may be left out is never
/// null, but a number that could not be measured is. More fields than these may come at any time, so they are not forbidden.
/// </summary>
internal static class PayloadSchema
{
    private static readonly NullabilityInfoContext s_nullability = new();

    public static JsonObject Of(Type message, string schemaName)
    {
        var schema = (JsonObject)TelemetryJson.Default.Options.GetJsonSchemaAsNode(message, new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Describe });
        schema["properties"]!["schema"]!["enum"] = new JsonArray(schemaName);
        Inline(schema, schema);
        return schema;
    }

    /// <summary>The exporter refers to a type that it has written before by its place in this schema; in the document that place is another one.</summary>
    private static void Inline(JsonNode? node, JsonObject root)
    {
        if (node is JsonArray several)
        {
            foreach (JsonNode? one in several) Inline(one, root);
        }

        if (node is not JsonObject schema) return;
        if (schema["$ref"] is JsonValue reference)
        {
            schema.Remove("$ref");
            JsonObject target = ((string)reference!)[2..].Split('/').Aggregate(root, (at, name) => at[name]!.AsObject());
            foreach ((string key, JsonNode? value) in target) schema.TryAdd(key, value?.DeepClone());
        }

        foreach ((_, JsonNode? inner) in schema.ToArray()) Inline(inner, root);
    }

    private static JsonObject Describe(JsonSchemaExporterContext context, JsonNode exported)
    {
        JsonObject node = exported as JsonObject ?? [];
        Type type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        if (type == typeof(double)) node["type"] = new JsonArray("number", "null");
        else if (type == typeof(DateTimeOffset)) (node["type"], node["format"], node["pattern"]) = ("string", "date-time", @"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$");
        else if (node["type"] is JsonArray types) node["type"] = types.Select(one => (string)one!).Single(one => one != "null");
        if (type == typeof(ulong)) node["minimum"] = 0;
        if (type.IsEnum)
        {
            JsonNode[] words = [.. node["enum"]!.AsArray().Where(word => word is not null).Select(word => word!.DeepClone())];
            (node["type"], node["enum"]) = ("string", new JsonArray(words));
        }

        if (context.TypeInfo.Kind == JsonTypeInfoKind.Object && node["properties"] is not null)
        {
            node["required"] = new JsonArray([.. context.TypeInfo.Properties.Where(IsAlwaysWritten).Select(property => (JsonNode)property.Name)]);
        }

        if (node["additionalProperties"] is JsonValue) node.Remove("additionalProperties"); // How strictly this side reads, and not what a reader may expect.
        node.Remove("default"); // Of a constructor's parameter: how a record is made, and not what is sent.
        if (context.PropertyInfo is not { } field) return node;
        string meaning = type.IsEnum ? " " + RecordDocumentation.OfWords(type) : "";
        JsonObject described = new() { ["description"] = RecordDocumentation.Of(Declared(field)) + meaning };
        foreach ((string key, JsonNode? value) in node.ToArray())
        {
            node.Remove(key);
            described[key] = value;
        }

        return described;
    }

    private static bool IsAlwaysWritten(JsonPropertyInfo field) =>
        Declared(field) is var property && Nullable.GetUnderlyingType(property.PropertyType) is null && s_nullability.Create(property).ReadState != NullabilityState.Nullable;

    private static PropertyInfo Declared(JsonPropertyInfo field) => field.DeclaringType.GetProperties().First(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name) == field.Name);
}
