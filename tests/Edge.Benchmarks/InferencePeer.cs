using System.Diagnostics;
using System.Globalization;
using Edge.Runtime.Inference;
using Edge.Runtime.Learning;

namespace Edge.Benchmarks;

/// <summary>The C program of <c>inference_peer.c</c>, compiled here and now against the same library, with the same graph, read-out and windows.</summary>
internal sealed class InferencePeer : IDisposable
{
    private readonly Process process;

    private InferencePeer(Process process) => this.process = process;

    /// <summary>Compiles it into a folder.</summary>
    /// <returns>The program; null where there is no gcc.</returns>
    public static string? Compile(string folder)
    {
        string from = AppContext.BaseDirectory, program = Path.Combine(folder, "inference_peer"), library = Path.Combine(folder, "libonnxruntime.so.1"); // The name that it asks for when it runs.
        File.CreateSymbolicLink(library, Path.Combine(from, "libonnxruntime.so"));
        try
        {
            using var gcc = Process.Start("gcc", ["-O3", "-march=native", "-ffp-contract=fast", "-I", Path.Combine(from, "include"), Path.Combine(from, "inference_peer.c"), library, "-o", program]);
            gcc.WaitForExit();
            return gcc.ExitCode == 0 ? program : throw new InvalidOperationException($"gcc exited with {gcc.ExitCode}; what it said is above.");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>GFLOP/s of one core alone, and of all cores together when each multiplies at the same time: in turns, the best turn of each.</summary>
    public static (double One, double Together) Peak(string program)
    {
        const int turnCount = 7;
        Process[] cores = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Begin(program, "peak"))];
        foreach (var core in cores) _ = core.StandardOutput.ReadLine();
        double one = 0, together = 0;
        for (int turn = 0; turn < turnCount; turn++)
        {
            one = Math.Max(one, Ask(cores[..1]));
            together = Math.Max(together, Ask(cores));
        }

        foreach (var core in cores)
        {
            core.StandardInput.Close();
            core.WaitForExit();
            core.Dispose();
        }

        return (one, together);

        static double Ask(Process[] cores)
        {
            foreach (var core in cores)
            {
                core.StandardInput.Write('.');
                core.StandardInput.Flush();
            }

            return cores.Sum(core => double.Parse(core.StandardOutput.ReadLine()!.Split(' ')[0], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Starts it on a graph, with the session options of this program: it must say that it has set them. Its allocator is set as the service's (<see cref="NativeMemory.Limits"/>) or left as glibc has it.</summary>
    public static InferencePeer Start(string program, Classifier classifier, ReadOutWeights readOut, string model, float[] windows, SessionSettings settings, bool limitsMemory)
    {
        string stem = Path.Combine(Path.GetDirectoryName(program)!, Path.GetFileNameWithoutExtension(model));
        int classes = classifier.Snapshot.Classes.Count, length = classifier.Snapshot.EmbeddingLength, frozen = classifier.FrozenLength;
        List<string> spec =
        [
            $"in window 3 1 {classifier.Snapshot.Window.ChannelCount} {classifier.Snapshot.Window.Length}", $"in prototypes 2 {classes} {length}", $"in class_bias 1 {classes}", "in temperature 1 1", "in readout_share 1 1",
            $"in readout_embedding 2 {classes} {length}", $"in readout_bias 1 {classes}", $"in readout_rare 1 {classes}",
            $"out embedding 2 1 {length}", $"out similarity 2 1 {classes}", $"out probability 2 1 {classes}", "out novelty 1 1",
        ];
        if (frozen > 0) spec.AddRange([$"in readout_frozen 2 {classes} {frozen}", $"in nearness_frozen 2 {classes} {frozen}", $"in nearness_bias 1 {classes}", $"out frozen 2 1 {frozen}"]);
        float[] values =
        [
            .. readOut.Prototypes.Values, .. readOut.Prototypes.ClassBias, (float)InferenceSubject.Settings.Temperature, readOut.Share, .. readOut.OnEmbedding, .. readOut.Bias, .. readOut.Rare,
            .. readOut.OnFrozen, .. readOut.Nearness, .. frozen > 0 ? readOut.NearnessBias : [],
        ];
        File.WriteAllLines($"{stem}.spec", spec);
        File.WriteAllBytes($"{stem}.values", System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values));
        File.WriteAllBytes($"{stem}.windows", System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(windows));
        string optionsFile = $"{stem}.{(limitsMemory ? "limited" : "plain")}.options";
        File.WriteAllLines(optionsFile, [
            .. limitsMemory ? NativeMemory.Limits.Select(limit => $"mallopt {limit.Option} {limit.Value}") : [],
            $"threads {settings.IntraOpThreadCount} {settings.InterOpThreadCount}", $"arena cpu {(settings.HasArena ? 1 : 0)}", .. settings.Entries.Select(entry => $"entry {entry.Key} {entry.Value}")]);
        var peer = new InferencePeer(Begin(program, model, optionsFile, $"{stem}.spec", $"{stem}.values", $"{stem}.windows"));
        string? told = peer.process.StandardOutput.ReadLine();
        if (told == $"ready {settings}") return peer;
        peer.Dispose();
        throw new InvalidOperationException(told is null ? "the C program ended; what it said is above." : $"the C program says '{told}', not 'ready {settings}': it would be compared under other options.");
    }

    /// <summary>Lets it classify the next windows.</summary>
    /// <returns>Milliseconds of each, and the sum of the best classes' probabilities.</returns>
    public (double[] Ms, double Sum) Take(int count)
    {
        process.StandardInput.WriteLine(count.ToString(CultureInfo.InvariantCulture));
        process.StandardInput.Flush();
        double[] numbers = [.. (process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the C program ended.")).Split(' ').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
        return ([.. numbers.SkipLast(1).Select(ns => ns / 1e6)], numbers[^1]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private static Process Begin(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment["LD_LIBRARY_PATH"] = Path.GetDirectoryName(program);
        return Process.Start(start)!;
    }
}
