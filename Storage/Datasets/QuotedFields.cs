using System.Text;

namespace Edge.Storage;

/// <summary>Takes a line apart into fields, some of them in quotes. Holds places only: the fields are slices of the line.</summary>
/// <param name="delimiter">Between two fields; a blank stands for any run of blanks and tabs.</param>
/// <param name="quotes">Which characters quote.</param>
/// <param name="escape">What makes a quote in quotes harmless: a backslash, or the quote itself (as in CSV).</param>
internal sealed class QuotedFields(byte delimiter, string quotes, char escape)
{
    private readonly List<(int Start, int Length, bool Quoted)> places = [];

    /// <summary>Fields of the latest line.</summary>
    public int Count => places.Count;

    /// <summary>Where the fields of a line are.</summary>
    /// <exception cref="InvalidDataException">A quote is not closed.</exception>
    public void Split(ReadOnlySpan<byte> line, string file, int number)
    {
        places.Clear();
        for (int at = 0; ;)
        {
            while (at < line.Length && line[at] is (byte)' ' or (byte)'\t' && line[at] != delimiter) at++;
            if (delimiter == ' ' && at < line.Length) at += Blanks(line[at..]);
            int quote = at < line.Length ? quotes.IndexOf((char)line[at], StringComparison.Ordinal) : -1;
            int end;
            if (quote >= 0)
            {
                int close = Close(line, at + 1, (byte)quotes[quote]);
                if (close < 0) throw MalformedFile.At(file, number, $"the quote {quotes[quote]} that opens field {Count + 1} to be closed on the same line", "Close it, or double or escape a quote that is part of the text.");
                places.Add((at + 1, close - at - 1, true));
                at = close + 1;
                while (at < line.Length && line[at] is (byte)' ' or (byte)'\t' && line[at] != delimiter) at++;
                end = at;
                if (end < line.Length && line[end] != delimiter && !(delimiter == ' ' && line[end] == '\t')) throw MalformedFile.At(file, number, $"the end of field {Count} after its closing quote, not {MalformedFile.Quote(line[end..])}", "Double or escape a quote that is part of the text.");
            }
            else
            {
                int next = delimiter == ' ' ? line[at..].IndexOfAny((byte)' ', (byte)'\t') : line[at..].IndexOf(delimiter);
                end = next < 0 ? line.Length : at + next;
                var field = line[at..end].TrimEnd(" \t"u8);
                places.Add((at, field.Length, false));
            }

            if (end >= line.Length) return;
            at = end + 1;
        }
    }

    /// <summary>A field's bytes without its quotes, escapes as they are.</summary>
    public ReadOnlySpan<byte> Bytes(ReadOnlySpan<byte> line, int field) => line.Slice(places[field].Start, places[field].Length);

    /// <summary>A field's text.</summary>
    public string Text(ReadOnlySpan<byte> line, int field)
    {
        string text = Encoding.UTF8.GetString(Bytes(line, field));
        if (!places[field].Quoted || !text.Contains(escape, StringComparison.Ordinal)) return text;
        var plain = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == escape && i + 1 < text.Length) i++;
            plain.Append(text[i]);
        }

        return plain.ToString();
    }

    private static int Blanks(ReadOnlySpan<byte> line) => line.IndexOfAnyExcept((byte)' ', (byte)'\t') is var blanks and >= 0 ? blanks : line.Length;

    private int Close(ReadOnlySpan<byte> line, int at, byte quote)
    {
        for (; at < line.Length; at++)
        {
            if (escape == '\\' && line[at] == '\\') at++;
            else if (line[at] == quote && escape != '\\' && at + 1 < line.Length && line[at + 1] == quote) at++;
            else if (line[at] == quote) return at;
        }

        return -1;
    }
}
