using System.Diagnostics;

namespace Edge.Storage.Tests.Datasets;

/// <summary>NumPy of the system's Python: an independent writer and reader of .npz.</summary>
internal static class PythonNumpy
{
    private const string Python = "/usr/bin/python3";

    private static readonly Lazy<string?> s_missing = new(() =>
    {
        if (!File.Exists(Python)) return $"{Python} is missing (apt-get install python3-numpy)";
        var (exitCode, _, error) = Start("import numpy", "");
        return exitCode == 0 ? null : $"{Python} cannot import numpy (apt-get install python3-numpy): {error.Trim()}";
    });

    /// <summary>Runs a script that knows numpy as <c>np</c> and its argument as <c>path</c>; what it printed. Skips the test where NumPy is missing.</summary>
    public static string Run(string script, string path)
    {
        Assert.SkipUnless(s_missing.Value is null, s_missing.Value ?? "");
        var (exitCode, output, error) = Start("import sys\nimport numpy as np\npath = sys.argv[1]\n" + script, path);
        Assert.True(exitCode == 0, error);
        return output.ReplaceLineEndings("\n").Trim();
    }

    private static (int ExitCode, string Output, string Error) Start(string script, string argument)
    {
        var start = new ProcessStartInfo(Python) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OPENBLAS_NUM_THREADS"] = "1";
        start.ArgumentList.Add("-");
        start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        process.StandardInput.Write(script);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
