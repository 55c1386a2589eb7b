namespace Edge.Runtime.Commands;

/// <summary>Exit codes of every verb (after sysexits.h).</summary>
public static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Done, and something was found that needs attention.</summary>
    public const int Finding = 1;

    /// <summary>The command line makes no sense.</summary>
    public const int Usage = 64;

    /// <summary>A fault: this program, the disk or a file let the command down.</summary>
    public const int Fault = 70;

    /// <summary>The configuration cannot be used.</summary>
    public const int Config = 78;

    /// <summary>The last line of a verb's help: which of them it ends with, and when.</summary>
    /// <param name="done">When with 0.</param>
    /// <param name="finding">When with 1; null: never.</param>
    /// <param name="fault">When with 70; null: never.</param>
    /// <param name="config">When with 78; null: never.</param>
    internal static string List(string done = "done", string? finding = null, string? fault = null, string? config = "configuration")
    {
        (int Code, string? When)[] codes = [(Done, done), (Finding, finding), (Usage, "command line"), (Fault, fault), (Config, config)];
        return $"Exit codes: {string.Join(", ", codes.Where(code => code.When is not null).Select(code => $"{code.Code} {code.When}"))}.";
    }
}
