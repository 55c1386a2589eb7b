using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>Products with a matrix of weights: Linear, and Embedding, which picks rows of one.</summary>
internal static class Linears
{
    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<Linear>(WriteLinear)
        .Register<Embedding>(WriteEmbedding);

    private static OnnxValue WriteLinear(Linear module, OnnxValue input, OnnxScope scope)
    {
        if (input.Rank < 2 || input.Shape[^1].Size != module.in_features)
            throw scope.Refuse($"it takes [batch, …, {module.in_features}] and gets [{string.Join(", ", input.Shape)}].", "Make the module before it put out that many features.");

        OnnxDim[] shape = [.. input.Shape.SkipLast(1), module.out_features];
        if (input.Rank == 2)
        {
            OnnxValue weight = scope.Weight("weight", module.weight);
            return module.bias is null
                ? scope.Node("Gemm", [input, weight], shape, new OnnxAttribute("transB", 1))
                : scope.Node("Gemm", [input, weight, scope.Weight("bias", module.bias)], shape, new OnnxAttribute("transB", 1));
        }

        // Gemm is for matrices; over more axes it is a MatMul with the weight stored as [in, out].
        using var transposed = module.weight.t();
        var product = scope.Node("MatMul", [input, scope.Weight("weight", transposed)], shape);
        return module.bias is null ? product : scope.Node("Add", [product, scope.Weight("bias", module.bias)], shape);
    }

    private static OnnxValue WriteEmbedding(Embedding module, OnnxValue input, OnnxScope scope)
    {
        if (input.Element != OnnxElement.Int64) throw scope.Refuse($"it takes Int64 row numbers and gets {input.Element}.", "Give the graph's input the element type Int64.");
        using var noGrad = no_grad();
        using var inner = NewDisposeScope();
        var weight = module.weight!;

        // max_norm cannot be asked for; it shortens the rows that are looked up, in place, so it shows when all are.
        using var before = weight.detach().clone();
        using var rows = arange(weight.shape[0], int64, weight.device);
        bool unchanged = module.forward(rows).equal(before).all().item<bool>();
        weight.copy_(before);
        if (!unchanged) throw scope.Refuse("its max_norm shortens rows when they are looked up.", "Look up every row once before the export, or create it without max_norm.");
        return scope.Node("Gather", [scope.Weight("weight", weight), input], [.. input.Shape, weight.shape[1]], new OnnxAttribute("axis", 0));
    }
}
