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
        using var network = Sequential(("body", Sequential(("relu", ReLU()), ("odd", Hardtanh()))));
        var refusal = Assert.Throws<OnnxExportException>(() => new OnnxWriter().ToBytes(network, ["batch", 6, 33], "test", "0"));
        Assert.Equal(
            "Cannot write 'body.odd' (TorchSharp.Modules.Hardtanh) to ONNX: no translator is registered for this type. Register one with OnnxWriter.Register<Hardtanh>(…), or build the network "
            + "from modules that have one: AdaptiveAvgPool1d, AvgPool1d, BatchNorm1d, Conv1d, Dropout, Dropout1d, Flatten, GELU, Identity, LayerNorm, Linear, MaxPool1d, ReLU, Sequential, SiLU, "
            + "Sigmoid, Tanh.",
            refusal.Message);
        Assert.Equal("body.odd", refusal.Path);
        Assert.Equal(typeof(TorchSharp.Modules.Hardtanh), refusal.ModuleType);
    }

    [Fact]
    public void An_unknown_module_can_be_written_once_it_is_registered()
    {
        using var network = Sequential(("odd", Hardtanh(-0.5, 0.5)));
        var writer = new OnnxWriter().Register<TorchSharp.Modules.Hardtanh>((module, input, scope) => scope.Node(
            "Clip", [input, scope.Constant("min", [(float)module.min_val]), scope.Constant("max", [(float)module.max_val])], input.Shape));
        using var model = new OrtModel(writer.ToBytes(network, ["batch", 3], "test", "0"));
        Assert.Equal([-0.5f, 0.25f, 0.5f], model.Run(("input", [-2, 0.25f, 2], [1, 3]))["output"].Values);
    }

    [Fact]
    public void A_subclass_of_a_known_module_is_not_taken_for_it()
    {
        using var module = new Doubled();
        Refused(module, [6, 33], $"Cannot write '(root)' ({typeof(Doubled)}) to ONNX: no translator is registered for this type.");
    }

    [Fact]
    public void What_the_operator_set_cannot_say_is_refused()
    {
        Refused(
            Conv1d(6, 8, 3, padding: 1, padding_mode: PaddingModes.Circular),
            [6, 33],
            "Cannot write '(root)' (TorchSharp.Modules.Conv1d) to ONNX: padding_mode Circular has no counterpart in opset 17. Use Zeros, Reflect or Replicate.");
        Refused(
            AdaptiveAvgPool1d(4),
            [6, 33],
            "Cannot write '(root)' (TorchSharp.Modules.AdaptiveAvgPool1d) to ONNX: 33 samples do not divide into 4 equal parts, and ONNX has only pooling of one size. "
            + "Use an output_size that divides the length, or 1.");
        Refused(
            AvgPool1d(4, ceil_mode: true, count_include_pad: true),
            [6, 33],
            "Cannot write '(root)' (TorchSharp.Modules.AvgPool1d) to ONNX: with ceil_mode and count_include_pad the last mean has a divisor of its own, which ONNX cannot express. "
            + "Use count_include_pad: false, or a length that the stride divides.");
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
