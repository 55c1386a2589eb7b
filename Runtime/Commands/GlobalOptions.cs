using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Edge.Runtime.Commands;

/// <summary>What every verb understands.</summary>
public static class GlobalOptions
{
    /// <summary>One JSON object on standard output, talk on standard error.</summary>
    public static Option<bool> Json { get; } = new("--json") { Description = "One JSON object (or one per line for streams) on standard output; everything else goes to standard error." };

    /// <summary>JSON on one line, camelCase; a number that JSON does not have is "NaN" or "Infinity".</summary>
    public static JsonSerializerOptions OneLine { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };
}
