using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>
/// torch's attention and encoder layers: [tokens, batch, width] to the same shape, attention of every token to every token (Vaswani et al. 2017, sections 3.1 and 3.2), normalisation after each sum.
/// Masks are arguments of a call, so none is written. What TorchSharp does not tell, the number of heads and the activation, <see cref="HiddenChoices"/> finds.
/// </summary>
internal static class Transformers
{
    private const float NormEpsilon = 1e-5f; // Of the layer normalisations in libtorch's encoder layer, where it cannot be chosen.

    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<MultiheadAttention>(WriteAttentionAlone)
        .Register<TransformerEncoderLayer>((module, input, scope) =>
        {
            var weights = WeightsOf(module);
            return WriteLayer(weights, "", HiddenChoices.OfLayer(module, module.forward, weights, "", scope), input, scope);
        })
        .Register<TransformerEncoder>(WriteEncoder);

    private static OnnxValue WriteAttentionAlone(MultiheadAttention module, OnnxValue input, OnnxScope scope)
    {
        var weights = WeightsOf(module);
        if (!weights.ContainsKey("in_proj_weight"))
            throw scope.Refuse("its keys or values have a width of their own (kdim, vdim), and as a module with one input it attends to that input itself.", "Create it without kdim and vdim.");
        if (weights.ContainsKey("bias_k")) throw scope.Refuse("it adds a learned token to keys and values (add_bias_kv).", "Create it without add_bias_kv.");
        long headCount = HiddenChoices.HeadsOf(module, weights, scope);
        CheckInput(weights, "", input, scope);
        return WriteAttention(weights, "", headCount, input, scope);
    }

    private static OnnxValue WriteEncoder(TransformerEncoder module, OnnxValue input, OnnxScope scope)
    {
        var weights = WeightsOf(module);
        var choice = HiddenChoices.OfLayer(module, x => module.forward(x, null!, null!), weights, "layers.0.", scope);
        var value = input;
        for (int layer = 0; weights.ContainsKey($"layers.{layer}.linear1.weight"); layer++) value = WriteLayer(weights, $"layers.{layer}.", choice, value, scope);
        return value;
    }

    private static OnnxValue WriteLayer(Dictionary<string, Tensor> weights, string prefix, HiddenChoices.Choice choice, OnnxValue input, OnnxScope scope)
    {
        CheckInput(weights, $"{prefix}self_attn.", input, scope);
        var attended = WriteNorm(weights, $"{prefix}norm1", scope.Add(input, WriteAttention(weights, $"{prefix}self_attn.", choice.HeadCount, input, scope)), scope);
        var hidden = WriteLinear(weights, $"{prefix}linear1", attended, scope);
        hidden = choice.IsGelu ? Activations.WriteErfGELU(hidden, scope) : scope.Node("Relu", [hidden], hidden.Shape);
        return WriteNorm(weights, $"{prefix}norm2", scope.Add(attended, WriteLinear(weights, $"{prefix}linear2", hidden, scope)), scope);
    }

    private static OnnxValue WriteAttention(Dictionary<string, Tensor> weights, string prefix, long headCount, OnnxValue input, OnnxScope scope)
    {
        OnnxDim tokens = input.Shape[0], batch = input.Shape[1];
        long width = weights[$"{prefix}out_proj.weight"].shape[0], headWidth = width / headCount;
        var query = scope.Scale(ByHead(0), 1 / MathF.Sqrt(headWidth));
        var attention = scope.Softmax(scope.MatMul(query, scope.Transpose(ByHead(1), 0, 1, 3, 2)), -1);
        var found = scope.Reshape(scope.Transpose(scope.MatMul(attention, ByHead(2)), 2, 0, 1, 3), tokens, batch, width);
        return WriteLinear(weights, $"{prefix}out_proj", found, scope);

        // Queries, keys and values lie one below the other in one matrix: [tokens, batch, width] to [batch, heads, tokens, width / heads].
        OnnxValue ByHead(int part)
        {
            string name = $"{prefix}in_proj_{"qkv"[part]}";
            using var rows = weights[$"{prefix}in_proj_weight"].narrow(0, part * width, width);
            using var bias = weights.TryGetValue($"{prefix}in_proj_bias", out var all) ? all.narrow(0, part * width, width) : null;
            var projected = WriteProduct(name, rows, bias, input, scope);
            return scope.Transpose(scope.Reshape(projected, tokens, batch, headCount, headWidth), 1, 2, 0, 3);
        }
    }

    private static OnnxValue WriteLinear(Dictionary<string, Tensor> weights, string name, OnnxValue input, OnnxScope scope) =>
        WriteProduct(name, weights[$"{name}.weight"], weights.GetValueOrDefault($"{name}.bias"), input, scope);

    private static OnnxValue WriteProduct(string name, Tensor weight, Tensor? bias, OnnxValue input, OnnxScope scope)
    {
        using var transposed = weight.t();
        var product = scope.MatMul(input, scope.Weight($"{name}.weight", transposed));
        return bias is null ? product : scope.Add(product, scope.Weight($"{name}.bias", bias));
    }

    private static OnnxValue WriteNorm(Dictionary<string, Tensor> weights, string name, OnnxValue input, OnnxScope scope) => scope.Node(
        "LayerNormalization",
        [input, scope.Weight($"{name}.weight", weights[$"{name}.weight"]), scope.Weight($"{name}.bias", weights[$"{name}.bias"])],
        input.Shape,
        new OnnxAttribute("axis", -1),
        new OnnxAttribute("epsilon", NormEpsilon));

    private static void CheckInput(Dictionary<string, Tensor> weights, string prefix, OnnxValue input, OnnxScope scope)
    {
        long width = weights[$"{prefix}out_proj.weight"].shape[0];
        if (input.Rank != 3 || input.Shape[2].Size != width)
            throw scope.Refuse($"it takes [tokens, batch, {width}] and gets [{string.Join(", ", input.Shape)}].", "Put the tokens first, and make its width that of what comes before it.");
    }

    private static Dictionary<string, Tensor> WeightsOf(nn.Module module) => module.named_parameters().ToDictionary(pair => pair.name, pair => (Tensor)pair.parameter);
}
