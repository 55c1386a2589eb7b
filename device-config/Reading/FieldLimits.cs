using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;

namespace Edge.Config;

/// <summary>
/// The range of one key, from the attributes on its property. [Range] is for numbers, those in lists too, [Length] for the number of elements of a list; [StringLength],
/// [RegularExpression] and
/// [AllowedValues] are for a text, and on a list for each of its elements. Lengths count Unicode characters, as JSON Schema does, and a pattern must match the
/// whole text, the empty one too.
/// </summary>
internal sealed class FieldLimits
{
    private readonly Regex? _pattern;

    public FieldLimits(PropertyInfo property)
    {
        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            Min = Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture);
            Max = Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture);
        }

        if (property.GetCustomAttribute<LengthAttribute>() is { } length)
        {
            (MinCount, MaxCount) = (length.MinimumLength, length.MaximumLength);
        }

        if (property.GetCustomAttribute<StringLengthAttribute>() is { } text)
        {
            (MinLength, MaxLength) = (text.MinimumLength, text.MaximumLength);
        }

        if (property.GetCustomAttribute<RegularExpressionAttribute>() is { } pattern)
        {
            Pattern = pattern.Pattern;
            // NonBacktracking: linear in the text, whatever pattern a section brings.
            _pattern = new Regex(pattern.Pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }

        Allowed = [.. property.GetCustomAttribute<AllowedValuesAttribute>()?.Values.Cast<string>() ?? []];
    }

    /// <summary>Smallest number; null: no limit.</summary>
    public double? Min { get; }

    /// <summary>Largest number; null: no limit.</summary>
    public double? Max { get; }

    /// <summary>Fewest elements of a list.</summary>
    public int MinCount { get; }

    /// <summary>Most elements of a list.</summary>
    public int MaxCount { get; } = int.MaxValue;

    /// <summary>Shortest text, characters.</summary>
    public int MinLength { get; }

    /// <summary>Longest text, characters.</summary>
    public int MaxLength { get; } = int.MaxValue;

    /// <summary>Pattern of a text; null: any text without control characters.</summary>
    public string? Pattern { get; }

    /// <summary>The only texts there are; empty: any.</summary>
    public IReadOnlyList<string> Allowed { get; }

    /// <summary>Whether <paramref name="number"/> is in range; ends belong to it.</summary>
    public bool Allows(double number) => double.IsFinite(number) && !(number < Min) && !(number > Max);

    /// <summary>Whether a list may have <paramref name="count"/> elements.</summary>
    public bool AllowsCount(int count) => count >= MinCount && count <= MaxCount;

    /// <summary>Whether <paramref name="text"/> is in range.</summary>
    public bool Allows(string text)
    {
        if (Allowed.Count > 0)
        {
            return Allowed.Contains(text);
        }

        int length = text.EnumerateRunes().Count();
        return length >= MinLength && length <= MaxLength && !text.Any(c => c is < ' ' or '\x7F') && (_pattern is null || MatchesWhole(text));
    }

    /// <summary><c> from 1 to 4096</c>, after the noun.</summary>
    public string NumberClause => Min is null ? "" : $" from {Plain(Min.Value)} to {Plain(Max!.Value)}";

    /// <summary><c>1 to 3 </c>, before the noun.</summary>
    public string CountClause => MaxCount == int.MaxValue ? "" : MinCount == 0 ? $"at most {MaxCount} " : $"{MinCount} to {MaxCount} ";

    /// <summary>What a text must be.</summary>
    public string TextClause
    {
        get
        {
            if (Allowed.Count > 0)
            {
                return (Allowed.Count == 1 ? "" : "one of ") + string.Join(", ", Allowed.Select(JsonPart.Quote));
            }

            var clause = new StringBuilder("a text");
            if (MaxLength != int.MaxValue)
            {
                clause.Append(MinLength == 0 ? $" of at most {MaxLength} characters" : $" of {MinLength} to {MaxLength} characters");
            }

            return clause.Append(Pattern is null ? " without control characters" : $" that matches {Pattern}").ToString();
        }
    }

    /// <summary>A limit as a person writes it: 0.000001, not 1E-06.</summary>
    public static string Plain(double number) => number.ToString("0.###############", CultureInfo.InvariantCulture);

    private bool MatchesWhole(string text)
    {
        foreach (ValueMatch match in _pattern!.EnumerateMatches(text))
        {
            return match.Index == 0 && match.Length == text.Length;
        }

        return false;
    }
}
