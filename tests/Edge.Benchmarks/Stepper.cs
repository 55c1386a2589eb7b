using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Edge.Trainer.Methods;
using static TorchSharp.torch;

namespace Edge.Benchmarks;

/// <summary>
/// Takes steps when told to, in a process of its own: a number n on a line of standard input is answered with a line "seconds cpuSeconds loss" of n steps, the end of the input ends it. Its first line
/// names the versions. <c>training_step.py</c> speaks the same, so both sides are started and measured alike.
/// </summary>
internal static class Stepper
{
    /// <summary>The verb; the other verbs start it.</summary>
    public static Command Create()
    {
        var threads = new Option<int>("--threads") { Required = true };
        var fresh = new Option<int>("--fresh") { Required = true };
        var replay = new Option<int>("--replay") { Required = true };
        var layerByLayer = new Option<bool>("--layer-by-layer") { Description = "Forward through the layers one by one, and let the C allocator give memory back." };
        var save = new Option<string?>("--save") { Description = "Write the weights and the batch here before the first step." };
        var command = new Command("stepper", "Take training steps on demand; the other verbs start it.") { threads, fresh, replay, layerByLayer, save };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            bool plain = parsed.GetValue(layerByLayer);
            if (!plain) KeptPages.Keep();
            set_num_threads(parsed.GetValue(threads));
            using var step = new TrainingStep(parsed.GetValue(fresh), parsed.GetValue(replay), plain);
            if (parsed.GetValue(save) is { } file) step.Save(file);
            Console.WriteLine($"TorchSharp {typeof(Tensor).Assembly.GetName().Version!.ToString(3)}, libtorch {__version__}, {step.FloatOperations:r}");
            while (Console.ReadLine() is { } line) Console.WriteLine(Take(step, int.Parse(line, CultureInfo.InvariantCulture)));
        });
        return command;
    }

    private static string Take(TrainingStep step, int count)
    {
        using var process = Process.GetCurrentProcess();
        var cpu = process.TotalProcessorTime;
        long started = Stopwatch.GetTimestamp();
        float loss = 0;
        for (int i = 0; i < count; i++) loss = step.Take();
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        process.Refresh();
        return string.Create(CultureInfo.InvariantCulture, $"{seconds:r} {(process.TotalProcessorTime - cpu).TotalSeconds:r} {loss:r}");
    }
}
