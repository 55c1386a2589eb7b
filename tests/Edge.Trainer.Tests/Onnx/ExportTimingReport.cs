using System.Diagnostics;
using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Rounds;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>How long the default classifier takes to write. A report: it asserts no time.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class ExportTimingReport
{
    private const int RunCount = 50;

    [Fact]
    public void The_time_to_write_the_default_classifier_is_reported()
    {
        using var backbone = new TscilCnn(9);
        var options = new ClassifierGraphOptions { Window = new WindowShape(9, 128, 50), Classes = ["a", "b", "c", "d", "e", "f"], Temperature = 0.1 };
        double[] milliseconds = new double[RunCount + 1];
        int length = 0;
        for (int i = 0; i < milliseconds.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            length = ClassifierGraph.Write(backbone, options).Length;
            milliseconds[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        double[] later = [.. milliseconds.Skip(1).Order()];
        TestContext.Current.TestOutputHelper!.WriteLine($"{length} bytes; first call {milliseconds[0]:f1} ms, then median {later[RunCount / 2]:f2} ms, fastest {later[0]:f2} ms, slowest {later[^1]:f2} ms of {RunCount}");
        Assert.InRange(length, 1_000_000, 4_000_000);
    }
}
