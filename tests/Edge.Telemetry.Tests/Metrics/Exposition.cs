using System.Globalization;
using System.Text.RegularExpressions;

namespace Edge.Telemetry.Tests.Metrics;

/// <summary>One sample line of the text that Prometheus reads.</summary>
internal sealed record Sample(string Name, string Labels, double Value);

/// <summary>A reader of the Prometheus text exposition format 0.0.4; a line that is none fails the test.</summary>
internal sealed partial class Exposition
{
    public List<Sample> Samples { get; } = [];

    public Dictionary<string, string> Types { get; } = [];

    public Dictionary<string, string> Helps { get; } = [];

    public static Exposition Parse(string text)
    {
        Exposition parsed = new();
        Assert.EndsWith("\n", text);
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Comment().Match(line) is { Success: true } comment)
            {
                (comment.Groups["what"].Value == "TYPE" ? parsed.Types : comment.Groups["what"].Value == "HELP" ? parsed.Helps : []).Add(comment.Groups["name"].Value, comment.Groups["text"].Value);
            }
            else if (!line.StartsWith('#'))
            {
                Match sample = Line().Match(line);
                Assert.True(sample.Success, $"not a line of the exposition format: {line}");
                parsed.Samples.Add(new Sample(sample.Groups["name"].Value, sample.Groups["labels"].Value, double.Parse(sample.Groups["value"].Value, CultureInfo.InvariantCulture)));
            }
        }

        return parsed;
    }

    public double Value(string name, string labels = "") => Assert.Single(Samples, sample => sample.Name == name && sample.Labels == labels).Value;

    [GeneratedRegex("^# (?<what>TYPE|HELP|UNIT) (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<text>.*)$")]
    private static partial Regex Comment();

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\["\\n])*",?)*)\})? (?<value>[-+0-9.eE]+|NaN|\+Inf|-Inf)( [0-9]+)?$""")]
    private static partial Regex Line();
}
