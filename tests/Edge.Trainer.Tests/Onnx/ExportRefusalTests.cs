using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Onnx;
using Edge.Trainer.Rounds;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>What cannot be expressed is refused with its place, its type, the reason and the remedy.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class ExportRefusalTests
{
    [Fact]
    public void An_unknown_module_is_named_with_its_path_and_what_to_do()
    {
        using var network = Sequential(("body", Sequential(("relu", ReLU()), ("odd", Tanhshrink()))));
        var refusal = Assert.Throws<OnnxExportException>(() => new OnnxWriter().ToBytes(network, ["batch", 6, 33], "test", "0"));
        Assert.Equal(
            "Cannot write 'body.odd' (TorchSharp.Modules.Tanhshrink) to ONNX: no translator is registered for this type. Register one with OnnxWriter.Register<Tanhshrink>(…), or build the network "
            + $"from modules that have one: {string.Join(", ", new OnnxWriter().KnownModules)}.",
            refusal.Message);
        Assert.Equal("body.odd", refusal.Path);
        Assert.Equal(typeof(TorchSharp.Modules.Tanhshrink), refusal.ModuleType);
    }

    [Fact]
    public void An_unknown_module_can_be_written_once_it_is_registered()
    {
        using var network = Sequential(("odd", Tanhshrink()));
        var writer = new OnnxWriter().Register<TorchSharp.Modules.Tanhshrink>((_, input, scope) => scope.Subtract(input, scope.Node("Tanh", [input], input.Shape)));
        using var model = new OrtModel(writer.ToBytes(network, ["batch", 3], "test", "0"));
        float[] expected = [-2 - MathF.Tanh(-2), 0, 2 - MathF.Tanh(2)], actual = model.Run(("input", [-2, 0, 2], [1, 3]))["output"].Values;
        for (int i = 0; i < 3; i++) Assert.Equal(expected[i], actual[i], 1e-6f);
    }

    [Fact]
    public void A_subclass_of_a_known_module_is_not_taken_for_it()
    {
        using var module = new Doubled();
        Refused(module, [6, 33], $"Cannot write '(root)' ({typeof(Doubled)}) to ONNX: no translator is registered for this type.");
    }

    [Fact]
    public void What_cannot_be_said_is_refused()
    {
        Refused(
            ModuleList<nn.Module<Tensor, Tensor>>(ReLU()),
            [6, 33],
            "Cannot write '(root)' (TorchSharp.Modules.ModuleList`1[TorchSharp.torch+nn+Module`2[TorchSharp.torch+Tensor,TorchSharp.torch+Tensor]]) to ONNX: it only holds modules; how they are connected, the "
            + "module around it says. In that module's translator write its members: with OnnxScope.WriteInTurn where they follow one another.");
        Refused(
            MultiheadAttention(8, 2, kdim: 5, vdim: 5),
            [4, 8],
            "Cannot write '(root)' (TorchSharp.Modules.MultiheadAttention) to ONNX: its keys or values have a width of their own (kdim, vdim), and as a module with one input it attends to that input itself. "
            + "Create it without kdim and vdim.");
        Refused(
            MultiheadAttention(8, 2, add_bias_kv: true),
            [4, 8],
            "Cannot write '(root)' (TorchSharp.Modules.MultiheadAttention) to ONNX: it adds a learned token to keys and values (add_bias_kv). Create it without add_bias_kv.");
        Refused(
            MultiheadAttention(8, 2, add_zero_attn: true),
            [4, 8],
            "Cannot write '(root)' (TorchSharp.Modules.MultiheadAttention) to ONNX: no number of heads gives what it computes, so it has an option that is not known here (add_zero_attn, for example). "
            + "Create it without that option, or register a translator for a module of your own.");
        Refused(
            Conv2d(2, 2, (3, 1), Padding.Same, padding_mode: PaddingModes.Reflect),
            [2, 9, 9],
            "Cannot write '(root)' (TorchSharp.Modules.Conv2d) to ONNX: with padding_mode Reflect TorchSharp 0.107 pads the height by what 'same' asks for the width, and the other way round. "
            + "Give the padding in numbers, or make kernel and dilation the same on both axes.");
        Refused(
            ConvTranspose2d(2, 2, (2, 2), (2, 3), output_padding: (1, 2)),
            [2, 9, 9],
            "Cannot write '(root)' (TorchSharp.Modules.ConvTranspose2d) to ONNX: TorchSharp 0.107 takes the first output_padding of [1, 2] for both axes. Give both axes the same output_padding.");
        Refused(
            Embedding(5, 3),
            [4],
            "Cannot write '(root)' (TorchSharp.Modules.Embedding) to ONNX: it takes Int64 row numbers and gets Float32. Give the graph's input the element type Int64.");
        Refused(
            Unflatten(1, [4, 4]),
            [15],
            "Cannot write '(root)' (TorchSharp.Modules.Unflatten) to ONNX: 15 elements do not divide into [4, 4]. Choose sizes whose product is the length of the axis.");
        Refused(
            BatchNorm1d(6, track_running_stats: false),
            [6, 33],
            "Cannot write '(root)' (TorchSharp.Modules.BatchNorm1d) to ONNX: it has no running statistics, so its output depends on the other windows of the batch. "
            + "Create it with track_running_stats: true, or use a layer normalisation.");
        Refused(
            Flatten(0, -1),
            [6, 33],
            "Cannot write '(root)' (TorchSharp.Modules.Flatten) to ONNX: it flattens the batch axis (start_dim 0), which is of any length. Flatten from axis 1.");
    }

    [Fact]
    public void A_shape_that_does_not_fit_is_refused_where_it_does_not_fit()
    {
        using var network = Sequential(("first", Conv1d(6, 8, 3)), ("second", Conv1d(9, 4, 3)));
        Refused(
            network,
            [6, 33],
            "Cannot write 'second' (TorchSharp.Modules.Conv1d) to ONNX: it takes 9 channels and gets [batch, 8, 31]. Make its in_channels those of what comes before it.");
        Refused(
            MaxPool1d(8),
            [6, 5],
            "Cannot write '(root)' (TorchSharp.Modules.MaxPool1d) to ONNX: its kernel spans 8 samples and only 5 come in, padding included. Use a longer window, or fewer or smaller strides before it.");
        Refused(
            Linear(7, 2),
            [6],
            "Cannot write '(root)' (TorchSharp.Modules.Linear) to ONNX: it takes [batch, …, 7] and gets [batch, 6]. Make the module before it put out that many features.");
        Refused(
            LayerNorm(7),
            [6],
            "Cannot write '(root)' (TorchSharp.Modules.LayerNorm) to ONNX: it normalises [7] and gets [batch, 6]. Make its normalized_shape the last axes of what comes before it.");
    }

    [Fact]
    public void An_embedding_that_shortens_its_rows_is_refused_and_left_as_it_was()
    {
        manual_seed(3);
        using var module = Embedding(5, 3, max_norm: 0.1);
        using var before = module.weight!.detach().clone();
        var graph = new OnnxGraph("rows");
        var refusal = Assert.Throws<OnnxExportException>(() => new OnnxWriter().Write(module, graph.Input("input", ["batch", 2], OnnxElement.Int64), graph, "table"));
        Assert.Equal(
            "Cannot write 'table' (TorchSharp.Modules.Embedding) to ONNX: its max_norm shortens rows when they are looked up. Look up every row once before the export, or create it without max_norm.", refusal.Message);
        Assert.Equal(before.data<float>().ToArray(), module.weight!.data<float>().ToArray());
    }

    [Fact]
    public void Looking_for_the_heads_leaves_the_mode_and_torch_s_generator_alone()
    {
        manual_seed(3);
        using var layer = TransformerEncoderLayer(8, 2, 16);
        layer.train();
        manual_seed(4);
        float expected = randn(1).item<float>();
        manual_seed(4);
        new OnnxWriter().ToBytes(layer, [5, "batch", 8], "test", "0");
        Assert.Equal(expected, randn(1).item<float>());
        Assert.True(layer.training);
    }

    [Theory]
    [MemberData(nameof(WrongInputs))]
    public void An_input_that_does_not_fit_is_refused_by_every_module_that_has_a_say(string name, string reason)
    {
        var (module, sample) = s_wrongInputs[name];
        using var created = module();
        var refusal = Assert.Throws<OnnxExportException>(() => new OnnxWriter().ToBytes(created, ["batch", .. sample.Select(OnnxDim.Of)], "test", "0"));
        Assert.Equal(reason, refusal.Reason);
        Assert.EndsWith(".", refusal.Remedy, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> WrongInputs => new()
    {
        { "Conv2d", "it takes [batch, channels, height, width] with a fixed height and width and gets [batch, 6, 33]." },
        { "ConvTranspose1d", "it takes 4 channels and gets [batch, 6, 33]." },
        { "ConvTranspose1d, too much padding", "nothing is left of 2 samples after its padding." },
        { "BatchNorm1d", "it takes 7 channels and gets [batch, 6, 33]." },
        { "BatchNorm2d", "it takes 6 channels and gets [batch, 6, 33]." },
        { "InstanceNorm1d", "it takes 7 channels and gets [batch, 6, 33]." },
        { "GroupNorm", "it has 2 groups of 8 channels together and gets [batch, 6, 33]." },
        { "PReLU", "it has 5 slopes and gets [batch, 6, 33]." },
        { "Softmax", "input [batch, 6, 33] has no axis 3." },
        { "AdaptiveAvgPool1d", "its output_size [0] is not positive." },
        { "GRU", "it takes three axes, the last of 3 features, and gets [batch, 6, 33]." },
        { "LSTM", "it takes three axes, the last of 3 features, and gets [batch, 6]." },
        { "MultiheadAttention", "it takes [tokens, batch, 8] and gets [batch, 6, 33]." },
        { "TransformerEncoder", "it takes [tokens, batch, 8] and gets [batch, 6, 33]." },
    };

    private static readonly Dictionary<string, (Func<nn.Module> Create, long[] Sample)> s_wrongInputs = new()
    {
        ["Conv2d"] = (() => Conv2d(6, 3, 3), [6, 33]),
        ["ConvTranspose1d"] = (() => ConvTranspose1d(4, 3, 3), [6, 33]),
        ["ConvTranspose1d, too much padding"] = (() => ConvTranspose1d(6, 3, 3, padding: 2), [6, 2]),
        ["BatchNorm1d"] = (() => BatchNorm1d(7), [6, 33]),
        ["BatchNorm2d"] = (() => BatchNorm2d(6), [6, 33]),
        ["InstanceNorm1d"] = (() => InstanceNorm1d(7), [6, 33]),
        ["GroupNorm"] = (() => GroupNorm(2, 8), [6, 33]),
        ["PReLU"] = (() => PReLU(5), [6, 33]),
        ["Softmax"] = (() => Softmax(3), [6, 33]),
        ["AdaptiveAvgPool1d"] = (() => AdaptiveAvgPool1d(0), [6, 33]),
        ["GRU"] = (() => GRU(3, 4), [6, 33]),
        ["LSTM"] = (() => LSTM(3, 4), [6]),
        ["MultiheadAttention"] = (() => MultiheadAttention(8, 2), [6, 33]),
        ["TransformerEncoder"] = (() => TransformerEncoder(TransformerEncoderLayer(8, 2, 16), 2), [6, 33]),
    };

    [Fact]
    public void A_backbone_for_other_windows_is_refused_with_the_place_in_the_backbone()
    {
        using var backbone = new TscilCnn(9);
        var options = new ClassifierGraphOptions { Window = new WindowShape(6, 128, 50), Classes = ["a"], Temperature = 0.1 };
        var refusal = Assert.Throws<OnnxExportException>(() => ClassifierGraph.Write(backbone, options));
        Assert.StartsWith("backbone.layers.", refusal.Path, StringComparison.Ordinal);
        Assert.Contains("9", refusal.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "Infinity")]
    public void Weights_that_diverged_are_refused(double value, string shown)
    {
        using var network = Sequential(("head", Linear(6, 2)));
        using (no_grad()) ((TorchSharp.Modules.Linear)network[0]).weight!.fill_(value);
        Refused(
            network,
            [6],
            $"Cannot write 'head' (TorchSharp.Modules.Linear) to ONNX: 'weight' holds {shown}. Training diverged: discard these weights and go back to a checkpoint with finite ones.");
    }

    [Fact]
    public void Weights_of_another_precision_are_refused()
    {
        using var network = Sequential(("head", Linear(6, 2).to(ScalarType.Float64)));
        Refused(
            network,
            [6],
            "Cannot write 'head' (TorchSharp.Modules.Linear) to ONNX: 'weight' is Float64, and weights are written as Float32. Convert the module first: module.to(ScalarType.Float32).");
    }

    private static void Refused(nn.Module module, long[] sample, string text) =>
        Assert.StartsWith(text, Assert.Throws<OnnxExportException>(() => new OnnxWriter().ToBytes(module, ["batch", .. sample.Select(OnnxDim.Of)], "test", "0")).Message, StringComparison.Ordinal);

    private sealed class Doubled() : nn.Module<Tensor, Tensor>("ReLU")
    {
        public override Tensor forward(Tensor input) => input * 2;
    }
}
