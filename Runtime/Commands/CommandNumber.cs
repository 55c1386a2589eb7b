using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Edge.Runtime.Commands;

/// <summary>Ranges of numbers on the command line.</summary>
internal static partial class CommandNumber
{
    /// <summary>What the parser says of a word that is no number, without the name of a type, and of one that is none of a few: option, value and expectation, on one line.</summary>
    internal static string InWords(ParseError error) => Strange().Match(error.Message) is { Success: true } strange
        ? $"{(error.SymbolResult is OptionResult { Option.Name: var option } ? $"{option} " : "")}{strange.Groups["value"].Value}: expected one of {string.Join(", ", Quoted().Matches(strange.Groups["words"].Value).Select(word => word.Groups[1].Value))}."
        : InWords(error.Message);

    private static string InWords(string error) => Unparsed().Match(error) is { Success: true } found
        ? $"{found.Groups["option"].Value} {found.Groups["value"].Value}: expected {(found.Groups["type"].Value is "Double" or "Single" ? "a number such as 2.5" : found.Groups["type"].Value == "Boolean" ? "true or false" : found.Groups["type"].Value.StartsWith("Date", StringComparison.Ordinal) ? "a time such as 2027-01-31T00:00:00Z" : found.Groups["type"].Value.StartsWith('U') ? "a whole number, 0 or more" : "a whole number")}."
        : error;

    [GeneratedRegex(@"^Cannot parse argument '(?<value>.*)' for option '(?<option>[^']*)' as expected type '(System\.Nullable`1\[)?System\.(?<type>\w+)\]?'\.$", RegexOptions.Singleline)]
    private static partial Regex Unparsed();

    [GeneratedRegex(@"^Argument '(?<value>.*)' not recognized\. Must be one of:(?<words>.*)$", RegexOptions.Singleline)]
    private static partial Regex Strange();

    [GeneratedRegex("'([^']*)'")]
    private static partial Regex Quoted();

    /// <summary>A validator that names option, value and range.</summary>
    internal static Action<OptionResult> Within(Option option, double least, double most, string unit) => result =>
    {
        if (result.Tokens is [var token] && double.TryParse(token.Value, CultureInfo.InvariantCulture, out double value) && !(value >= least && value <= most))
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name} {token.Value}: expected {least} to {most} {unit}."));
    };
}
