using Edge.Trainer.Onnx;
using Edge.Trainer.Onnx.Precision;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Tests.Onnx;

// The C# of Trainer/Onnx/README.md, which a test compares with this file.
internal sealed class Residual : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> inner;

    public Residual(Module<Tensor, Tensor> inner)
        : base(nameof(Residual))
    {
        this.inner = inner;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => input + inner.forward(input);

    public static OnnxValue Write(Residual module, OnnxValue input, OnnxScope scope)
    {
        var inner = scope.Write("inner", module.inner, input);
        if (!inner.Shape.SequenceEqual(input.Shape)) throw scope.Refuse($"{input} becomes {inner}.", "Make the inner module keep the shape.");
        return scope.Add(input, inner);
    }
}

internal static class ReadmeExample
{
    public static byte[] Export()
    {
        var network = Sequential(("first", Conv1d(9, 32, 5, padding: 2)), ("around", new Residual(Conv1d(32, 32, 3, padding: 1))));
        var writer = new OnnxWriter().Register<Residual>(Residual.Write);
        return writer.ToBytes(network, ["batch", 9, 128], "my program", "1.0");
    }

    public static byte[] Quantise(byte[] file, Func<byte[], IEnumerable<(string Output, float[] Values)>> runOverExamples)
    {
        var calibration = OnnxInt8.CalibrationGraph(file);
        var observers = calibration.ValueOfOutput.Values.ToDictionary(value => value, _ => new OnnxRangeObserver());
        foreach (var (output, values) in runOverExamples(calibration.File)) observers[calibration.ValueOfOutput[output]].Observe(values);
        return OnnxInt8.Quantise(file, observers.ToDictionary(pair => pair.Key, pair => pair.Value.Central(0.9999)));
    }
}
