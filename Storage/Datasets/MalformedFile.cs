using System.Text;

namespace Edge.Storage;

/// <summary>How a malformed file is reported: file, line, what was expected, what to do.</summary>
internal static class MalformedFile
{
    public static InvalidDataException At(string file, int line, string expected, string remedy) => new($"{file}, line {line}: expected {expected}. {remedy}");

    public static InvalidDataException Whole(string file, string expected, string remedy) => new($"{file}: expected {expected}. {remedy}");

    /// <summary>No more than 40 bytes of what was found, in quotes.</summary>
    public static string Quote(ReadOnlySpan<byte> found) => $"'{Encoding.UTF8.GetString(found[..Math.Min(found.Length, 40)])}{(found.Length > 40 ? "…" : "")}'";

    /// <summary>No more than 20 names.</summary>
    public static string List(IReadOnlyCollection<string> names) => string.Join(", ", names.Take(20)) + (names.Count > 20 ? $", … ({names.Count} in all)" : "");
}
