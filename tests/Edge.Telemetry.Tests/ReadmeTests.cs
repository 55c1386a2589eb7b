using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Edge.Telemetry.HomeAssistant;
using Edge.Telemetry.Messages;
using Edge.Telemetry.Mqtt;
using Edge.Telemetry.Sparkplug;
using Edge.Telemetry.Tests.Messages;

namespace Edge.Telemetry.Tests;

/// <summary>What Telemetry/README.md says is what the code does. When one of these fails, the expected text stands in the message, ready to be
/// pasted.</summary>
public partial class ReadmeTests
{
    internal static readonly string Readme = File.ReadAllText(Path.Combine(Root(), "Telemetry", "README.md"));

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public void The_topic_table_is_that_of_the_code()
    {
        StringBuilder table = new("| topic | direction | QoS | retained | schema | sent |\n|---|---|---|---|---|---|\n");
        foreach (TopicRow row in Topics.Table)
        {
            string direction = row.Direction == TopicDirection.FromDevice ? "from device" : "to device";
            table.Append($"| `{{root}}/{{deviceId}}/{row.Suffix}` | {direction} | {row.QualityOfService} | {(row.Retain ? "yes" : "no")} | `{row.Schema}` | {row.SentWhen} |\n");
        }

        Assert.True(Readme.Contains(table.ToString(), StringComparison.Ordinal), $"Telemetry/README.md should contain:\n{table}");
    }

    [Fact]
    public void The_tables_of_what_is_opt_in_are_those_of_the_code()
    {
        foreach (IReadOnlyList<OptInTopicRow> rows in (IReadOnlyList<OptInTopicRow>[])[SparkplugTopics.Table, [HomeAssistantDiscovery.Row]])
        {
            StringBuilder table = new("| topic | direction | QoS | retained | sent |\n|---|---|---|---|---|\n");
            foreach (OptInTopicRow row in rows)
            {
                table.Append($"| `{row.Address}` | {(row.Direction == TopicDirection.FromDevice ? "from device" : "to device")} | {row.QualityOfService} | {(row.Retain ? "yes" : "no")} | {row.SentWhen} |\n");
            }

            Assert.True(Readme.Contains(table.ToString(), StringComparison.Ordinal), $"Telemetry/README.md should contain:\n{table}");
        }
    }

    [Fact]
    public void Every_outbound_example_is_what_the_code_writes()
    {
        foreach (OutboundMessage message in Examples.All)
        {
            string expected = JsonSerializer.Serialize(Examples.Json(message), Indented);
            string schema = Examples.Json(message).GetProperty("schema").GetString()!;

            Assert.True(Example(schema) == expected, $"Telemetry/README.md should show under {schema}:\n{expected}");
        }
    }

    [Fact]
    public void Every_inbound_example_is_understood()
    {
        Assert.Equal(new LabelMessage(1200, "walking", "r1"), LabelMessage.Read(Encoding.UTF8.GetBytes(Example(LabelMessage.SchemaName))).Message);
        // What is in these, the service reads; its own tests feed it the first one.
        Assert.All([ConfigDesiredMessage.SchemaName, ConfigKeysMessage.SchemaName, SnapshotOfferMessage.SchemaName, SnapshotChunkMessage.SchemaName], schema => Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(Example(schema)).RootElement.ValueKind));
    }

    [Fact]
    public void There_is_one_example_per_topic() => Assert.Equal(Topics.Table.Select(row => row.Schema), Headings().Select(match => match.Groups["schema"].Value));

    private static string Example(string schema) => Headings().Where(match => match.Groups["schema"].Value == schema).Select(match => match.Groups["json"].Value).FirstOrDefault("");

    private static MatchCollection Headings() => ExampleBlock().Matches(Readme);

    [GeneratedRegex("### `(?<schema>[^`]+)`\n.*?```json\n(?<json>.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex ExampleBlock();

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Edge.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException("Edge.sln is in no folder above the tests.");
    }
}
