using System.Text;
using System.Text.Json.Nodes;
using NJsonSchema;

namespace Edge.Config.Tests;

public class SchemaTests
{
    [Fact]
    public void The_committed_schema_is_what_the_records_say() => DeviceConfigFolder.HoldsExactly("device.schema.json", ConfigSchema.Generate());

    [Fact]
    public void The_embedded_schema_is_the_committed_one()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable(DeviceConfigFolder.RegenerateVariable) == "1",
            "the embedded file is that of the build, and this run writes a new one");
        Assert.Equal(Encoding.UTF8.GetString(DeviceConfigFolder.Read("device.schema.json")), ConfigSchema.Text);
    }

    [Fact]
    public void Every_key_has_a_description_and_every_leaf_a_default_and_a_limit()
    {
        foreach ((string path, JsonObject node) in Keys((JsonObject)JsonNode.Parse(ConfigSchema.Generate())!, ""))
        {
            Assert.True(node["description"]!.GetValue<string>().Length > 15, path);
            bool isLeaf = node["properties"] is null; // An object whose keys the operator chooses is one.
            Assert.True(isLeaf == (node["default"] is not null), path + ": default");
            Assert.True(!isLeaf || HasLimit(node), path + ": limit");
            Assert.True(isLeaf || node["additionalProperties"]!.GetValue<bool>() == false, path + ": additionalProperties");
        }
    }

    [Fact]
    public async Task A_number_carries_its_range_its_default_and_what_the_extremes_do()
    {
        JsonSchema schema = await JsonSchema.FromJsonAsync(ConfigSchema.Generate(), TestContext.Current.CancellationToken);
        JsonSchema speed = schema.Properties["sensor"].ActualSchema.Properties["speed"];

        Assert.Equal((0m, 1000m), (speed.Minimum, speed.Maximum));
        Assert.Equal(10L, speed.Default);
        Assert.Equal("How fast stream time runs against the clock. Default 10: ten times faster than real time, so that a demonstration learns within a minute. 1 = real time. 0 = as fast as the pipeline takes it, and then nothing is ever dropped: every queue waits.",
            speed.Description);
    }

    [Theory]
    [InlineData("device.json")]
    [InlineData("examples/uci-har.json")]
    [InlineData("examples/drift.json")]
    [InlineData("examples/mosquitto.json")]
    public async Task An_independent_validator_accepts_what_ships(string file)
    {
        JsonSchema schema = await JsonSchema.FromJsonAsync(ConfigSchema.Text, TestContext.Current.CancellationToken);

        Assert.Empty(schema.Validate(Encoding.UTF8.GetString(DeviceConfigFolder.Read(file))));
    }

    [Theory]
    [InlineData("""{"windw":{}}""")]
    [InlineData("""{"window":{"strid":64}}""")]
    [InlineData("""{"window":{"stride":"64"}}""")]
    [InlineData("""{"window":{"stride":64.5}}""")]
    [InlineData("""{"window":{"stride":0}}""")]
    [InlineData("""{"window":{"stride":4097}}""")]
    [InlineData("""{"window":null}""")]
    [InlineData("""{"sensor":{"kind":"imaginary"}}""")]
    [InlineData("""{"sensor":{"speed":-0.1}}""")]
    [InlineData("""{"device":{"id":"a/b"}}""")]
    [InlineData("""{"device":{"dataDirectory":""}}""")]
    [InlineData("""{"device":{"dataDirectory":"a\u0000b"}}""")]
    [InlineData("""{"telemetry":{"topicRoot":"/edge"}}""")]
    [InlineData("""{"telemetry":{"topicRoot":""}}""")]
    [InlineData("""{"inference":{"providers":[]}}""")]
    [InlineData("""{"inference":{"providers":["tpu","cpu"]}}""")]
    [InlineData("""{"labels":{"classes":[""]}}""")]
    [InlineData("""{"training":{"enabled":"true"}}""")]
    [InlineData("""{"training":{"augmentation":{"crop":0.05}}}""")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[0,1,2]}}}""")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[0,1]]}}}""")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[0,1,1024]]}}}""")]
    [InlineData("""{"training":{"augmentation":{"triaxialGroups":[[0,1,"2"]]}}}""")]
    [InlineData("""{"labels":{"renamed":{"idle":5}}}""")]
    [InlineData("""{"labels":{"renamed":{"idle":""}}}""")]
    [InlineData("""{"telemetry":{"forgettingAlarmByClass":{"walking":"5"}}}""")]
    [InlineData("""{"telemetry":{"forgettingAlarmByClass":{"walking":101}}}""")]
    [InlineData("""{"telemetry":{"forgettingAlarmByClass":[5]}}""")]
    [InlineData("""{"$schema":7}""")]
    [InlineData("""[]""")]
    public async Task Reader_and_schema_refuse_the_same_single_keys(string json)
    {
        JsonSchema schema = await JsonSchema.FromJsonAsync(ConfigSchema.Text, TestContext.Current.CancellationToken);

        Assert.NotEmpty(schema.Validate(json));
        Assert.False(DeviceConfigReader.Read(Encoding.UTF8.GetBytes(json), "test").IsValid);
    }

    private static bool HasLimit(JsonObject node) => node["type"]!.GetValue<string>() switch
    {
        "integer" or "number" => node["minimum"] is not null && node["maximum"] is not null,
        "string" => node["enum"] is not null || node["pattern"] is not null,
        "object" => node["maxProperties"] is not null && HasLimit((JsonObject)node["additionalProperties"]!),
        "array" => node["maxItems"] is not null && HasLimit((JsonObject)node["items"]!),
        _ => true,
    };

    private static IEnumerable<(string Path, JsonObject Node)> Keys(JsonObject schema, string path)
    {
        foreach ((string key, JsonNode? node) in (JsonObject)schema["properties"]!)
        {
            if (key == "$schema")
            {
                continue;
            }

            var child = (JsonObject)node!;
            yield return (path + key, child);
            foreach ((string Path, JsonObject Node) below in child["properties"] is null ? [] : Keys(child, path + key + "."))
            {
                yield return below;
            }
        }
    }
}
