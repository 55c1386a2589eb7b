using Edge.Trainer.Onnx;
using Edge.Trainer.Onnx.Protocol;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>What stands in the file.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class OnnxGraphTests
{
    [Fact]
    public void Weights_bear_the_names_of_the_state_dictionary()
    {
        using var network = Sequential(("conv", Conv1d(6, 8, 3)), ("norm", BatchNorm1d(8)), ("pool", AdaptiveAvgPool1d(1)), ("flat", Flatten()), ("tail", Sequential(("head", Linear(8, 2)))));
        var model = ModelProto.Parser.ParseFrom(new OnnxWriter().ToBytes(network, ["batch", 6, 33], "test", "0"));
        var inFile = model.Graph.Initializer.ToDictionary(tensor => tensor.Name, tensor => string.Join(',', tensor.Dims));
        var inDictionary = network.state_dict().Where(pair => pair.Value.dtype == ScalarType.Float32).ToDictionary(pair => pair.Key, pair => string.Join(',', pair.Value.shape));
        Assert.Equal(inDictionary.OrderBy(pair => pair.Key, StringComparer.Ordinal), inFile.OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void Weights_lie_in_the_file_row_major_and_little_endian()
    {
        var graph = new OnnxGraph("bytes");
        var input = graph.Input("x", ["batch", 2]);
        graph.Output("y", graph.Node("sum", "Add", [input, graph.Initializer("w", [1f, -2f], 2)], input.Shape));
        var tensor = Assert.Single(ModelProto.Parser.ParseFrom(graph.ToBytes("test", "0")).Graph.Initializer);
        Assert.Equal("0000803F000000C0", Convert.ToHexString(tensor.RawData.Span));
    }

    [Fact]
    public void The_bytes_of_a_small_file_are_pinned()
    {
        var graph = new OnnxGraph("g");
        var input = graph.Input("x", ["n"]);
        graph.Output("y", graph.Node("relu", "Relu", [input], input.Shape));
        Assert.Equal(
            "0808" // ir_version 8
            + "120174" + "1A0130" // producer_name "t", producer_version "0"
            + "3A3B" // graph, 59 bytes
            + "0A12" + "0A0178" + "120179" + "1A0472656C75" + "220452656C75" // node: input x, output y, name "relu", op_type "Relu"
            + "120167" // name "g"
            + "5A10" + "0A0178" + "120B" + "0A09" + "0801" + "1205" + "0A03" + "12016E" // input x: FLOAT [n]
            + "6210" + "0A0179" + "120B" + "0A09" + "0801" + "1205" + "0A03" + "12016E" // output y: FLOAT [n]
            + "4204" + "0A00" + "1011", // opset_import: default domain, version 17
            Convert.ToHexString(graph.ToBytes("t", "0")));
    }

    [Fact]
    public void A_value_that_is_put_out_twice_has_both_names()
    {
        var graph = new OnnxGraph("twice");
        var input = graph.Input("x", ["batch", 2]);
        var relu = graph.Node("relu", "Relu", [input], input.Shape);
        graph.Output("first", relu);
        graph.Output("second", relu);
        graph.Output("raw", input);
        using var model = new OrtModel(graph.ToBytes("test", "0"));
        var outputs = model.Run(("x", [-1, 2], [1, 2]));
        Assert.Equal([0, 2], outputs["first"].Values);
        Assert.Equal([0, 2], outputs["second"].Values);
        Assert.Equal([-1, 2], outputs["raw"].Values);
    }

    [Fact]
    public void A_name_is_given_once_to_what_the_caller_names_and_numbered_where_the_writer_does()
    {
        var graph = new OnnxGraph("names");
        var input = graph.Input("x", [2]);
        Assert.Equal("relu", graph.Node("relu", "Relu", [input], input.Shape).Name);
        Assert.Equal("relu_1", graph.Node("relu", "Relu", [input], input.Shape).Name);
        Assert.Equal(
            "The graph 'names' has a value named 'x' already. Choose another name. (Parameter 'wanted')",
            Assert.Throws<ArgumentException>(() => graph.Input("x", [2])).Message);
    }

    [Fact]
    public void A_default_that_does_not_fit_its_input_is_refused()
    {
        var graph = new OnnxGraph("defaults");
        Assert.StartsWith(
            "The default of 'w' has the shape [2, 4], the input [classes, 3].",
            Assert.Throws<ArgumentException>(() => graph.InputWithDefault("w", ["classes", 3], new float[8], 2, 4)).Message,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "'w' has the shape [2, 3], 6 elements, but 5 are given.",
            Assert.Throws<ArgumentException>(() => graph.InputWithDefault("w", ["classes", 3], new float[5], 2, 3)).Message,
            StringComparison.Ordinal);
    }
}
