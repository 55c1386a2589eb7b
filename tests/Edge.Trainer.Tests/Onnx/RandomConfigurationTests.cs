using Edge.Trainer.Onnx;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>Every module in random configurations: what ONNX Runtime computes is what TorchSharp computes, and an independent reader infers the shapes and types that were written.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class RandomConfigurationTests
{
    private const int DrawCount = 8;
    private const int CheckedDrawCount = 3;

    public static TheoryData<string> Names => [.. ModuleDraws.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_module_gives_the_same_however_it_is_configured(string name)
    {
        for (int seed = 0; seed < DrawCount; seed++)
        {
            var drawn = Draw(name, seed);
            Parity.Holds(drawn, new OnnxWriter(), seed, 1, 3);
            drawn.Module.Dispose();
        }
    }

    [Fact]
    public void Every_module_of_TorchSharp_that_the_writer_knows_is_drawn() => Assert.Equal(new OnnxWriter().KnownModules, ModuleDraws.All.Keys);

    [Fact]
    public void An_independent_reader_finds_every_file_valid_and_infers_what_was_written()
    {
        PythonOnnx.SkipUnlessThere();
        var files = new Dictionary<string, byte[]>();
        foreach (string name in ModuleDraws.All.Keys)
        {
            for (int seed = 0; seed < CheckedDrawCount; seed++)
            {
                var drawn = Draw(name, seed);
                var graph = new OnnxGraph(name);
                graph.Output("output", new OnnxWriter().Write(drawn.Module, graph.Input("input", drawn.InputShape, drawn.RowCount > 0 ? OnnxElement.Int64 : OnnxElement.Float32), graph));
                files[$"{name}-{seed}"] = graph.ToBytes("test", "0");
                drawn.Module.Dispose();
            }
        }

        for (int seed = 0; seed < 30; seed++)
        {
            using var network = RandomNetwork.Draw(seed);
            files[$"network-{seed}"] = RandomNetwork.Writer().ToBytes(network, RandomNetwork.InputShape, "test", "0");
        }

        var verdicts = PythonOnnx.ReadFolder(files, IndependentReaderTests.CheckFolderScript).EnumerateObject().ToList();
        Assert.Equal(files.Count, verdicts.Count);
        Assert.Equal([], verdicts.Where(verdict => verdict.Value.GetString() != "").Select(verdict => $"{verdict.Name}: {verdict.Value.GetString()}"));
    }

    private static Drawn Draw(string name, int seed)
    {
        manual_seed(seed);
        return ModuleDraws.All[name](new Random(seed));
    }
}
