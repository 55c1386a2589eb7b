using TorchSharp.Modules;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>Functions of one element.</summary>
internal static class Activations
{
    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<ReLU>((_, input, scope) => scope.Node("Relu", [input], input.Shape))
        .Register<Tanh>((_, input, scope) => scope.Node("Tanh", [input], input.Shape))
        .Register<Sigmoid>((_, input, scope) => scope.Node("Sigmoid", [input], input.Shape))
        .Register<SiLU>(WriteSiLU)
        .Register<GELU>((module, input, scope) => module.approximate == GELU.Approximate.tanh ? WriteTanhGELU(input, scope) : WriteErfGELU(input, scope));

    // x σ(x)
    private static OnnxValue WriteSiLU(SiLU module, OnnxValue x, OnnxScope scope) =>
        scope.Node("Mul", [x, scope.Node("Sigmoid", [x], x.Shape)], x.Shape);

    // x/2 (1 + erf(x/√2)): Hendrycks and Gimpel 2016, equation in section 2. In this order of operations ONNX Runtime recognises it and runs one kernel.
    private static OnnxValue WriteErfGELU(OnnxValue x, OnnxScope scope)
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
}
