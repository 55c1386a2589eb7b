using System.Diagnostics;
using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Onnx.Precision;
using Edge.Trainer.Rounds;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>How long the default classifier takes to write, and to run in each precision. Reports: they assert no time.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class ExportTimingReport
{
    private const int WriteCount = 50;
    private const int RunCount = 300;

    [Fact]
    public void The_time_to_write_the_default_classifier_is_reported()
    {
        using var backbone = new TscilCnn(9);
        var milliseconds = new List<double>();
        int length = 0;
        var before = Environment.CpuUsage.TotalTime;
        milliseconds.Add(Time(() => Write(backbone)));
        double processorTime = (Environment.CpuUsage.TotalTime - before).TotalMilliseconds; // Of a first call, most of it compilation where nothing ran before.
        for (int i = 0; i < WriteCount; i++) milliseconds.Add(Time(() => length = Write(backbone).Length));
        Report($"{length} bytes; first call {milliseconds[0]:f1} ms ({processorTime:f1} ms of processor time), then {Summary(milliseconds.Skip(1))}");
        Assert.InRange(length, 1_000_000, 4_000_000);
    }

    [Fact]
    public void The_time_to_run_the_default_classifier_in_each_precision_is_reported()
    {
        using var backbone = new TscilCnn(9);
        byte[] file = Write(backbone);
        float[] window = [.. Enumerable.Range(0, 9 * 128).Select(i => MathF.Sin(i * 0.7f))];
        var options = new OnnxInt8Options { Float32Nodes = ["readout"] };
        var calibration = OnnxInt8.CalibrationGraph(file, options);
        var ranges = new Dictionary<string, OnnxRange>();
        using (var observed = new OrtModel(calibration.File))
            foreach (var (output, (values, _)) in observed.Run(("window", window, [1, 9, 128]))) ranges[calibration.ValueOfOutput[output]] = new OnnxRange(values.Min(), values.Max());

        using OrtModel full = new(file), half = new(OnnxFloat16.Convert(file, new OnnxFloat16Options { Float32Nodes = ["readout"] })), int8 = new(OnnxInt8.Quantise(file, ranges, options));
        var models = new[] { ("float32", full), ("float16", half), ("int8", int8) };
        var milliseconds = models.ToDictionary(pair => pair.Item1, _ => new List<double>());
        for (int i = 0; i < RunCount; i++)
            foreach (var (name, model) in models) milliseconds[name].Add(Time(() => model.Run(("window", window, [1, 9, 128]))));
        foreach (var (name, times) in milliseconds) Report($"{name}: {Summary(times.Skip(RunCount / 10))}");
        Assert.All(milliseconds.Values, times => Assert.Equal(RunCount, times.Count));
    }

    private static byte[] Write(TscilCnn backbone) =>
        ClassifierGraph.Write(backbone, new ClassifierGraphOptions { Window = new WindowShape(9, 128, 50), Classes = ["a", "b", "c", "d", "e", "f"], Temperature = 0.1 });

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static string Summary(IEnumerable<double> milliseconds)
    {
        double[] sorted = [.. milliseconds.Order()];
        return $"median {sorted[sorted.Length / 2]:f2} ms, fastest {sorted[0]:f2} ms, slowest {sorted[^1]:f2} ms of {sorted.Length}";
    }

    private static void Report(string line) => TestContext.Current.TestOutputHelper!.WriteLine(line);
}
