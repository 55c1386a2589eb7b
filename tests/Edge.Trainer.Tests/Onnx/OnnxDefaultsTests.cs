using Edge.Trainer.Onnx;

namespace Edge.Trainer.Tests.Onnx;

public sealed class OnnxDefaultsTests
{
    [Fact]
    public void Other_defaults_stand_in_the_file_and_everything_else_is_as_it_was()
    {
        byte[] file = File();
        byte[] changed = OnnxDefaults.Replace(file, new Dictionary<string, OnnxDefault> { ["rows"] = new([1, 2, 3, 4, 5, 6], [3, 2]) }, new Dictionary<string, string> { ["note"] = "new", ["more"] = "yes" });
        var (before, after) = (OnnxContents.Read(file), OnnxContents.Read(changed));
        Assert.Equal([3, 2], after.Initializers["rows"].Shape);
        Assert.Equal([1, 2, 3, 4, 5, 6], after.Initializers["rows"].Values);
        Assert.Equal(before.Initializers["constant"].Values, after.Initializers["constant"].Values);
        Assert.Equal(before.Operators, after.Operators);
        Assert.Equal(new Dictionary<string, string> { ["kept"] = "old", ["more"] = "yes", ["note"] = "new" }, after.Metadata);
    }

    [Theory]
    [InlineData("rows", 4, 2, 3, "'rows' takes [classes, 2]")]
    [InlineData("rows", 5, 2, 2, "given are 5 values as [2, 2]")]
    [InlineData("constant", 1, 1, 1, "no input 'constant' with a default")]
    [InlineData("nothing", 1, 1, 1, "no input 'nothing' with a default")]
    public void What_does_not_fit_is_named(string name, int count, int rows, int columns, string expected) =>
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => OnnxDefaults.Replace(File(), new Dictionary<string, OnnxDefault> { [name] = new(new float[count], [rows, columns]) })).Message);

    private static byte[] File()
    {
        var graph = new OnnxGraph("g");
        var input = graph.Input("x", ["batch", 2]);
        var rows = graph.InputWithDefault("rows", ["classes", 2], new float[2], 1, 2);
        var product = graph.Node("product", "Gemm", [input, rows, graph.Initializer("constant", [0.5f])], ["batch", "classes"], [new OnnxAttribute("transB", 1)]);
        graph.Output("y", product);
        return graph.ToBytes("test", "1", new Dictionary<string, string> { ["kept"] = "old", ["note"] = "old" });
    }
}
