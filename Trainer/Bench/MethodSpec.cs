using System.Text.Json;
using System.Text.Json.Nodes;
using Edge.Config;

namespace Edge.Trainer.Bench;

/// <summary>A method's name with the settings that differ from the defaults: <c>edge</c>, <c>supconReplay:distillationWeight=5,replayBatchSize=128</c>.</summary>
public static class MethodSpec
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Strict) { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>The training section that a text stands for.</summary>
    /// <param name="text">Name, then after a colon <c>key=value</c> pairs with keys of the training section in camel case; a dot reaches into a nested section.</param>
    /// <param name="epochs">Passes over each step, unless the text says otherwise.</param>
    /// <param name="seed">Seed of the section.</param>
    /// <exception cref="ArgumentException">A key does not exist or its value does not fit.</exception>
    public static TrainingSection Parse(string text, int epochs, int seed)
    {
        var (name, rest) = text.Split(':', 2) is [var n, var r] ? (n, r) : (text, "");
        var node = JsonSerializer.SerializeToNode(new TrainingSection { Method = name, Epochs = epochs, Seed = seed }, s_json)!.AsObject();
        foreach (string pair in rest.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = pair.Split('=', 2);
            string[] path = parts[0].Split('.');
            JsonNode? parent = node;
            foreach (string key in path.SkipLast(1)) parent = parent?[key];
            if (parts.Length != 2 || parent is not JsonObject target || !target.ContainsKey(path[^1]))
                throw new ArgumentException($"'{pair}' in '{text}' is no setting of the training section. Write key=value with a key of config section 'training', for example epochs=3.", nameof(text));
            target[path[^1]] = JsonNode.Parse(parts[1]);
        }

        try
        {
            return node.Deserialize<TrainingSection>(s_json)!;
        }
        catch (JsonException e)
        {
            throw new ArgumentException($"'{text}': {e.Message}", nameof(text), e);
        }
    }

    /// <summary>The name alone.</summary>
    public static string NameOf(string text) => text.Split(':', 2)[0];
}
