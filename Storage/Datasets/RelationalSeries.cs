namespace Edge.Storage;

/// <summary>The rows of a relational ARFF file: one attribute with a series of each channel, and the class.</summary>
internal sealed class RelationalSeries
{
    private readonly string file, fileName;
    private readonly LoadContext context;
    private readonly int series, @class, length;
    private readonly string name;
    private float[] values = [];
    private int shortened;

    public RelationalSeries(ArffHeader header, DatasetFile source, LoadContext context)
    {
        (file, fileName, this.context) = (source.Display, Path.GetFileName(source.Name), context);
        var attributes = header.Attributes;
        series = attributes.TakeWhile(a => a.Type != "relational").Count();
        if (attributes.Count != 2 || attributes[1 - series].Type != "nominal")
        {
            throw MalformedFile.At(file, attributes[series].Line, $"one relational attribute and a nominal class, there are {MalformedFile.List([.. attributes.Select(a => $"{a.Name} ({a.Type})")])}",
                "Take the other attributes out.");
        }

        (@class, name, length) = (1 - series, attributes[series].Name, attributes[series].Inner);
        if (length == 0) throw MalformedFile.At(file, attributes[series].Line, $"at least one attribute within '{name}'", "Declare one for each step of the series.");
        context.Classes.Declare(attributes[@class].Values);
    }

    /// <summary>Adds the fields of one line as a case.</summary>
    public void AddCase(QuotedFields fields, ReadOnlySpan<byte> line, int number, CaseTable table)
    {
        var rest = fields.Bytes(line, series);
        int channels = rest.Count("\\n"u8) + (rest.EndsWith("\\n"u8) ? 0 : 1);
        if (table.Count > 0 && channels != table.ChannelCount)
            throw MalformedFile.At(file, number, $"{table.ChannelCount} channels as in the first case, there are {channels} (with \\n between them)", "Complete the case.");
        if ((long)channels * length > context.Options.LargestValueCount) throw CaseTable.TooLarge(file, (long)channels * length, context.Options.LargestValueCount);
        if (values.Length != channels * length) values = new float[channels * length];
        for (int channel = 0; channel < channels; channel++)
        {
            int end = rest.IndexOf("\\n"u8);
            ReadChannel(end < 0 ? rest : rest[..end], number, channel, values.AsSpan(channel * length, length));
            rest = end < 0 ? [] : rest[(end + 2)..];
        }

        int own = Recorded(channels);
        if (own < length) shortened++;
        for (int channel = 1; channel < channels && own < length; channel++) values.AsSpan(channel * length, own).CopyTo(values.AsSpan(channel * own));
        string label = fields.Text(line, @class);
        table.Add(values.AsSpan(0, channels * own), channels, ("line", number), context.Classes.Of(label, file, $"line {number}"));
    }

    /// <summary>All rows have been read.</summary>
    public void Finish()
    {
        if (shortened > 0) context.Note($"{shortened} of the series in {fileName} end in steps at which every channel is missing: taken for shorter series");
    }

    private void ReadChannel(ReadOnlySpan<byte> text, int number, int channel, Span<float> target)
    {
        int count = text.Count((byte)',') + 1;
        if (count != length) throw MalformedFile.At(file, number, $"{length} values in channel {channel + 1} of '{name}', there are {count}", "Complete the case, with ? where nothing was recorded.");
        for (int i = 0; i < length; i++)
        {
            int comma = text.IndexOf((byte)',');
            var field = (comma < 0 ? text : text[..comma]).Trim((byte)' ');
            text = comma < 0 ? [] : text[(comma + 1)..];
            if (Numeral.Read(field, out target[i]) == NumeralKind.Neither)
                throw MalformedFile.At(file, number, $"a finite number or ? as value {i + 1} of channel {channel + 1}, not {MalformedFile.Quote(field)}", "Correct the value, or write ? if it is missing.");
        }
    }

    /// <summary>Steps up to the last at which any channel has a value; a case without any value keeps all.</summary>
    private int Recorded(int channels)
    {
        for (int step = length - 1; step >= 0; step--)
        {
            for (int channel = 0; channel < channels; channel++)
            {
                if (!float.IsNaN(values[channel * length + step])) return step + 1;
            }
        }

        return length;
    }
}
