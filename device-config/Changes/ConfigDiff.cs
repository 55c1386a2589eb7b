using System.Text.Json;

namespace Edge.Config;

/// <summary>One field that differs between two configurations.</summary>
/// <param name="Path">Keys joined by dots.</param>
/// <param name="Old">Its value before, as JSON.</param>
/// <param name="New">Its value after, as JSON.</param>
/// <param name="Change">What the device does to take it.</param>
public sealed record ChangedField(string Path, JsonElement Old, JsonElement New, ConfigChange Change);

/// <summary>What differs between two configurations, and what a device does to go from one to the other.</summary>
/// <param name="Fields">Every field whose value differs, in the order of the document.</param>
public sealed record ConfigDiff(IReadOnlyList<ChangedField> Fields)
{
    /// <summary>The heaviest of <see cref="Fields"/>; null when nothing differs.</summary>
    public ConfigChange? Heaviest => Fields.Count == 0 ? null : Fields.Max(changed => changed.Change);

    /// <summary>Compares two configurations field by field; a list is one value.</summary>
    public static ConfigDiff Between(DeviceConfig before, DeviceConfig after)
    {
        var fields = new List<ChangedField>();
        Compare(SectionShape.Of(typeof(DeviceConfig)), before, after, "", fields);
        return new ConfigDiff(fields);
    }

    private static void Compare(SectionShape shape, object before, object after, string path, List<ChangedField> fields)
    {
        foreach (ConfigField field in shape.Fields)
        {
            (object old, object now) = (field.Property.GetValue(before)!, field.Property.GetValue(after)!);
            string fieldPath = ConfigPath.Member(path, field.Key);
            if (field.Section is not null)
            {
                Compare(field.Section, old, now, fieldPath, fields);
                continue;
            }

            (JsonElement oldJson, JsonElement newJson) = (Json(field, old), Json(field, now));
            if (!JsonElement.DeepEquals(oldJson, newJson))
            {
                fields.Add(new ChangedField(fieldPath, oldJson, newJson, field.Change));
            }
        }
    }

    private static JsonElement Json(ConfigField field, object value) => JsonSerializer.SerializeToElement(value, field.Property.PropertyType, CanonicalConfig.Options);
}
