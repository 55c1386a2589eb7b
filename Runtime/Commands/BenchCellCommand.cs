using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Edge.Runtime.Bench;
using Edge.Storage;
using Edge.Trainer.Bench;
using Edge.Trainer.Methods;

namespace Edge.Runtime.Commands;

/// <summary><c>edge bench-cell --spec FILE --result FILE</c>: one cell of a results table. <c>edge bench</c> starts it as a child; not shown in the help.</summary>
public static class BenchCellCommand
{
    private static readonly JsonSerializerOptions s_line = new(CellRecord.Json) { WriteIndented = false };
    private static readonly TimeSpan s_betweenLines = TimeSpan.FromMilliseconds(300);

    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var spec = new Option<string>("--spec") { Description = "File that says what to run.", Required = true };
        var result = new Option<string>("--result") { Description = "File for what was measured; it appears whole or not at all.", Required = true };
        var ofBench = new Option<bool>("--of-bench") { Description = "The cell belongs to a running 'edge bench', which holds its standard input: it ends when the input ends." };
        var command = new CodedCommand("bench-cell", "Run one cell of a results table; progress as JSON lines.", ExitCode.List(fault: "stopped, or the disk or a file is in the way", config: null)) { spec, result, ofBench };
        command.Hidden = true;
        command.SetAction((parsed, cancel) => Task.Run(() => Run(parsed.GetValue(spec)!, parsed.GetValue(result)!, parsed.GetValue(ofBench), cancel)));
        return command;
    }

    private static int Run(string specFile, string resultFile, bool ofBench, CancellationToken cancel)
    {
        using var orphaned = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        if (ofBench) new Thread(() => TrainCommand.EndWithInput(orphaned)) { IsBackground = true }.Start();
        long last = 0;
        try
        {
            var spec = JsonSerializer.Deserialize<CellSpec>(File.ReadAllBytes(specFile), CellRecord.Json) ?? throw new JsonException("it holds null");
            KeptPages.Keep();
            var result = BenchCell.Run(spec, Tell, orphaned.Token);
            DurableFile.Replace(resultFile, JsonSerializer.SerializeToUtf8Bytes(result, CellRecord.Json));
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            return Failed("stopped before the cell was over");
        }
        catch (JsonException e)
        {
            return Failed($"'{specFile}' is not a cell's spec: {e.Message}");
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
        {
            return Failed(e.Message);
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException)
        {
            return Failed($"libtorch does not load: {(e.InnerException ?? e).Message} 'edge doctor' says what is missing.");
        }
        catch (Exception e) // A bug of a method must name itself in the table; the process ends all the same.
        {
            return Failed($"{e.GetType().Name}: {e.Message} (in {e.TargetSite?.DeclaringType?.Name}.{e.TargetSite?.Name})");
        }

        void Tell(CellProgress progress)
        {
            if (last != 0 && Stopwatch.GetElapsedTime(last) < s_betweenLines) return;
            last = Stopwatch.GetTimestamp();
            Console.WriteLine(JsonSerializer.Serialize(progress, s_line));
        }
    }

    private static int Failed(string why)
    {
        Console.Error.WriteLine(why.ReplaceLineEndings(" "));
        return ExitCode.Fault;
    }
}
