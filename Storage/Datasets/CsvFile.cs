namespace Edge.Storage;

/// <summary>
/// Feature vectors, one per line, with commas, semicolons, tabs or blanks between the fields (whichever the first line has most of, in this order). The class is the last column or the one named; a first line
/// that has no number in some feature column is a header. Missing: an empty field, ?, NaN, NA. Quotes as in RFC 4180, within a line. Lines that begin with # before the first row are comments.
/// </summary>
internal static class CsvFile
{
    public static CaseTable Read(DatasetFile file, LoadContext context)
    {
        using var lines = context.Lines(file);
        var table = context.NewTable(file);
        QuotedFields? fields = null;
        FeatureColumns? columns = null;
        int columnCount = 0;
        while (lines.Read(out var line))
        {
            int number = lines.LineNumber;
            if (number == 1 && line.StartsWith("\uFEFF"u8)) line = line[3..];
            line = line.TrimEnd("\r "u8).TrimStart((byte)' ');
            if (line.Trim((byte)'\t').IsEmpty || (fields is null && line[0] == '#')) continue;
            bool isFirst = fields is null;
            fields ??= new QuotedFields(Delimiter(line), "\"", '"');
            fields.Split(line, file.Display, number);
            if (isFirst)
            {
                columnCount = fields.Count;
                bool isHeader = context.Options.Header ?? LooksLikeHeader(fields, line, context.Options);
                columns = new FeatureColumns(file.Display, number, isHeader ? Names(fields, line) : null, columnCount, context);
                if (isHeader) continue;
            }

            if (fields.Count != columnCount)
                throw MalformedFile.At(file.Display, number, $"{columnCount} fields as in the first line, there are {fields.Count}", "Complete the line, or put quotes around a field that contains the delimiter.");
            columns!.AddRow(fields, line, number, table, context, emptyIsMissing: true);
        }

        return table;
    }

    private static byte Delimiter(ReadOnlySpan<byte> line)
    {
        byte best = (byte)' ';
        int most = 0;
        foreach (byte candidate in ",;\t"u8)
        {
            int count = line.Count(candidate);
            if (count > most) (best, most) = (candidate, count);
        }

        return best;
    }

    private static bool LooksLikeHeader(QuotedFields fields, ReadOnlySpan<byte> line, DatasetReadOptions options)
    {
        // A class named by text wants a header; one named by index, or the last, may hold words in every row.
        int @class = options.ClassColumn is null ? fields.Count - 1 : int.TryParse(options.ClassColumn, out int index) ? index : -1;
        for (int field = 0; field < fields.Count; field++)
        {
            var bytes = fields.Bytes(line, field);
            if (field != @class && !bytes.IsEmpty && !bytes.SequenceEqual("NA"u8) && Numeral.Read(bytes, out _) == NumeralKind.Neither) return true;
        }

        return false;
    }

    private static string[] Names(QuotedFields fields, ReadOnlySpan<byte> line)
    {
        string[] names = new string[fields.Count];
        for (int i = 0; i < names.Length; i++) names[i] = fields.Text(line, i);
        return names;
    }
}
