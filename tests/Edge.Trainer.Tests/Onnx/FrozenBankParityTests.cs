using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>The frozen banks in ONNX Runtime and in another reader of the format.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class FrozenBankParityTests
{
    [Theory]
    [InlineData(9, 128)]
    [InlineData(12, 29)]
    [InlineData(4, 65)]
    [InlineData(1, 361)]
    [InlineData(2, 16)]
    public void RandomConvolutionBank_gives_the_same_for_every_batch_size(int channelCount, int length)
    {
        manual_seed(channelCount);
        using var bank = new RandomConvolutionBank(channelCount, length);
        Parity.Holds(bank, [channelCount, length], 1, 2, 7, 20);
    }

    [Fact]
    public void RandomConvolutionBank_gives_the_same_for_dead_and_constant_channels()
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        var bank = new RandomConvolutionBank(9, 128);
        var windows = randn(3, 9, 128);
        windows[0] = 0;
        windows[1] = 9.81f;
        windows[2, 4] = 0;
        using var model = new OrtModel(Parity.BackboneTranslatorsAdded().ToBytes(bank, ["batch", 9, 128], "test", "0"));
        Parity.Close(bank.forward(windows).data<float>().ToArray(), model.Run(("input", windows.data<float>().ToArray(), windows.shape))["output"].Values, "dead channels");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void FeatureVectorBank_gives_the_same(bool isFitted)
    {
        manual_seed(8);
        using var bank = new FeatureVectorBank(24);
        using var first = randn(50, 24, 1) * 100 + 20;
        if (isFitted) bank.Fit(first);
        Parity.Holds(bank, [24, 1], 1, 5);
    }

    [Fact]
    public void The_banks_pass_the_full_check_with_the_shapes_that_were_written()
    {
        PythonOnnx.SkipUnlessThere();
        using var windows = new RandomConvolutionBank(9, 128);
        using var vectors = new FeatureVectorBank(24);
        foreach (var (bank, sample) in new (FrozenBank, long[])[] { (windows, [9, 128]), (vectors, [24, 1]) })
        {
            var read = PythonOnnx.Read(Parity.BackboneTranslatorsAdded().ToBytes(bank, ["batch", .. sample.Select(Edge.Trainer.Onnx.OnnxDim.Of)], "test", "0"), IndependentReaderTests.CheckScript);
            Assert.Equal("[]", read.GetProperty("wrong").GetRawText());
            Assert.True(read.GetProperty("known").GetBoolean());
            Assert.Equal($$"""{"output": ["batch", {{bank.FeatureLength}}]}""", read.GetProperty("outputs").GetRawText());
        }
    }
}
