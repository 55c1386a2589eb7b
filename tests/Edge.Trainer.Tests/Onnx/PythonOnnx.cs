using System.Diagnostics;
using System.Text.Json;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>The onnx package of Debian (python3-onnx), written by others from the same specification: an independent reader.</summary>
internal static class PythonOnnx
{
    private const string Python = "/usr/bin/python3";

    /// <summary>Skips the test where the package is missing.</summary>
    public static void SkipUnlessThere()
    {
        Assert.SkipUnless(File.Exists(Python), $"{Python} is missing (apt-get install python3-onnx).");
        var (exitCode, _, error) = Run("import onnx", "");
        Assert.SkipUnless(exitCode == 0, $"{Python} cannot import onnx (apt-get install python3-onnx): {error.Trim()}");
    }

    /// <summary>Runs a script with the file's path as sys.argv[1]; what it prints is one JSON document.</summary>
    public static JsonElement Read(byte[] model, string script)
    {
        string path = Path.Combine(Path.GetTempPath(), $"edge-{Guid.NewGuid():N}.onnx");
        File.WriteAllBytes(path, model);
        try
        {
            var (exitCode, output, error) = Run(script, path);
            Assert.True(exitCode == 0, error);
            return JsonDocument.Parse(output).RootElement;
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Runs a script with a folder of files, named as given with <c>.onnx</c>, as sys.argv[1]; what it prints is one JSON document. One process for all: starting Python takes longer than checking.</summary>
    public static JsonElement ReadFolder(IReadOnlyDictionary<string, byte[]> models, string script)
    {
        var folder = Directory.CreateTempSubdirectory("edge-onnx-");
        try
        {
            foreach (var (name, model) in models) File.WriteAllBytes(Path.Combine(folder.FullName, $"{name}.onnx"), model);
            var (exitCode, output, error) = Run(script, folder.FullName);
            Assert.True(exitCode == 0, error);
            return JsonDocument.Parse(output).RootElement;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Runs a script beside the file, which is called <c>model.onnx</c>, with a folder of modules and the native library of ONNX Runtime that these tests run with.</summary>
    /// <returns>What it prints.</returns>
    public static string Execute(byte[] model, string script, string modules)
    {
        var folder = Directory.CreateTempSubdirectory("edge-onnx-");
        try
        {
            File.WriteAllBytes(Path.Combine(folder.FullName, "model.onnx"), model);
            var (exitCode, output, error) = Run(script, "", start =>
            {
                start.WorkingDirectory = folder.FullName;
                start.Environment["PYTHONPATH"] = modules;
                start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
                start.Environment["ORT_LIBRARY"] = LibraryOfOnnxRuntime();
            });
            Assert.True(exitCode == 0, error);
            return output;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The library that this process has loaded.</summary>
    private static string LibraryOfOnnxRuntime()
    {
        _ = Microsoft.ML.OnnxRuntime.OrtEnv.Instance();
        using var self = Process.GetCurrentProcess();
        return self.Modules.Cast<ProcessModule>().Select(module => module.FileName).First(name => Path.GetFileName(name).StartsWith("libonnxruntime.so", StringComparison.Ordinal));
    }

    private static (int ExitCode, string Output, string Error) Run(string script, string argument, Action<ProcessStartInfo>? prepare = null)
    {
        var start = new ProcessStartInfo(Python) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        prepare?.Invoke(start);
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
