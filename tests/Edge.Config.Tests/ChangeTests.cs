using System.Collections;
using System.Reflection;
using System.Text.Json.Nodes;

namespace Edge.Config.Tests;

/// <summary>What a change of each field costs, said beside the field, exported, and read by the diff.</summary>
public class ChangeTests
{
    [Fact]
    public void Every_field_says_what_a_change_of_it_costs_and_the_schema_says_the_same()
    {
        var schema = (JsonObject)JsonNode.Parse(ConfigSchema.Generate())!;
        Check(typeof(DeviceConfig), schema, "");

        static void Check(Type section, JsonObject node, string path)
        {
            foreach (PropertyInfo property in section.GetProperties().Where(p => p.CanWrite))
            {
                string key = System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(property.Name);
                var below = (JsonObject)node["properties"]![key]!;
                var said = property.GetCustomAttribute<ChangeAttribute>();
                if (property.PropertyType.Name.EndsWith("Section", StringComparison.Ordinal))
                {
                    Assert.True(said is null, $"{path}{key} is a section; its fields say it");
                    Check(property.PropertyType, below, $"{path}{key}.");
                }
                else
                {
                    Assert.True(said is not null, $"{path}{key} has no [Change(ConfigChange.…)]: say what a change of it costs, Pipeline if nothing reads it later than at start");
                    Assert.Equal(said!.Change.ToString(), (string?)below[ConfigSchema.ChangeKeyword], StringComparer.OrdinalIgnoreCase);
                }
            }
        }
    }

    [Fact]
    public void A_diff_names_each_field_with_old_new_and_class_and_the_heaviest_decides()
    {
        var before = new DeviceConfig();
        var after = before with
        {
            Drift = before.Drift with { Threshold = 7 },
            Labels = before.Labels with { Classes = [.. before.Labels.Classes, "running"] },
            Training = before.Training with { Constants = before.Training.Constants with { EwcStrength = 10 } },
        };
        var diff = ConfigDiff.Between(before, after);
        Assert.Equal(["labels.classes", "training.constants.ewcStrength", "drift.threshold"], diff.Fields.Select(f => f.Path));
        Assert.Equal([ConfigChange.Pipeline, ConfigChange.Live, ConfigChange.Live], diff.Fields.Select(f => f.Change));
        Assert.Equal(("8", "7"), (diff.Fields[2].Old.GetRawText(), diff.Fields[2].New.GetRawText()));
        Assert.Equal(ConfigChange.Pipeline, diff.Heaviest);
        Assert.Equal(ConfigChange.Snapshot, ConfigDiff.Between(before, after with { Window = after.Window with { Length = 64 } }).Heaviest);
    }

    [Fact]
    public void A_diff_shows_a_change_of_name()
    {
        ConfigDiff diff = ConfigDiff.Between(Verdicts.Of("{}").Config!, Verdicts.Of("""{"labels":{"renamed":{"idle":"sitting"}}}""").Config!);
        ChangedField changed = Assert.Single(diff.Fields);
        Assert.Equal(("labels.renamed", "{}", """{"idle":"sitting"}""", ConfigChange.Pipeline), (changed.Path, changed.Old.GetRawText(), changed.New.GetRawText(), changed.Change));
        Assert.Empty(ConfigDiff.Between(Verdicts.Of("""{"labels":{"renamed":{"idle":"sitting"}}}""").Config!, Verdicts.Of("""{"labels":{"renamed":{"idle":"sitting"}}}""").Config!).Fields);
    }

    [Fact]
    public void Equal_lists_are_no_difference()
    {
        var config = new DeviceConfig();
        var copy = config with { Labels = config.Labels with { Classes = [.. ((IEnumerable)config.Labels.Classes).Cast<string>()] } };
        Assert.Empty(ConfigDiff.Between(config, copy).Fields);
        Assert.Null(ConfigDiff.Between(config, copy).Heaviest);
    }
}
