using System.CommandLine;
using Edge.Runtime.Learning;
using static Edge.Benchmarks.ReplayLoad;

namespace Edge.Benchmarks;

/// <summary><c>inference</c>: the way of a window from the sensor to the prediction, against a C program, beside a training round, and in larger batches; export and opening of the file.</summary>
internal static class InferenceBenchmark
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "Rounds; in each everyone takes a turn.", DefaultValueFactory = _ => 40 };
        var seconds = new Option<int>("--seconds") { Description = "Seconds beside a training round, and as many without; 0: left out.", DefaultValueFactory = _ => 40 };
        var file = new Option<string?>("--out") { Description = "File for the report, beside standard output." };
        var command = new Command("inference", "Latency against C, batches, allocations, beside training; export and opening.") { rounds, seconds, file };
        command.SetAction((parsed, cancel) => RunAsync(parsed.GetValue(rounds), parsed.GetValue(seconds), parsed.GetValue(file), cancel));
        return command;
    }

    private static async Task RunAsync(int roundCount, int secondCount, string? file, CancellationToken cancel)
    {
        NativeMemory.Limit(); // As the service does at its start: what a batch costs depends on it.
        string folder = Directory.CreateTempSubdirectory("edge-inference-").FullName;
        try
        {
            string backbone = Path.Combine(folder, "backbone.onnx"), whole = Path.Combine(folder, "default.onnx");
            using (var net = InferenceSubject.Backbone())
            {
                File.WriteAllBytes(backbone, InferenceSubject.Export(net, 0));
                File.WriteAllBytes(whole, InferenceSubject.Export(net, InferenceSubject.FrozenFeatures));
            }

            float[] windows = InferenceSubject.Windows();
            string? program = InferencePeer.Compile(folder);
            var peak = program is null ? default : InferencePeer.Peak(program);
            if (program is null) Console.Error.WriteLine("there is no gcc: the comparison with C is left out.");
            var work = InferenceSubject.MultiplyAdds();
            List<ReplayRow> rows = [];
            if (program is not null) rows.Add(new(Text($"multiply-adds on registers, GFLOP/s: all {Environment.ProcessorCount} cores at once, against one alone"), Text($"{peak.Together:0}"), Text($"{peak.One:0}"), Text($"{peak.Together / peak.One:0.00}"), ""));
            foreach (var (name, model, multiplyAdds) in new[] { ("default", whole, work.Backbone + work.Frozen), ("backbone alone", backbone, work.Backbone) })
            {
                if (program is not null) rows.AddRange(InferenceLatency.AgainstC(name, model, program, windows, roundCount));
                rows.AddRange(InferenceLatency.Batches(name, model, windows, multiplyAdds, peak, roundCount));
                rows.AddRange(InferenceLatency.Int8(name, model, windows, Math.Max(1, roundCount / 8)));
            }

            string vectors = Path.Combine(folder, "vectors.onnx");
            using (var net = InferenceSubject.VectorBackbone()) File.WriteAllBytes(vectors, InferenceSubject.Export(net, 0));
            rows.AddRange(InferenceLatency.Batches("perceptron alone, vectors of 128", vectors, windows, InferenceSubject.VectorMultiplyAdds, peak, roundCount, InferenceSubject.VectorManifest));
            rows.AddRange(Exporting.Rows(backbone, whole));
            if (secondCount > 0) rows.AddRange(await BesideTraining.RowsAsync(folder, whole, windows, secondCount, cancel));
            Machine.Publish(
                [
                    "# Inference", "",
                    "Windows of 9 x 128 float32. \"default\" is the graph as the service runs it: TscilCnn, 737 frozen features, read-out; \"backbone alone\" has no frozen features. The C program (`inference_peer.c`) calls the same library through its C API with the same file, inputs, windows and session options, which it reads from this program and says back; beside it runs a second one whose allocator is left as glibc has it. All copy the window, run, and look for the best class. Ratios are medians over the rounds of the ratio of two neighbouring turns; lower is better but for windows/s.", "",
                    "| what | measured | compared with | ratio | bar |", "|---|---:|---:|---:|---|",
                    .. rows.Select(row => $"| {row.What} | {row.Measured} | {row.Reference} | {row.Ratio} | {row.Bar} |"), "",
                    .. Machine.Facts(),
                    Text($"- ONNX Runtime {typeof(Runtime.Inference.Classifier).Assembly.GetReferencedAssemblies().Single(name => name.Name == "Microsoft.ML.OnnxRuntime").Version}, memory as in the service"),
                    $"- session options of both sides, threads unless said otherwise: {InferenceLatency.Options}",
                    $"- mallopt settings of this program and of the C program where that is said: {string.Join(", ", NativeMemory.Limits.Select(limit => $"{limit.Name} {limit.Value}"))}",
                    $"- `dotnet run -c Release --project tests/Edge.Benchmarks -- inference --rounds {roundCount} --seconds {secondCount}`",
                ],
                file);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
