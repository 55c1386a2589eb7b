using System.Globalization;

namespace Edge.Storage;

/// <summary>What each column of a table of feature vectors (ARFF, CSV) is: class, subject, domain, dropped, or a feature. Every row becomes a case of one sample; every feature a channel.</summary>
internal sealed class FeatureColumns
{
    private static readonly string[] s_subjects = ["user", "subject"];
    private static readonly string[] s_domains = ["domain"];
    private static readonly string[] s_identities = ["id", "unique_id"];
    private readonly IReadOnlyList<string>? names;
    private readonly string file;
    private readonly int[] features;
    private readonly Dictionary<string, int>?[] nominals;
    private readonly float[] row;

    /// <summary>Gives every column its part. Names are null where the file has none; the line is that of the header, or the first.</summary>
    public FeatureColumns(string file, int line, IReadOnlyList<string>? names, int columnCount, LoadContext context)
    {
        (this.names, this.file) = (names, file);
        var options = context.Options;
        Class = options.ClassColumn is { } wanted ? Find(wanted, nameof(options.ClassColumn), line, columnCount) : columnCount - 1;
        Subject = Role(options.SubjectColumn, nameof(options.SubjectColumn), s_subjects, line, columnCount);
        Domain = Role(options.DomainColumn, nameof(options.DomainColumn), s_domains, line, columnCount);
        int[] dropped = options.DroppedColumns is { } named
            ? [.. named.Select(n => Find(n, nameof(options.DroppedColumns), line, columnCount))]
            : [.. Enumerable.Range(0, columnCount).Where(c => c != Class && names is not null && s_identities.Contains(names[c], StringComparer.OrdinalIgnoreCase))];
        features = [.. Enumerable.Range(0, columnCount).Where(c => c != Class && c != Subject && c != Domain && !dropped.Contains(c))];
        if (features.Length == 0) throw MalformedFile.At(file, line, $"at least one feature besides the class {NameOf(Class)}, there is none", "Is it the right file, or the delimiter another than comma, semicolon, tab or blank?");
        nominals = new Dictionary<string, int>?[columnCount];
        row = new float[features.Length];
        if (dropped.Length > 0) context.Note($"dropped, since it is no feature: {string.Join(", ", dropped.Select(NameOf))}");
        if (Subject >= 0) context.Note($"the column {NameOf(Subject)} says who was recorded; it is no feature");
        if (Domain >= 0) context.Note($"the column {NameOf(Domain)} names the domain; it is no feature");
    }

    /// <summary>Where the class is.</summary>
    public int Class { get; }

    /// <summary>Where it says who was recorded; −1: nowhere.</summary>
    public int Subject { get; }

    /// <summary>Where the domain is named; −1: nowhere.</summary>
    public int Domain { get; }

    /// <summary>Columns that are features, in order.</summary>
    public IReadOnlyList<int> Features => features;

    /// <summary>A feature whose values are names: each counts as its place in the declared order.</summary>
    public void SetNominal(int column, IReadOnlyList<string> values) => nominals[column] = values.Select((value, i) => (value, i)).ToDictionary(v => v.value, v => v.i, StringComparer.Ordinal);

    /// <summary>What messages call a column: its name, or its place from 1.</summary>
    public string NameOf(int column) => names is null ? $"column {column + 1}" : $"'{names[column]}'";

    /// <summary>Adds the fields of one line as a case; in CSV an empty field and NA are missing values as well.</summary>
    public void AddRow(QuotedFields fields, ReadOnlySpan<byte> line, int number, CaseTable table, LoadContext context, bool emptyIsMissing)
    {
        for (int f = 0; f < features.Length; f++)
        {
            var field = fields.Bytes(line, features[f]);
            if (nominals[features[f]] is { } values)
            {
                if (field.SequenceEqual("?"u8)) row[f] = float.NaN;
                else if (values.TryGetValue(fields.Text(line, features[f]), out int place)) row[f] = place;
                else throw MalformedFile.At(file, number, $"one of the declared values of {NameOf(features[f])} ({MalformedFile.List(values.Keys)}) or ?, not {MalformedFile.Quote(field)}", "Correct the value or the declaration.");
            }
            else if (emptyIsMissing && (field.IsEmpty || field.SequenceEqual("NA"u8)))
            {
                row[f] = float.NaN;
            }
            else if (Numeral.Read(field, out row[f]) == NumeralKind.Neither)
            {
                throw MalformedFile.At(file, number, $"a finite number or ? in {NameOf(features[f])}, not {MalformedFile.Quote(field)}", "Correct the value; a column that is no feature can be named in DroppedColumns.");
            }
        }

        string label = fields.Text(line, Class);
        int @class = context.Classes.Of(emptyIsMissing ? Numeral.Canonical(label) : label, file, $"line {number}");
        table.Add(row, row.Length, ("line", number), @class, Subject < 0 ? -1 : context.Subjects.Of(fields.Text(line, Subject)), Domain < 0 ? -1 : context.Domains.Of(fields.Text(line, Domain)));
    }

    private int Role(string? wanted, string option, string[] usual, int line, int columnCount)
    {
        if (wanted is { Length: 0 }) return -1;
        if (wanted is not null) return Find(wanted, option, line, columnCount);
        for (int column = 0; names is not null && column < columnCount; column++)
        {
            if (column != Class && usual.Contains(names[column], StringComparer.OrdinalIgnoreCase)) return column;
        }

        return -1;
    }

    private int Find(string wanted, string option, int line, int columnCount)
    {
        for (int column = 0; names is not null && column < columnCount; column++)
        {
            if (names[column].Equals(wanted, StringComparison.OrdinalIgnoreCase)) return column;
        }

        if (names is not null) throw MalformedFile.At(file, line, $"a column '{wanted}', there are {MalformedFile.List([.. names])}", $"Name one of these as {option}.");
        return int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < columnCount ? index
            : throw MalformedFile.At(file, line, $"a column '{wanted}', the {columnCount} columns have no names", $"Give {option} as an index from 0 to {columnCount - 1}.");
    }
}
