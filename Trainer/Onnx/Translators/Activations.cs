using TorchSharp.Modules;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>Functions of one element, and the softmax over one axis.</summary>
internal static class Activations
{
    // torch computes softplus as x above a threshold. From here on the two differ by less than float32 can tell: log(1 + e^-17) = 4e-8, half a unit in the last place of 0.5 of 17.
    private const double ThresholdThatShows = 17;

    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<ReLU>((_, input, scope) => scope.Node("Relu", [input], input.Shape))
        .Register<ReLU6>((_, input, scope) => WriteClip(input, 0, 6, scope))
        .Register<LeakyReLU>((module, input, scope) => scope.Node("LeakyRelu", [input], input.Shape, new OnnxAttribute("alpha", (float)module.negative_slope)))
        .Register<PReLU>(WritePReLU)
        .Register<ELU>((module, input, scope) => scope.Node("Elu", [input], input.Shape, new OnnxAttribute("alpha", (float)module.alpha)))
        .Register<CELU>((module, input, scope) => scope.Node("Celu", [input], input.Shape, new OnnxAttribute("alpha", (float)module.alpha)))
        .Register<SELU>((_, input, scope) => scope.Node("Selu", [input], input.Shape))
        .Register<Tanh>((_, input, scope) => scope.Node("Tanh", [input], input.Shape))
        .Register<Sigmoid>((_, input, scope) => scope.Node("Sigmoid", [input], input.Shape))
        .Register<Hardsigmoid>((_, input, scope) => scope.Node("HardSigmoid", [input], input.Shape, new OnnxAttribute("alpha", 1 / 6f), new OnnxAttribute("beta", 0.5f)))
        .Register<Hardswish>((_, input, scope) => scope.Node("HardSwish", [input], input.Shape))
        .Register<Softsign>((_, input, scope) => scope.Node("Softsign", [input], input.Shape))
        .Register<Softplus>(WriteSoftplus)
        .Register<Mish>((_, x, scope) => scope.Multiply(x, scope.Node("Tanh", [scope.Node("Softplus", [x], x.Shape)], x.Shape)))
        .Register<SiLU>((_, x, scope) => scope.Multiply(x, scope.Node("Sigmoid", [x], x.Shape)))
        .Register<GELU>((module, input, scope) => module.approximate == GELU.Approximate.tanh ? WriteTanhGELU(input, scope) : WriteErfGELU(input, scope))
        .Register<Softmax>((module, input, scope) => scope.Node("Softmax", [input], input.Shape, new OnnxAttribute("axis", OnnxOperations.AxisOf(input, module.dim, scope))))
        .Register<LogSoftmax>((module, input, scope) => scope.Node("LogSoftmax", [input], input.Shape, new OnnxAttribute("axis", OnnxOperations.AxisOf(input, module.dim, scope))));

    // x/2 (1 + erf(x/√2)): Hendrycks and Gimpel 2016, equation in section 2. In this order of operations ONNX Runtime recognises it and runs one kernel.
    internal static OnnxValue WriteErfGELU(OnnxValue x, OnnxScope scope)
    {
        var scaled = scope.Node("Div", [x, scope.Constant("sqrt2", [MathF.Sqrt(2)])], x.Shape);
        var erf = scope.Node("Erf", [scaled], x.Shape);
        var sum = scope.Node("Add", [erf, scope.Constant("one", [1f])], x.Shape);
        return scope.Node("Mul", [scope.Node("Mul", [x, sum], x.Shape), scope.Constant("half", [0.5f])], x.Shape);
    }

    // x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))): the approximation of the same section.
    private static OnnxValue WriteTanhGELU(OnnxValue x, OnnxScope scope)
    {
        var cube = scope.Node("Mul", [scope.Node("Mul", [x, x], x.Shape), x], x.Shape);
        var inner = scope.Node("Add", [x, scope.Node("Mul", [cube, scope.Constant("cubeFactor", [0.044715f])], x.Shape)], x.Shape);
        var tanh = scope.Node("Tanh", [scope.Node("Mul", [inner, scope.Constant("sqrt2OverPi", [MathF.Sqrt(2 / MathF.PI)])], x.Shape)], x.Shape);
        var sum = scope.Node("Add", [tanh, scope.Constant("one", [1f])], x.Shape);
        return scope.Node("Mul", [scope.Node("Mul", [x, sum], x.Shape), scope.Constant("half", [0.5f])], x.Shape);
    }

    private static OnnxValue WriteClip(OnnxValue input, float least, float most, OnnxScope scope) =>
        scope.Node("Clip", [input, scope.Constant("min", [least]), scope.Constant("max", [most])], input.Shape);

    // One slope for all, or one for each channel of axis 1, to which the slopes are aligned: [channels, 1, …].
    private static OnnxValue WritePReLU(PReLU module, OnnxValue input, OnnxScope scope)
    {
        long count = module.weight.shape[0];
        if (count == 1) return scope.Node("PRelu", [input, scope.Weight("weight", module.weight)], input.Shape);
        if (input.Rank < 2 || input.Shape[1].Size != count)
            throw scope.Refuse($"it has {count} slopes and gets [{string.Join(", ", input.Shape)}].", "Make its num_parameters 1 or the number of channels before it.");
        long[] aligned = new long[input.Rank - 1];
        Array.Fill(aligned, 1);
        aligned[0] = count;
        using var slopes = module.weight.reshape(aligned);
        return scope.Node("PRelu", [input, scope.Weight("weight", slopes)], input.Shape);
    }

    // softplus(β x) / β where β x is at most the threshold, else x.
    private static OnnxValue WriteSoftplus(Softplus module, OnnxValue x, OnnxScope scope)
    {
        var sharpened = module.beta == 1 ? x : scope.Scale(x, (float)module.beta);
        var soft = scope.Node("Softplus", [sharpened], x.Shape);
        if (module.beta != 1) soft = scope.Scale(soft, (float)(1 / module.beta));
        if (module.threshold >= ThresholdThatShows) return soft;
        var above = scope.Node("Greater", OnnxElement.Bool, 0, [sharpened, scope.Constant("threshold", [(float)module.threshold])], x.Shape);
        return scope.Node("Where", [above, x, soft], x.Shape);
    }
}
