using System.Text.RegularExpressions;

namespace Edge.Runtime.Bench.Reports;

/// <summary>A place in a document that a program fills: what stands between <c>&lt;!-- bench:NAME --&gt;</c> and the next <c>&lt;!-- /bench --&gt;</c>.</summary>
public static partial class MarkedText
{
    private const string End = "<!-- /bench -->";

    /// <summary>The document with that place filled; everything else stays as it is, byte for byte.</summary>
    /// <param name="document">The document.</param>
    /// <param name="name">Name of the place.</param>
    /// <param name="content">What shall stand there.</param>
    /// <exception cref="InvalidDataException">There is no such place, or more than one, or its end is missing; the message says what to write.</exception>
    public static string Fill(string document, string name, string content)
    {
        string begin = $"<!-- bench:{name} -->";
        int first = document.IndexOf(begin, StringComparison.Ordinal);
        if (first < 0)
        {
            string[] there = [.. Begin().Matches(document).Select(m => m.Groups[1].Value)];
            throw new InvalidDataException($"there is no line '{begin}'{(there.Length > 0 ? $", only those of {string.Join(", ", there)}" : "")}. Write it where the results belong, and '{End}' below it.");
        }

        if (document.IndexOf(begin, first + 1, StringComparison.Ordinal) >= 0) throw new InvalidDataException($"'{begin}' stands there twice. Give each place a name of its own.");
        int from = first + begin.Length, next = document.IndexOf("<!-- bench:", from, StringComparison.Ordinal), end = document.IndexOf(End, from, StringComparison.Ordinal);
        if (end < 0 || (next >= 0 && next < end)) throw new InvalidDataException($"'{begin}' has no end. Write '{End}' on a line below it.");
        return $"{document[..from]}\n{content.Trim('\n')}\n{document[end..]}";
    }

    [GeneratedRegex("<!-- bench:(.+?) -->")]
    private static partial Regex Begin();
}
