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
}
