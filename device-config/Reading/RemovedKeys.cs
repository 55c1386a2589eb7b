using System.Text.Json;

namespace Edge.Config;

/// <summary>
/// Finds keys that an overlay sets to null though they exist nowhere: merging would drop them without a word, and the operator's typing error with them.
/// </summary>
internal static class RemovedKeys
{
    /// <summary>Reports each null in <paramref name="overlay"/> whose key is neither in <paramref name="shape"/> nor in <paramref name="basis"/>.</summary>
    public static void Check(SectionShape shape, JsonPart? basis, JsonPart overlay, string path, ConfigFindings findings)
    {
        foreach (JsonMember member in overlay.Members)
        {
            ConfigField? field = shape.Find(member.Name);
            JsonPart? old = basis?.Member(member.Name);
            if (field?.Section is { } section)
            {
                Check(section, old, member.Value, ConfigPath.Member(path, member.Name), findings);
            }
            else if (member.Value.Kind == JsonValueKind.Null && field is null && old is null && !(path.Length == 0 && member.Name == SectionReader.SchemaKey))
            {
                UnknownKey.Report(shape, member, path, findings);
            }
        }
    }
}
