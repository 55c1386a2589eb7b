using Edge.Trainer.Onnx;
using Edge.Trainer.Onnx.Precision;
using Edge.Trainer.Onnx.Protocol;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>Batch normalisations are kept unless folding is asked for, and then the file computes the same without them.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class BatchNormFoldTests
{
    [Fact]
    public void Folded_convolutions_and_linear_layers_compute_the_same()
    {
        manual_seed(6);
        using var network = Parity.Shaken(Sequential(
            ("conv", Conv1d(4, 6, 3, bias: false)), ("norm", BatchNorm1d(6)), ("relu", ReLU()), ("conv2", Conv1d(6, 8, 3, groups: 2)), ("norm2", BatchNorm1d(8, affine: false)), ("pool", AdaptiveAvgPool1d(1)),
            ("flat", Flatten()), ("linear", Linear(8, 5)), ("norm3", BatchNorm1d(5)), ("bare", Linear(5, 3, hasBias: false)), ("norm4", BatchNorm1d(3))));
        var drawn = new Drawn(network, network.forward, ["batch", 4, 24]);
        Assert.Equal(4, CountOf("BatchNormalization", Parity.Holds(drawn, new OnnxWriter(), 1, 1, 3)));
        byte[] folded = Parity.Holds(drawn, new OnnxWriter { FoldsBatchNorm = true }, 1, 1, 3);
        Assert.Equal(0, CountOf("BatchNormalization", folded));
        Assert.Equal(folded, OnnxBatchNorm.Fold(folded));
        Assert.Equal("output", Assert.Single(ModelProto.Parser.ParseFrom(folded).Graph.Output).Name);
    }

    [Fact]
    public void The_folded_weights_are_those_worked_out_by_hand()
    {
        using var network = Sequential(("linear", Linear(1, 1)), ("norm", BatchNorm1d(1, eps: 0)));
        var (linear, norm) = ((TorchSharp.Modules.Linear)network[0], (TorchSharp.Modules.BatchNorm1d)network[1]);
        using (no_grad())
        {
            linear.weight!.fill_(3);
            linear.bias!.fill_(5);
            norm.weight!.fill_(2);
            norm.bias!.fill_(7);
            norm.running_mean!.fill_(1);
            norm.running_var!.fill_(16);
        }

        var graph = ModelProto.Parser.ParseFrom(new OnnxWriter { FoldsBatchNorm = true }.ToBytes(network, ["batch", 1], "test", "0")).Graph;
        Assert.Equal(["linear.weight/folded", "norm.bias/folded"], graph.Initializer.Select(tensor => tensor.Name));
        Assert.Equal([1.5f, 9f], graph.Initializer.Select(tensor => BitConverter.ToSingle(tensor.RawData.Span))); // 3 * 2 / 4; (5 - 1) * 2 / 4 + 7
    }

    [Fact]
    public void A_convolution_that_something_else_takes_too_keeps_its_normalisation()
    {
        manual_seed(7);
        using var network = Parity.Shaken(Sequential(("conv", Conv1d(4, 4, 1)), ("around", new Residual(BatchNorm1d(4)))));
        byte[] file = Parity.Holds(new Drawn(network, network.forward, ["batch", 4, 24]), RandomNetwork.Writer(foldsBatchNorm: true), 1, 3);
        Assert.Equal(1, CountOf("BatchNormalization", file));
    }

    private static int CountOf(string operation, byte[] file) => ModelProto.Parser.ParseFrom(file).Graph.Node.Count(node => node.OpType == operation);
}
