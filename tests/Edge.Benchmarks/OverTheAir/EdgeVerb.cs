using System.Diagnostics;

namespace Edge.Benchmarks.OverTheAir;

/// <summary>A verb of the real program, run to its end as an operator would.</summary>
internal static class EdgeVerb
{
    /// <summary>The executable that the build put beside this one.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "edge");

    /// <summary>Runs it.</summary>
    /// <param name="folder">Where; a configuration's relative paths begin there.</param>
    /// <param name="arguments">The verb and what it is told.</param>
    /// <param name="expected">Exit codes that are no surprise.</param>
    /// <returns>Its exit code and the lines of its standard output.</returns>
    /// <exception cref="InvalidOperationException">It ended with a code that was not expected.</exception>
    public static async Task<(int Code, string[] Lines)> RunAsync(string folder, IReadOnlyList<string> arguments, params int[] expected)
    {
        using var process = Process.Start(new ProcessStartInfo(Program, arguments) { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (!expected.Contains(process.ExitCode)) throw new InvalidOperationException($"edge {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}{await output}");
        return (process.ExitCode, (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
