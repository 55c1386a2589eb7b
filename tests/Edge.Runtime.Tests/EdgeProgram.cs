using System.Diagnostics;

namespace Edge.Runtime.Tests;

/// <summary>The real executable, as the build put it beside these tests.</summary>
internal static class EdgeProgram
{
    /// <summary>Its path.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "edge");

    /// <summary>Folder of the repository that these tests were built from.</summary>
    public static string Repository
    {
        get
        {
            var directory = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(System.IO.Path.Combine(directory.FullName, "Edge.sln"))) directory = directory.Parent ?? throw new InvalidOperationException($"there is no Edge.sln above {AppContext.BaseDirectory}");
            return directory.FullName;
        }
    }

    /// <summary>Starts it.</summary>
    public static Process Start(string workingDirectory, params string[] arguments) => StartOther(Path, workingDirectory, arguments);

    /// <summary>Runs it to its end.</summary>
    public static Task<Ended> RunAsync(string workingDirectory, params string[] arguments) => RunOtherAsync(Path, workingDirectory, arguments);

    /// <summary>Runs another program to its end.</summary>
    public static async Task<Ended> RunOtherAsync(string program, string workingDirectory, params string[] arguments)
    {
        using var process = StartOther(program, workingDirectory, arguments);
        return await EndAsync(process);
    }

    /// <summary>Waits for its end; a test that is cancelled ends it.</summary>
    public static async Task<Ended> EndAsync(Process process)
    {
        var cancel = TestContext.Current.CancellationToken;
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
            await process.WaitForExitAsync(cancel);
            return new Ended(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static Process StartOther(string program, string workingDirectory, string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = workingDirectory, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
}

/// <summary>How a program ended.</summary>
internal sealed record Ended(int ExitCode, string Output, string Errors);
