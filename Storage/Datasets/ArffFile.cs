namespace Edge.Storage;

/// <summary>
/// ARFF, in two shapes. Flat: rows of numeric and nominal attributes, a nominal feature counts as the place of its value; the class is the last attribute or the one named, and nominal. Relational, as the UEA archive
/// writes series: a quoted field whose lines (an escaped newline between them) are the channels, then the class; steps at the end at which every channel is missing are not part of the series, since this
/// format has no other way to say that a series is shorter. Sparse rows, strings and dates are refused.
/// </summary>
internal static class ArffFile
{
    public static CaseTable Read(DatasetFile file, LoadContext context)
    {
        using var lines = context.Lines(file);
        var header = new ArffHeader(file.Display);
        var table = context.NewTable(file);
        var fields = new QuotedFields((byte)',', "'\"", '\\');
        FeatureColumns? columns = null;
        RelationalSeries? series = null;
        while (lines.Read(out var line))
        {
            line = line.Trim("\uFEFF\r \t"u8);
            int number = lines.LineNumber;
            if (line.IsEmpty || line[0] == '%') continue;
            if (!header.IsComplete)
            {
                header.Take(line, number);
                if (!header.IsComplete) continue;
                if (header.Attributes.Any(a => a.Type == "relational")) series = new RelationalSeries(header, file, context);
                else columns = Columns(header, file.Display, number, context);
                continue;
            }

            if (line[0] == '{') throw MalformedFile.At(file.Display, number, "a row of values with commas between them, this one is sparse ({index value, …})", "Convert the file with Weka's SparseToNonSparse filter.");
            fields.Split(line, file.Display, number);
            if (fields.Count != header.Attributes.Count)
                throw MalformedFile.At(file.Display, number, $"{header.Attributes.Count} values, one for each attribute, there are {fields.Count}", "Complete the row, or put quotes around a value that contains a comma.");
            if (series is not null) series.AddCase(fields, line, number, table);
            else columns!.AddRow(fields, line, number, table, context, emptyIsMissing: false);
        }

        series?.Finish();
        return header.IsComplete ? table : throw MalformedFile.Whole(file.Display, "a line '@data' before the rows, there is none", "Is it the whole file?");
    }

    private static FeatureColumns Columns(ArffHeader header, string file, int number, LoadContext context)
    {
        var columns = new FeatureColumns(file, number, [.. header.Attributes.Select(a => a.Name)], header.Attributes.Count, context);
        var @class = header.Attributes[columns.Class];
        if (@class.Type != "nominal")
            throw MalformedFile.At(file, @class.Line, $"a nominal class, {columns.NameOf(columns.Class)} is {@class.Type}", "Name the class attribute with ClassColumn, or declare its values in braces.");
        context.Classes.Declare(@class.Values);
        foreach (int column in columns.Features)
        {
            var attribute = header.Attributes[column];
            if (attribute.Type is not ("numeric" or "nominal"))
                throw MalformedFile.At(file, attribute.Line, $"numeric or nominal features, '{attribute.Name}' is {MalformedFile.Quote(System.Text.Encoding.UTF8.GetBytes(attribute.Type))}", "Name it in DroppedColumns if it is no feature.");
            if (attribute.Type != "nominal") continue;
            columns.SetNominal(column, attribute.Values);
            context.Note($"the nominal attribute '{attribute.Name}' is read as the place of its value, 0 to {attribute.Values.Count - 1}");
        }

        return columns;
    }
}
