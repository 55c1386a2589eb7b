using System.Text;

namespace Edge.Storage;

/// <summary>
/// The UEA and UCR archives' <c>.ts</c> format as sktime describes it: comments (#), headers (@), and after <c>@data</c> one case per line, <c>dimension:dimension:…:label</c>, a dimension being numbers with
/// commas between them, <c>?</c> or <c>NaN</c> where one is missing. Cases may differ in length, the dimensions of one case may not. Time stamps and regression targets are refused.
/// </summary>
internal static class TsFile
{
    public static CaseTable Read(DatasetFile file, LoadContext context)
    {
        using var lines = context.Lines(file);
        var header = new TsHeader(file.Display);
        var table = context.NewTable(file);
        while (lines.Read(out var line))
        {
            line = line.Trim("\uFEFF\r \t"u8);
            if (line.IsEmpty || line[0] is (byte)'#' or (byte)'%') continue;
            if (!header.IsComplete)
            {
                header.Take(line, lines.LineNumber);
                if (header.IsComplete) context.Classes.Declare(header.ClassNames);
                continue;
            }

            ReadCase(line, lines.LineNumber, header, table, context);
        }

        foreach (string ignored in header.Ignored) context.Note($"{file.Name}: the header {ignored} is not known and was ignored");
        return header.IsComplete ? table : throw MalformedFile.Whole(file.Display, "a line '@data' before the cases, there is none", "Is it the whole file?");
    }

    private static void ReadCase(ReadOnlySpan<byte> line, int number, TsHeader header, CaseTable table, LoadContext context)
    {
        string file = table.File;
        int labelAt = line.LastIndexOf((byte)':');
        if (labelAt < 0) throw MalformedFile.At(file, number, "dimensions and a label with colons between them (1,2,3:4,5,6:label), there is no colon", "Take the line out or complete it.");
        string label = Numeral.Canonical(Encoding.UTF8.GetString(line[(labelAt + 1)..].Trim((byte)' ')));
        if (!header.ClassNames.Contains(label))
            throw MalformedFile.At(file, number, $"a label that @classLabel declares ({MalformedFile.List(header.ClassNames)}), not '{label}'", "Correct the label or the header.");
        int @class = context.Classes.Of(label, file, $"line {number}");
        var rest = line[..labelAt];
        int dimensions = rest.Count((byte)':') + 1;
        int expected = header.DimensionCount > 0 ? header.DimensionCount : table.ChannelCount;
        if (expected > 0 && dimensions != expected)
            throw MalformedFile.At(file, number, $"{expected} dimensions as {(header.DimensionCount > 0 ? "the header says" : "in the first case")}, there are {dimensions}", "Complete the case or correct the header.");
        int firstLength = rest[..(rest.IndexOf((byte)':') is var end and >= 0 ? end : rest.Length)].Count((byte)',') + 1;
        if (header.IsEqualLength && table.Count > 0 && firstLength != table.Lengths[0])
            throw MalformedFile.At(file, number, $"{table.Lengths[0]} values per dimension since the header says @equalLength true, there are {firstLength}", "Write @equalLength false if the lengths differ.");
        if (header.SeriesLength > 0 && firstLength != header.SeriesLength)
            throw MalformedFile.At(file, number, $"{header.SeriesLength} values per dimension as @seriesLength says, there are {firstLength}", "Complete the case or correct the header.");
        if ((long)dimensions * firstLength > context.Options.LargestValueCount) throw CaseTable.TooLarge(file, (long)dimensions * firstLength, context.Options.LargestValueCount);
        float[] values = header.Room(dimensions * firstLength);
        for (int dimension = 0; dimension < dimensions; dimension++)
        {
            int colon = rest.IndexOf((byte)':');
            var own = colon < 0 ? rest : rest[..colon];
            rest = colon < 0 ? [] : rest[(colon + 1)..];
            int length = own.Count((byte)',') + 1;
            if (length != firstLength)
                throw MalformedFile.At(file, number, $"dimensions of one length, dimension 1 has {firstLength} values and dimension {dimension + 1} has {length}", "Fill the shorter one up with ? where nothing was recorded.");
            ReadDimension(own, values.AsSpan(dimension * length, length), file, number, dimension);
        }

        table.Add(values.AsSpan(0, dimensions * firstLength), dimensions, ("line", number), @class);
    }

    private static void ReadDimension(ReadOnlySpan<byte> text, Span<float> values, string file, int number, int dimension)
    {
        for (int i = 0; i < values.Length; i++)
        {
            int comma = text.IndexOf((byte)',');
            var field = (comma < 0 ? text : text[..comma]).Trim((byte)' ');
            text = comma < 0 ? [] : text[(comma + 1)..];
            if (Numeral.Read(field, out values[i]) != NumeralKind.Neither) continue;
            throw MalformedFile.At(file, number, $"a finite number or ? as value {i + 1} of dimension {dimension + 1}, not {MalformedFile.Quote(field)}", "Correct the value, or write ? if it is missing.");
        }
    }
}
