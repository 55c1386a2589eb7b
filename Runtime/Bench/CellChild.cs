using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using Edge.Storage;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Bench;

/// <summary>
/// Runs a cell in a process of its own (<c>edge bench-cell</c>), single-threaded: a crash costs one cell, memory is given back, and a figure does not depend on how many cores there are. The child holds on to this process
/// by its standard input and ends when that does.
/// </summary>
public sealed class CellChild(BenchFolder folder, TimeProvider time)
{
    private const int TalkLines = 6;
    private static readonly TimeSpan s_signalDelay = TimeSpan.FromMilliseconds(300);

    /// <summary>Runs it; a <see cref="CellRunner"/>.</summary>
    public async Task<CellRecord> RunAsync(CellSpec spec, Action<CellProgress> report, CancellationToken cancel)
    {
        string specFile = folder.WorkFile(spec, "spec"), resultFile = folder.WorkFile(spec, "result");
        long start = time.GetTimestamp();
        try
        {
            DurableFile.Replace(specFile, JsonSerializer.SerializeToUtf8Bytes(spec, CellRecord.Json));
            File.Delete(resultFile);
            string? failure = await WorkAsync(specFile, resultFile, report, cancel);
            var result = failure is null ? Read(resultFile, ref failure) : null;
            if (result is not null && CellVerdict.Problem(spec, result) is { } problem) (result, failure) = (null, problem);
            return new CellRecord { Spec = spec, Result = result, Failure = failure, EndedAt = time.GetUtcNow(), WallSeconds = time.GetElapsedTime(start).TotalSeconds, Machine = Machine.Here };
        }
        finally
        {
            File.Delete(specFile);
            File.Delete(resultFile);
        }
    }

    /// <summary>How the child is started.</summary>
    public static ProcessStartInfo StartInfo(string specFile, string resultFile)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "edge");
        bool hosted = !File.Exists(program);
        var info = new ProcessStartInfo(hosted ? Environment.ProcessPath ?? "dotnet" : program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string variable in new[] { "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS" }) info.Environment[variable] = "1";
        info.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        if (hosted) info.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "edge.dll"));
        foreach (string argument in new[] { "bench-cell", "--spec", specFile, "--result", resultFile, "--of-bench" }) info.ArgumentList.Add(argument);
        return info;
    }

    private async Task<string?> WorkAsync(string specFile, string resultFile, Action<CellProgress> report, CancellationToken cancel)
    {
        using var child = new Process { StartInfo = StartInfo(specFile, resultFile) };
        try
        {
            child.Start();
        }
        catch (Win32Exception e)
        {
            return $"its process cannot be started: {e.Message}";
        }

        var talk = new Queue<string>();
        var (output, errors) = (ReadProgressAsync(child, report), ReadTalkAsync(child, talk));
        try
        {
            await child.WaitForExitAsync(cancel);
            await Task.WhenAll(output, errors);
            if (child.ExitCode == 0) return null;
            // A Ctrl-C in a terminal reaches the child as well, and may end it before this process has heard of it.
            await Task.Delay(s_signalDelay, time, cancel);
        }
        catch (OperationCanceledException)
        {
            End(child);
            throw;
        }

        // .NET reports a process that a signal ended as 128 + the signal's number.
        string ended = child.ExitCode > 128 ? $"signal {child.ExitCode - 128} ended its process" : $"its process exited with {child.ExitCode}";
        return talk.Count == 0 ? ended : $"{ended}: {string.Join(' ', talk.Select(line => line.Trim()))}";
    }

    private static CellResult? Read(string file, ref string? failure)
    {
        try
        {
            return JsonSerializer.Deserialize<CellResult>(File.ReadAllBytes(file), CellRecord.Json) ?? throw new JsonException("it holds null");
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            failure = $"its process ended well and left no result that can be read: {e.Message}";
            return null;
        }
    }

    private static void End(Process child)
    {
        try
        {
            child.Kill(entireProcessTree: true);
            child.WaitForExit(TimeSpan.FromSeconds(5));
        }
        catch (InvalidOperationException)
        {
            // It ended by itself in the meantime.
        }
    }

    private static async Task ReadProgressAsync(Process child, Action<CellProgress> report)
    {
        while (await child.StandardOutput.ReadLineAsync() is { } line)
        {
            try
            {
                if (line.StartsWith('{') && JsonSerializer.Deserialize<CellProgress>(line, CellRecord.Json) is { } progress) report(progress);
            }
            catch (JsonException)
            {
                // A line that was torn by a kill; the exit code tells.
            }
        }
    }

    private static async Task ReadTalkAsync(Process child, Queue<string> talk)
    {
        while (await child.StandardError.ReadLineAsync() is { } line)
        {
            if (line.Length == 0) continue;
            talk.Enqueue(line.Length > 500 ? line[..500] + "…" : line);
            if (talk.Count > TalkLines) talk.Dequeue();
        }
    }
}
