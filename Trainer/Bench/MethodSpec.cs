using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Edge.Config;
using Edge.Storage;
using Edge.Trainer.Methods;

namespace Edge.Trainer.Bench;

/// <summary>A method's name with the settings that differ from the defaults: <c>edge</c>, <c>supconReplay:distillationWeight=5,backbone=resnet</c>, <c>edge:bench.viewWeight=0.3</c>.</summary>
public static class MethodSpec
{
    /// <summary>What the keys of <see cref="BenchVariant"/> begin with; all others are of the section <c>training</c>.</summary>
    public const string VariantPrefix = VariantKey + ".";

    private const string VariantKey = "bench", ReplayBatchKey = "replayBatchSize";
    private static readonly string[] s_takeViews = ["er", "erAce"];
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
    };

    /// <summary>The training section that a text stands for.</summary>
    /// <param name="text">Name, then after a colon <c>key=value</c> pairs with keys of the training section in camel case; a dot reaches into a nested section.</param>
    /// <param name="defaults">What holds where the text says nothing; its method is not looked at.</param>
    /// <exception cref="ArgumentException">A key does not exist or its value does not fit.</exception>
    public static TrainingSection Parse(string text, TrainingSection defaults)
    {
        var node = Node(text, defaults);
        node.Remove(VariantKey);
        var plan = Read<TrainingSection>(node, text);
        if (Gives(text, ReplayBatchKey) && MethodCatalogue.Names.Contains(plan.Method))
        {
            using var method = MethodCatalogue.Create(plan);
            if (method.ReplayBatchSize < plan.ReplayBatchSize)
            {
                throw new ArgumentException(
                    $"'{ReplayBatchKey}={plan.ReplayBatchSize}' in '{text}' would have no effect: {plan.Method} replays at most {method.ReplayBatchSize} windows a step. Write {VariantPrefix}{ReplayBatchKey}={plan.ReplayBatchSize} to measure it with more.", nameof(text));
            }
        }

        return plan;
    }

    /// <summary>The variant of the benchmark's learner that a text stands for: its keys after <c>bench.</c>.</summary>
    /// <exception cref="ArgumentException">A key does not exist or its value does not fit.</exception>
    public static BenchVariant Variant(string text)
    {
        var variant = Read<BenchVariant>(Node(text, new TrainingSection())[VariantKey]!, text);
        if (variant.ViewWeight is not null and not (>= 0 and <= 1)) throw new ArgumentException($"'{VariantPrefix}viewWeight' in '{text}' is {variant.ViewWeight}; expected 0 to 1: a copy weighs no more than its window.", nameof(text));
        if (variant.PretrainEpochs < 1) throw new ArgumentException($"'{VariantPrefix}pretrainEpochs' in '{text}' is {variant.PretrainEpochs}; expected at least 1. To leave pre-training out, leave {VariantPrefix}pretrain out.", nameof(text));
        if (variant.Lambda is { } lambda and not (> 0 and <= 1e9)) throw new ArgumentException($"'{VariantPrefix}lambda' in '{text}' is {lambda}; expected above 0, up to 1e9. Leave it out to have it chosen.", nameof(text));
        if (variant.ReplayBatchSize is { } replayed and not (>= 1 and <= 4096)) throw new ArgumentException($"'{VariantPrefix}{ReplayBatchKey}' in '{text}' is {replayed}; expected 1 to 4096.", nameof(text));
        if (variant.Views is not null && !s_takeViews.Contains(text.Split(':')[0])) throw new ArgumentException($"'{VariantPrefix}views' in '{text}': it is for {string.Join(" and ", s_takeViews)}. Leave it out: the other methods have views or not by their papers.", nameof(text));
        return variant;
    }

    private static bool Gives(string text, string key) => text.Split(':', 2) is [_, var rest] && rest.Split(',').Any(pair => pair.StartsWith(key + "=", StringComparison.Ordinal));

    private static JsonObject Node(string text, TrainingSection defaults)
    {
        var (name, rest) = text.Split(':', 2) is [var n, var r] ? (n, r) : (text, "");
        var node = JsonSerializer.SerializeToNode(defaults with { Method = name }, s_json)!.AsObject();
        node[VariantKey] = JsonSerializer.SerializeToNode(new BenchVariant(), s_json);
        foreach (string pair in rest.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            string[] path = parts[0].Split('.');
            JsonNode? parent = node;
            foreach (string key in path.SkipLast(1)) parent = parent?[key];
            if (parts.Length != 2 || parent is not JsonObject target || !target.ContainsKey(path[^1]))
                throw new ArgumentException($"'{pair}' in '{text}' is no setting of the training section. Write key=value with a key of config section 'training', for example epochs=3, or of the benchmark's variants, for example bench.viewWeight=0.3.", nameof(text));
            target[path[^1]] = ValueOf(parts[1]) ?? throw new ArgumentException($"'{pair}' in '{text}' has no value that can be read. Write a number, true, false or a word.", nameof(text));
        }

        return node;
    }

    private static T Read<T>(JsonNode node, string text)
    {
        try
        {
            return node.Deserialize<T>(s_json)!;
        }
        catch (JsonException e)
        {
            string remedy = e.Path switch { "$.pretrain" => OneOf<UnlabelledWindows>(), "$.retention" => OneOf<RetentionKind>(), _ => "" };
            throw new ArgumentException($"'{text}': {e.Message}{remedy}", nameof(text), e);
        }
    }

    private static string OneOf<T>()
        where T : struct, Enum => $" Write one of {string.Join(", ", Enum.GetNames<T>().Select(JsonNamingPolicy.CamelCase.ConvertName))}.";

    /// <summary>The value that stands after an equals sign: JSON, or a word of letters and digits, which is a text. Null: neither.</summary>
    public static JsonNode? ValueOf(string value)
    {
        try
        {
            return JsonNode.Parse(value);
        }
        catch (JsonException)
        {
            return value.Length > 0 && char.IsAsciiLetter(value[0]) && value.All(char.IsAsciiLetterOrDigit) ? JsonValue.Create(value) : null;
        }
    }
}
