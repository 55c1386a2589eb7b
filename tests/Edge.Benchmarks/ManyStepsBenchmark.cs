using System.CommandLine;
using System.Diagnostics;
using Edge.Trainer.Methods;
using static TorchSharp.torch;

namespace Edge.Benchmarks;

/// <summary><c>training-steps-10000</c>: whether tensors or memory pile up over many steps. A small batch: what leaks, leaks by the step.</summary>
internal static class ManyStepsBenchmark
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var steps = new Option<int>("--steps") { Description = "Steps in all.", DefaultValueFactory = _ => 10_000 };
        var fresh = new Option<int>("--fresh") { Description = "New windows of a step; 32 by default on the device.", DefaultValueFactory = _ => 2 };
        var replay = new Option<int>("--replay") { Description = "Replayed windows of a step; 64 by default on the device.", DefaultValueFactory = _ => 2 };
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output." };
        var command = new Command("training-steps-10000", "Tensors and resident memory over ten thousand training steps.") { steps, fresh, replay, file };
        command.SetAction(parsed => Run(parsed.GetValue(steps), parsed.GetValue(fresh), parsed.GetValue(replay), parsed.GetValue(file)));
        return command;
    }

    private static void Run(int stepCount, int freshCount, int replayCount, string? file)
    {
        KeptPages.Keep();
        set_num_threads(1);
        using var step = new TrainingStep(freshCount, replayCount, layerByLayer: false);
        List<string> lines =
        [
            "# Many training steps", "", $"The default step, in a process with the memory settings of the service, on {2 * (freshCount + replayCount)} windows of 9 x 128, one thread.", "",
            "| steps | Tensor.TotalCount | RSS, MiB | seconds |", "|---:|---:|---:|---:|",
        ];
        long started = Stopwatch.GetTimestamp();
        for (int i = 1; i <= stepCount; i++)
        {
            step.Take();
            if (i % (stepCount / 10) == 0)
                lines.Add($"| {i} | {Tensor.TotalCount} | {Environment.WorkingSet / (1024.0 * 1024.0):0.0} | {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} |");
        }

        lines.Add("");
        lines.AddRange(Machine.Facts());
        lines.Add($"- `dotnet run -c Release --project tests/Edge.Benchmarks -- training-steps-10000 --steps {stepCount} --fresh {freshCount} --replay {replayCount}`");
        Machine.Publish(lines, file);
    }
}
