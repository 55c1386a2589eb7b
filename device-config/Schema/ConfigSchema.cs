using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;

namespace Edge.Config;

/// <summary>
/// The JSON Schema (draft 2020-12) of a device configuration, for editors and for checks off the device. It says what each key must be by itself; what keys
/// must be to one another only
/// <see cref="DeviceConfigReader"/> knows.
/// </summary>
public static class ConfigSchema
{
    private const string Draft = "https://json-schema.org/draft/2020-12/schema";

    /// <summary>The keyword that says what a change of a field costs: <c>live</c>, <c>pipeline</c>, <c>process</c> or <c>snapshot</c>; see <see cref="ConfigChange"/>.</summary>
    public const string ChangeKeyword = "x-edge-change";

    /// <summary>No character below U+0020 and no U+007F; what <see cref="FieldLimits"/> asks of a text without a pattern of its own.</summary>
    private const string NoControlCharacters = "^[^\\u0000-\\u001F\\u007F]*$";

    /// <summary>
    /// The schema as it was generated last: the file <c>device.schema.json</c>, embedded. A test fails when it differs from <see cref="Generate"/>.
    /// </summary>
    public static string Text { get; } = ReadEmbedded();

    /// <summary>
    /// Generates the schema from the section records: types and keys as the serialiser sees them, limits from their attributes, defaults from their
    /// initialisers, descriptions from their doc
    /// comments.
    /// </summary>
    /// <exception cref="InvalidOperationException">The documentation file <c>Edge.Config.xml</c> is not beside the program, as in a single-file publish; <see
    /// cref="Text"/> is always there.</exception>
    public static string Generate()
    {
        var documentation = ConfigDocumentation.Load();
        var exporter = new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = (context, node) => context.PropertyInfo?.AttributeProvider is PropertyInfo property ? Describe(property, (JsonObject)node,
                documentation) : node,
        };
        var sections = (JsonObject)CanonicalConfig.Options.GetJsonSchemaAsNode(typeof(DeviceConfig), exporter);
        var schema = new JsonObject
        {
            [SectionReader.SchemaKey] = Draft,
            ["title"] = "Edge device configuration",
            ["description"] = documentation.Of(typeof(DeviceConfig)),
        };
        Move(sections, schema);
        var place = new JsonObject { ["description"] = "Place of this schema, for editors. Without effect on the device.", ["type"] = "string" };
        ((JsonObject)schema["properties"]!).Insert(0, SectionReader.SchemaKey, place);
        return schema.ToJsonString(new JsonSerializerOptions(CanonicalConfig.Options) { WriteIndented = true }) + "\n";
    }

    private static JsonObject Describe(PropertyInfo property, JsonObject exported, ConfigDocumentation documentation)
    {
        ConfigField field = SectionShape.Of(property.DeclaringType!).Find(SectionShape.KeyOf(property))!;
        var node = new JsonObject { ["description"] = documentation.Of(property) };
        if (field.Kind != FieldKind.Section)
        {
            node["default"] = JsonSerializer.SerializeToNode(field.Default, CanonicalConfig.Options);
            node[ChangeKeyword] = JsonNamingPolicy.CamelCase.ConvertName(field.Change.ToString());
        }

        Move(exported, node);
        switch (field.Kind)
        {
            case FieldKind.Integer or FieldKind.Number:
                node["minimum"] = field.Limits.Min;
                node["maximum"] = field.Limits.Max;
                break;
            case FieldKind.Text:
                LimitText(node, field.Limits);
                break;
            case FieldKind.TextList:
                node["minItems"] = field.Limits.MinCount;
                if (field.Limits.MaxCount != int.MaxValue)
                {
                    node["maxItems"] = field.Limits.MaxCount;
                }

                LimitText((JsonObject)node["items"]!, field.Limits);
                break;
            case FieldKind.TripleList:
                node["minItems"] = field.Limits.MinCount;
                node["maxItems"] = field.Limits.MaxCount;
                node["items"] = Triple(field.Limits);
                break;
            case FieldKind.NumberMap:
                node["maxProperties"] = field.Limits.MaxCount;
                node["propertyNames"] = Limited(field.Limits);
                node["additionalProperties"] = new JsonObject { ["type"] = "number", ["minimum"] = field.Limits.Min, ["maximum"] = field.Limits.Max };
                break;
            case FieldKind.TextMap:
                node["maxProperties"] = field.Limits.MaxCount;
                node["propertyNames"] = Limited(field.Limits);
                node["additionalProperties"] = Limited(field.Limits);
                break;
        }

        return node;
    }

    private static JsonObject Triple(FieldLimits limits) => new()
    {
        ["type"] = "array",
        ["minItems"] = 3,
        ["maxItems"] = 3,
        ["items"] = new JsonObject { ["type"] = "integer", ["minimum"] = limits.Min, ["maximum"] = limits.Max },
    };

    private static JsonObject Limited(FieldLimits limits)
    {
        var text = new JsonObject();
        LimitText(text, limits);
        return text;
    }

    private static void LimitText(JsonObject node, FieldLimits limits)
    {
        node["type"] = "string";
        if (limits.Allowed.Count > 0)
        {
            node["enum"] = new JsonArray([.. limits.Allowed.Select(a => (JsonNode)a)]);
            return;
        }

        if (limits.MinLength > 0)
        {
            node["minLength"] = limits.MinLength;
        }

        if (limits.MaxLength != int.MaxValue)
        {
            node["maxLength"] = limits.MaxLength;
        }

        node["pattern"] = limits.Pattern ?? NoControlCharacters;
    }

    private static void Move(JsonObject from, JsonObject to)
    {
        foreach ((string key, JsonNode? value) in from.ToArray())
        {
            from.Remove(key);
            to[key] = value;
        }
    }

    private static string ReadEmbedded()
    {
        using Stream stream = typeof(ConfigSchema).Assembly.GetManifestResourceStream("device.schema.json")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
