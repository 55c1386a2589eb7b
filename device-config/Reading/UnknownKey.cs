namespace Edge.Config;

/// <summary>What is said about a key that no section has.</summary>
internal static class UnknownKey
{
    /// <summary>Adds the problem, with the key that was probably meant.</summary>
    public static void Report(SectionShape shape, JsonMember member, string path, ConfigFindings findings)
    {
        string memberPath = ConfigPath.Member(path, member.Name);
        if (findings.IsFull)
        {
            // Counted only: the search for the nearest key is the costly part, and a hostile document has thousands.
            findings.Add(memberPath, "", "", "", member.Offset);
            return;
        }

        string[] keys = [.. shape.Fields.Select(f => f.Key)];
        string expected = $"one of the keys of {(path.Length == 0 ? "the document" : path)}: {string.Join(", ", keys)}";
        findings.Add(memberPath, "an unknown key", expected, Remedy(member.Name, keys, path, findings), member.Offset);
    }

    private static string Remedy(string name, string[] keys, string path, ConfigFindings findings)
    {
        if (NearestKey.To(name, keys) is { } near)
        {
            findings.Doubt(ConfigPath.Member(path, near));
            return $"rename it to {near} or delete it";
        }

        string[] elsewhere = [.. PlacesOf(name, SectionShape.Of(typeof(DeviceConfig)), "")];
        foreach (string place in elsewhere)
        {
            findings.Doubt(place);
        }

        return elsewhere.Length == 0 ? "delete it" : $"move it to {string.Join(" or ", elsewhere)}, or delete it";
    }

    private static IEnumerable<string> PlacesOf(string name, SectionShape shape, string path)
    {
        foreach (ConfigField field in shape.Fields)
        {
            string fieldPath = ConfigPath.Member(path, field.Key);
            if (string.Equals(field.Key, name, StringComparison.OrdinalIgnoreCase))
            {
                yield return fieldPath;
            }

            foreach (string below in field.Section is null ? [] : PlacesOf(name, field.Section, fieldPath))
            {
                yield return below;
            }
        }
    }
}
