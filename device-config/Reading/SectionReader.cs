using System.Text.Json;

namespace Edge.Config;

/// <summary>Reads JSON into section records: every key must be known, of its type and in its range.</summary>
internal static class SectionReader
{
    /// <summary>The key with which an editor finds the schema. Allowed at the top of a document and without any effect on the device.</summary>
    public const string SchemaKey = "$schema";

    /// <summary>Reads a document. What cannot be used becomes a finding and keeps its default, so that one reading finds everything.</summary>
    public static DeviceConfig Read(JsonPart document, ConfigFindings findings)
    {
        SectionShape shape = SectionShape.Of(typeof(DeviceConfig));
        if (document.Kind == JsonValueKind.Object)
        {
            return (DeviceConfig)ReadSection(shape, document, "", findings);
        }

        findings.Add("", document.Shown, "an object with sections such as device, sensor and window", "write {} for all defaults", document.Offset);
        return new DeviceConfig();
    }

    private static object ReadSection(SectionShape shape, JsonPart part, string path, ConfigFindings findings)
    {
        object section = shape.Create();
        foreach (JsonMember member in part.Members)
        {
            string memberPath = ConfigPath.Member(path, member.Name);
            if (shape.Find(member.Name) is { } field)
            {
                findings.Given(memberPath, member.Value.Offset);
                if (ReadField(field, member.Value, memberPath, findings) is { } value)
                {
                    field.Property.SetValue(section, value);
                }
            }
            else if (path.Length == 0 && member.Name == SchemaKey)
            {
                if (member.Value.Kind != JsonValueKind.String)
                {
                    findings.Add(memberPath, member.Value.Shown, "a text, the place of the schema", "write its path or URL, or delete the key",
                        member.Value.Offset);
                }
            }
            else
            {
                UnknownKey.Report(shape, member, path, findings);
            }
        }

        return section;
    }

    private static object? ReadField(ConfigField field, JsonPart part, string path, ConfigFindings findings)
    {
        if (field.Kind != FieldKind.Section)
        {
            return FieldReader.Read(field, part, path, findings);
        }

        if (part.Kind == JsonValueKind.Object)
        {
            return ReadSection(field.Section!, part, path, findings);
        }

        findings.Add(path, part.Shown, field.Expected, "write { … }, or delete it for all defaults", part.Offset);
        return null;
    }
}
