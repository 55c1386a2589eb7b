using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>
/// GRU and LSTM from a state of zeros: [tokens, batch, features] (or [batch, tokens, features] where the module was created so) to the states of the last layer at every step, both directions side by
/// side. The two conventions differ in three things: ONNX stacks the gates as z, r, h and i, o, f, c where torch has r, z, n and i, f, g, o; torch's GRU resets the product of state and weights, not the
/// state (linear_before_reset); and directions are an axis of their own in ONNX.
/// </summary>
internal static class Recurrents
{
    private static readonly long[] s_gruGates = [1, 0, 2];
    private static readonly long[] s_lstmGates = [0, 3, 1, 2];

    public static void RegisterIn(OnnxWriter writer) => writer
        .Register<GRU>((module, input, scope) => Write("GRU", module, IsBatchFirst(module), s_gruGates, input, scope))
        .Register<LSTM>((module, input, scope) => Write("LSTM", module, IsBatchFirst(module), s_lstmGates, input, scope));

    private static OnnxValue Write(string operation, nn.Module module, bool batchFirst, long[] gates, OnnxValue input, OnnxScope scope)
    {
        var weights = module.named_parameters().ToDictionary(pair => pair.name, pair => (Tensor)pair.parameter);
        long featureCount = weights["weight_ih_l0"].shape[1];
        if (input.Rank != 3 || input.Shape[2].Size != featureCount)
            throw scope.Refuse($"it takes three axes, the last of {featureCount} features, and gets [{string.Join(", ", input.Shape)}].", "Make its inputSize that of what comes before it.");
        var value = batchFirst ? scope.Transpose(input, 1, 0, 2) : input;
        for (int layer = 0; weights.ContainsKey($"weight_ih_l{layer}"); layer++) value = WriteLayer(operation, weights, layer, gates, value, scope);
        return batchFirst ? scope.Transpose(value, 1, 0, 2) : value;
    }

    private static OnnxValue WriteLayer(string operation, Dictionary<string, Tensor> weights, int layer, long[] gates, OnnxValue input, OnnxScope scope)
    {
        using var noGrad = no_grad();
        using var tensors = NewDisposeScope();
        string[] ends = weights.ContainsKey($"weight_ih_l{layer}_reverse") ? [$"_l{layer}", $"_l{layer}_reverse"] : [$"_l{layer}"];
        bool hasBias = weights.ContainsKey($"bias_ih_l{layer}");
        long stateLength = weights[$"weight_hh_l{layer}"].shape[1];

        Tensor InOrder(string name) => cat([.. gates.Select(gate => weights[name].narrow(0, gate * stateLength, stateLength))], 0);
        var onInput = scope.Weight($"weight_ih_l{layer}", stack([.. ends.Select(end => InOrder($"weight_ih{end}"))]));
        var onState = scope.Weight($"weight_hh_l{layer}", stack([.. ends.Select(end => InOrder($"weight_hh{end}"))]));
        var bias = hasBias ? scope.Weight($"bias_l{layer}", stack([.. ends.Select(end => cat([InOrder($"bias_ih{end}"), InOrder($"bias_hh{end}")], 0))])) : null;

        List<OnnxAttribute> attributes = [new OnnxAttribute("direction", ends.Length == 2 ? "bidirectional" : "forward"), new OnnxAttribute("hidden_size", stateLength)];
        if (operation == "GRU") attributes.Add(new OnnxAttribute("linear_before_reset", 1));
        OnnxDim tokens = input.Shape[0], batch = input.Shape[1];
        var states = scope.Node(operation, bias is null ? [input, onInput, onState] : [input, onInput, onState, bias], [tokens, ends.Length, batch, stateLength], [.. attributes]);
        if (ends.Length == 1) return scope.Node("Squeeze", [states, scope.Constant("direction", [1])], [tokens, batch, stateLength]);
        return scope.Reshape(scope.Transpose(states, 0, 2, 1, 3), tokens, batch, 2 * stateLength);
    }

    // TorchSharp keeps the order of the axes to itself. Reading the field is exact; the shapes of an output would tell too, at the price of a forward pass.
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_batch_first")]
    private static extern ref bool BatchFirstOf(GRU module);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_batch_first")]
    private static extern ref bool BatchFirstOf(LSTM module);

    private static bool IsBatchFirst(GRU module) => BatchFirstOf(module);

    private static bool IsBatchFirst(LSTM module) => BatchFirstOf(module);
}
