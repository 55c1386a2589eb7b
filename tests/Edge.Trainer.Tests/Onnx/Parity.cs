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

    /// <summary>The same for a drawn module, whose batch may be another axis than the first. What comes back is the file.</summary>
    public static byte[] Holds(Drawn drawn, OnnxWriter writer, int seed, params int[] batchSizes)
    {
        var random = new Random(seed);
        var graph = new OnnxGraph("drawn");
        graph.Output("output", writer.Write(drawn.Module, graph.Input("input", drawn.InputShape, drawn.RowCount > 0 ? OnnxElement.Int64 : OnnxElement.Float32), graph));
        byte[] file = writer.FoldsBatchNorm ? Edge.Trainer.Onnx.Precision.OnnxBatchNorm.Fold(graph.ToBytes("test", "0")) : graph.ToBytes("test", "0");
        using var model = new OrtModel(file);
        drawn.Module.eval();
        foreach (int batch in batchSizes)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            long[] shape = [.. drawn.InputShape.Select(dim => dim.Size ?? batch)];
            using var input = drawn.RowCount > 0 ? randint(drawn.RowCount, shape, int64) : randn(shape) * (random.Next(3) == 0 ? 4 : 1);
            var expected = drawn.Forward(input);
            var (values, actualShape) = drawn.RowCount > 0 ? model.RunIndices(input.data<long>().ToArray(), shape) : model.Run(("input", input.data<float>().ToArray(), shape))["output"];
            string what = $"{drawn.Module.GetName()}, seed {seed}, a batch of {batch}";
            Assert.True(expected.shape.SequenceEqual(actualShape), $"{what}: [{string.Join(", ", expected.shape)}] became [{string.Join(", ", actualShape)}].");
            Close(expected.contiguous().data<float>().ToArray(), values, what);
        }

        return file;
    }

    /// <summary>A module with other numbers than it was created with: fresh normalisations have weight 1, bias 0, mean 0, variance 1, with which an export that mixes them up would still agree.</summary>
    public static T Shaken<T>(T module)
        where T : nn.Module
    {
        using var noGrad = no_grad();
        foreach (var (_, parameter) in module.named_parameters())
            if (parameter.ndim == 1) parameter.add_(randn_like(parameter) * 0.3);
        foreach (var (name, buffer) in module.named_buffers())
            if (name.EndsWith("running_mean", StringComparison.Ordinal)) buffer.copy_(randn_like(buffer));
            else if (name.EndsWith("running_var", StringComparison.Ordinal)) buffer.copy_(rand_like(buffer) + 0.5);
        return module;
    }

    public static void Close(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double scale = expected.Max(Math.Abs), worst = expected.Zip(actual, (e, a) => Math.Abs(e - (double)a)).Max();
        Assert.True(worst <= Tolerance * Math.Max(scale, 1e-30), $"{what}: off by {worst:g3} where the largest value is {scale:g3}; at most {Tolerance:g1} of it is allowed.");
    }

    public static OnnxWriter BackboneTranslatorsAdded() => Edge.Trainer.Rounds.BackboneTranslators.RegisterIn(new OnnxWriter());
}
