using System.Text;

namespace Edge.Config;

/// <summary>One reason why a configuration is refused, complete enough to mend the document without any other source.</summary>
/// <param name="Path">Where: keys joined by dots, elements by 0-based index, as in <c>sensor.uciHar.classOrder[2]</c>. Empty: the document as a whole.</param>
/// <param name="Value">What stands there, as JSON writes it, cut after 80 characters; or a short phrase such as <c>an unknown key</c>.</param>
/// <param name="Expected">What must stand there; reads on after "must be".</param>
/// <param name="Remedy">What to do; a clause without a full stop.</param>
/// <param name="Line">1-based line, or null where the place is in no single document (a merged one) or the value is a default.</param>
/// <param name="Column">1-based column in Unicode characters, or null as for <paramref name="Line"/>.</param>
public sealed record ConfigProblem(string Path, string Value, string Expected, string Remedy, int? Line, int? Column)
{
    /// <summary>The problem as one sentence.</summary>
    public override string ToString()
    {
        var sentence = new StringBuilder(Path.Length == 0 ? "the document" : Path).Append(" is ").Append(Value);
        if (Line is int line)
        {
            sentence.Append($" (line {line}, column {Column})");
        }

        return sentence.Append($" but must be {Expected}; {Remedy}.").ToString();
    }
}
