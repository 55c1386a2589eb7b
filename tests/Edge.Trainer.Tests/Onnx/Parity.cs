using Edge.Trainer.Onnx;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>
/// Compares ONNX Runtime with TorchSharp. The error is relative to the largest magnitude of the expected tensor: a value that cancels to nearly zero carries the rounding of its large summands, so an
/// error relative to itself would measure the cancellation, not the export.
/// </summary>
internal static class Parity
{
    public const double Tolerance = 1e-5;

    public static void Holds(nn.Module<Tensor, Tensor> module, long[] sampleShape, params int[] batchSizes)
    {
        byte[] file = BackboneTranslatorsAdded().ToBytes(module, ["batch", .. sampleShape.Select(OnnxDim.Of)], "test", "0");
        using var model = new OrtModel(file);
        module.eval();
        foreach (int batch in batchSizes)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            var input = randn([batch, .. sampleShape]);
            var expected = module.forward(input);
            var (values, shape) = model.Run(("input", input.data<float>().ToArray(), input.shape))["output"];
            Assert.Equal(expected.shape, shape);
            Close(expected.contiguous().data<float>().ToArray(), values, $"{module.GetName()} with a batch of {batch}");
        }
    }

    public static void Close(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(Math.Abs), worst = expected.Zip(actual, (e, a) => Math.Abs(e - (double)a)).Max();
        Assert.True(worst <= Tolerance * Math.Max(scale, 1e-30), $"{what}: off by {worst:g3} where the largest value is {scale:g3}; at most {Tolerance:g1} of it is allowed.");
    }

    public static OnnxWriter BackboneTranslatorsAdded() => Edge.Trainer.Rounds.BackboneTranslators.RegisterIn(new OnnxWriter());
}
