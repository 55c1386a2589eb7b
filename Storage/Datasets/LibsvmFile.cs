using System.Buffers.Text;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// libsvm rows, <c>label index:value index:value …</c>: indices from 1 and rising, what is not listed is 0 as the format means it. Each file is a domain under its name without ending, in the order given.
/// A label <c>gas;concentration</c>, as one edition of the gas sensor batches writes it, is cut at the semicolon.
/// </summary>
internal static class LibsvmFile
{
    private const int LargestIndex = 1 << 20;

    public static CaseTable Read(IReadOnlyList<DatasetFile> files, LoadContext context)
    {
        var rows = new List<(float[] Values, int Class, int Domain, int Line)>();
        var ends = new List<int>();
        long held = 0;
        foreach (var file in files)
        {
            int domain = files.Count > 1 ? context.Domains.Of(Path.GetFileNameWithoutExtension(file.Name)) : -1;
            using var lines = context.Lines(file);
            while (lines.Read(out var line))
            {
                line = line[..(line.IndexOf((byte)'#') is var comment and >= 0 ? comment : line.Length)].Trim("\uFEFF\r \t"u8);
                if (line.IsEmpty) continue;
                var (values, @class) = ReadRow(line, lines.LineNumber, file.Display, context);
                rows.Add((values, @class, domain, lines.LineNumber));
                held += values.Length;
                if (held > context.Options.LargestValueCount) throw CaseTable.TooLarge(file.Display, held, context.Options.LargestValueCount);
            }

            ends.Add(rows.Count);
        }

        return Tabulate(files, rows, ends, context);
    }

    private static CaseTable Tabulate(IReadOnlyList<DatasetFile> files, List<(float[] Values, int Class, int Domain, int Line)> rows, List<int> ends, LoadContext context)
    {
        string display = files.Count == 1 ? files[0].Display : $"{files[0].Display} to {Path.GetFileName(files[^1].Name)}";
        var table = new CaseTable(display, context.Options.LargestValueCount);
        if (rows.Count == 0) return table;
        int width = Math.Max(context.TrainChannelCount, rows.Max(r => r.Values.Length));
        if (context.TrainChannelCount > 0 && width > context.TrainChannelCount)
            throw MalformedFile.Whole(display, $"feature indices up to {context.TrainChannelCount} as in the training split, there is {width}", "Are the two splits of one data set?");
        if ((long)rows.Count * width > context.Options.LargestValueCount) throw CaseTable.TooLarge(display, (long)rows.Count * width, context.Options.LargestValueCount);
        float[] whole = new float[rows.Count * width];
        for (int i = 0; i < rows.Count; i++)
        {
            rows[i].Values.CopyTo(whole, i * width);
            table.Classes.Add(rows[i].Class);
            table.Subjects.Add(-1);
            table.Domains.Add(rows[i].Domain);
        }

        int missing = rows.FindIndex(r => Array.Exists(r.Values, float.IsNaN));
        table.Adopt(whole, width, 1, missing < 0 ? null : $"{files[ends.FindIndex(e => missing < e)].Display}, line {rows[missing].Line}");
        int shorter = rows.Count(r => r.Values.Length < width);
        if (shorter > 0) context.Note($"{shorter} of {rows.Count} rows end before feature {width}: what a libsvm row does not list is 0");
        return table;
    }

    private static (float[] Values, int Class) ReadRow(ReadOnlySpan<byte> line, int number, string file, LoadContext context)
    {
        int space = line.IndexOfAny((byte)' ', (byte)'\t');
        var label = space < 0 ? line : line[..space];
        var rest = space < 0 ? [] : line[space..].TrimStart(" \t"u8);
        if (label.IndexOf((byte)';') is var semicolon and > 0)
        {
            label = label[..semicolon];
            context.Note("what follows the semicolon in a label (the concentration) was left out");
        }

        if (label.Contains((byte)':')) throw MalformedFile.At(file, number, $"a label before the first index:value, not {MalformedFile.Quote(label)}", "Put the class in front.");
        int @class = context.Classes.Of(Numeral.Canonical(Encoding.UTF8.GetString(label)), file, $"line {number}");
        float[] values = new float[Math.Max(1, rest.Count((byte)':'))];
        for (int last = 0; !rest.IsEmpty;)
        {
            int end = rest.IndexOfAny((byte)' ', (byte)'\t');
            var pair = end < 0 ? rest : rest[..end];
            rest = end < 0 ? [] : rest[end..].TrimStart(" \t"u8);
            if (!Utf8Parser.TryParse(pair, out int index, out int used) || used == pair.Length || pair[used] != ':' || index <= last || index > LargestIndex)
                throw MalformedFile.At(file, number, $"index:value with an index from {last + 1} to {LargestIndex}, not {MalformedFile.Quote(pair)}", "Indices start at 1 and rise along the row.");
            if (index > values.Length) Array.Resize(ref values, index);
            if (Numeral.Read(pair[(used + 1)..], out values[index - 1]) == NumeralKind.Neither)
                throw MalformedFile.At(file, number, $"a finite number or NaN after '{index}:', not {MalformedFile.Quote(pair[(used + 1)..])}", "Correct the value.");
            last = index;
        }

        return (values, @class);
    }
}
