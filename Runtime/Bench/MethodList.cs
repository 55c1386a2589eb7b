using System.Text;
using System.Text.Json.Nodes;
using Edge.Config;
using Edge.Trainer.Bench;
using Edge.Trainer.Methods;

namespace Edge.Runtime.Bench;

/// <summary>
/// Methods as text: <c>naive,er,edge</c>. A method may carry settings of the section <c>training</c> that differ from the defaults, <c>er:learningRate=0.003,batchSize=16,scr</c>; a part with an equals sign and
/// no colon before it belongs to the method in front of it. A dot reaches into a nested section; <c>bench.</c> begins what the benchmark alone can try
/// (<see cref="BenchVariant"/>).
/// </summary>
public static class MethodList
{
    private static readonly Dictionary<string, string> s_givenElsewhere = new(StringComparer.Ordinal) { ["method"] = "it is the name before the colon", ["seed"] = "--seeds gives it" };

    /// <summary>Takes a list apart.</summary>
    public static IReadOnlyList<string> Split(string text)
    {
        var methods = new List<string>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            bool isSetting = part.Contains('=') && !part.Split('=')[0].Contains(':');
            if (isSetting && methods.Count > 0 && methods[^1].Contains(':')) methods[^1] += "," + part;
            else methods.Add(part);
        }

        return methods;
    }

    /// <summary>Everything that is wrong with one method; none: it can be run.</summary>
    public static IEnumerable<string> Problems(string method)
    {
        string[] parts = method.Split(':', 2);
        if (!MethodCatalogue.Names.Contains(parts[0])) return [$"--methods: there is no method '{parts[0]}'. There are {string.Join(", ", MethodCatalogue.Names)}."];
        return parts.Length == 1 ? [] : SettingProblems(method, parts[1]);
    }

    private static List<string> SettingProblems(string method, string settings)
    {
        var training = new JsonObject();
        var problems = new List<string>();
        foreach (string pair in settings.Split(','))
        {
            string[] sides = pair.Split('=', 2);
            if (sides.Length != 2 || sides[0].Length == 0 || MethodSpec.ValueOf(sides[1]) is not { } value)
            {
                problems.Add($"--methods: '{pair}' in '{method}' is not a setting. Write key=value with a key of the section 'training' of the configuration and a number, true, false or a word, as in er:learningRate=0.003.");
                continue;
            }

            if (sides[0].StartsWith(MethodSpec.VariantPrefix, StringComparison.Ordinal)) continue; // No configuration has it.
            if (s_givenElsewhere.TryGetValue(sides[0], out string? where)) problems.Add($"--methods: '{sides[0]}' in '{method}' is not a setting of its own: {where}. Leave it out.");
            else if (!Put(training, sides[0].Split('.'), value)) problems.Add($"--methods: '{sides[0]}' in '{method}' is given twice. Leave one out.");
        }

        var verdict = DeviceConfigReader.Read(Encoding.UTF8.GetBytes(new JsonObject { ["training"] = training }.ToJsonString()), method);
        problems.AddRange(verdict.Problems.Select(problem => $"--methods: in '{method}' {problem with { Line = null, Column = null }}"));
        if (problems.Count > 0) return problems;
        try
        {
            MethodSpec.Variant(method);
            MethodSpec.Parse(method, new TrainingSection());
        }
        catch (ArgumentException e)
        {
            problems.Add($"--methods: {e.Message}");
        }

        return problems;
    }

    private static bool Put(JsonObject section, string[] path, JsonNode value)
    {
        foreach (string key in path[..^1])
        {
            if (section[key] is null) section[key] = new JsonObject();
            if (section[key] is not JsonObject inner) return false;
            section = inner;
        }

        return section.TryAdd(path[^1], value);
    }
}
