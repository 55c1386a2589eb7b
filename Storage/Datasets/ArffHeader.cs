using System.Text;

namespace Edge.Storage;

/// <summary>One <c>@attribute</c>.</summary>
/// <param name="Name">Its name, unquoted.</param>
/// <param name="Line">Where it is declared.</param>
/// <param name="Type"><c>numeric</c>, <c>nominal</c>, <c>relational</c>, or what else was written.</param>
/// <param name="Values">Values of a nominal one in declared order.</param>
/// <param name="Inner">Number of attributes within a relational one.</param>
internal sealed record ArffAttribute(string Name, int Line, string Type, IReadOnlyList<string> Values, int Inner = 0);

/// <summary>The lines of an ARFF file up to <c>@data</c> (Weka's format; letter case of keywords does not matter).</summary>
internal sealed class ArffHeader(string file)
{
    private const int MostAttributes = 1_000_000;
    private readonly List<ArffAttribute> attributes = [];
    private string? relational;

    /// <summary>Attributes in order; what is within a relational one is counted, not listed.</summary>
    public IReadOnlyList<ArffAttribute> Attributes => attributes;

    /// <summary><c>@data</c> has come.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Takes one line that is neither empty nor a comment.</summary>
    public void Take(ReadOnlySpan<byte> line, int number)
    {
        string text = Encoding.UTF8.GetString(line);
        string keyword = text.Split([' ', '\t'], 2)[0].ToLowerInvariant();
        string rest = text[keyword.Length..].Trim();
        switch (keyword)
        {
            case "@relation": break;
            case "@attribute": Declare(rest, number); break;
            case "@end" when relational is not null: relational = null; break;
            case "@data" when relational is not null: throw MalformedFile.At(file, number, $"'@end {relational}' before '@data'", "Close the relational attribute.");
            case "@data" when attributes.Count == 0: throw MalformedFile.At(file, number, "at least one '@attribute' before '@data'", "Complete the header.");
            case "@data": IsComplete = true; break;
            default: throw MalformedFile.At(file, number, $"@relation, @attribute, @end or @data, not {MalformedFile.Quote(line)}", "Write '@data' on a line of its own before the first row.");
        }
    }

    private void Declare(string rest, int number)
    {
        if (attributes.Count == MostAttributes) throw MalformedFile.At(file, number, $"no more than {MostAttributes} attributes", "Is it the right file?");
        var (name, type) = Name(rest, number);
        string kind = type.ToLowerInvariant();
        if (kind is "numeric" or "real" or "integer") kind = "numeric";
        if (relational is not null)
        {
            if (kind != "numeric") throw MalformedFile.At(file, number, $"numeric attributes within the relational '{relational}', '{name}' is {MalformedFile.Quote(Encoding.UTF8.GetBytes(type))}", "Only series of numbers are read.");
            attributes[^1] = attributes[^1] with { Inner = attributes[^1].Inner + 1 };
            return;
        }

        if (kind == "relational") relational = name;
        bool isNominal = type.StartsWith('{');
        attributes.Add(new ArffAttribute(name, number, isNominal ? "nominal" : kind, isNominal ? Values(name, type, number) : []));
    }

    private (string Name, string Type) Name(string rest, int number)
    {
        int end;
        if (rest.Length > 0 && rest[0] is '\'' or '"')
        {
            int close = rest.IndexOf(rest[0], 1);
            if (close < 0) throw MalformedFile.At(file, number, "the quote around the attribute's name to be closed", "Close it.");
            return (rest[1..close], rest[(close + 1)..].Trim());
        }

        end = rest.AsSpan().IndexOfAny(' ', '\t', '{');
        return end > 0 ? (rest[..end], rest[end..].Trim()) : throw MalformedFile.At(file, number, "a name and a type after '@attribute'", "Complete the declaration.");
    }

    private List<string> Values(string name, string type, int number)
    {
        if (!type.EndsWith('}')) throw MalformedFile.At(file, number, $"the values of '{name}' in braces on one line: {{a,b,c}}", "Close the brace.");
        byte[] inner = Encoding.UTF8.GetBytes(type[1..^1].Trim());
        var fields = new QuotedFields((byte)',', "'\"", '\\');
        fields.Split(inner, file, number);
        List<string> values = [];
        for (int i = 0; i < fields.Count; i++) values.Add(fields.Text(inner, i));
        return values.Distinct().Count() == values.Count && !values.Contains("") ? values
            : throw MalformedFile.At(file, number, $"the values of '{name}' to be names, each once", "Correct the declaration.");
    }
}
