using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Edge.Runtime.Commands;

/// <summary>Ranges of numbers on the command line.</summary>
internal static class CommandNumber
{
    /// <summary>A validator that names option, value and range.</summary>
    internal static Action<OptionResult> Within(Option option, double least, double most, string unit) => result =>
    {
        if (result.Tokens is [var token] && double.TryParse(token.Value, CultureInfo.InvariantCulture, out double value) && !(value >= least && value <= most))
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name} {token.Value}: expected {least} to {most} {unit}."));
    };
}
