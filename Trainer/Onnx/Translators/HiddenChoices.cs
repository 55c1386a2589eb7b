using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Onnx.Translators;

/// <summary>
/// The number of heads and the activation of torch's attention modules. TorchSharp has no property for them: they are found by computing a few tokens with every possible choice, and taking the one that
/// agrees with the module. Where several agree, the tokens are made larger until they part; choices that never part compute the same, so the first is as good.
/// </summary>
internal static class HiddenChoices
{
    private const double Agreement = 1e-4; // Of the largest value: float32 rounding is far below, another number of heads far above.
    private const int TokenCount = 24;
    private static readonly double[] s_tokenSizes = [1, 8, 64];

    public static long HeadsOf(MultiheadAttention module, Dictionary<string, Tensor> weights, OnnxScope scope)
    {
        var choices = Divisors(weights["out_proj.weight"].shape[0]).Select(headCount => new Choice(headCount, IsGelu: false));
        return Find(
            module,
            x => module.call(x, x, x, null!, false, null!).Item1,
            (x, choice) => Attention(x, weights, "", choice.HeadCount),
            choices,
            weights["out_proj.weight"],
            scope).HeadCount;
    }

    public static Choice OfLayer(nn.Module module, Func<Tensor, Tensor> forward, Dictionary<string, Tensor> weights, string firstLayer, OnnxScope scope)
    {
        var choices = Divisors(weights[$"{firstLayer}self_attn.out_proj.weight"].shape[0]).SelectMany(headCount => new[] { new Choice(headCount, IsGelu: false), new Choice(headCount, IsGelu: true) });
        string[] layers = firstLayer.Length == 0
            ? [""]
            : [.. Enumerable.Range(0, weights.Count).Select(layer => $"layers.{layer}.").TakeWhile(prefix => weights.ContainsKey($"{prefix}linear1.weight"))];
        return Find(
            module,
            forward,
            (x, choice) => layers.Aggregate(x, (value, prefix) => Layer(value, weights, prefix, choice)),
            choices,
            weights[$"{firstLayer}self_attn.out_proj.weight"],
            scope);
    }

    private static Choice Find(nn.Module module, Func<Tensor, Tensor> forward, Func<Tensor, Choice, Tensor> compute, IEnumerable<Choice> choices, Tensor like, OnnxScope scope)
    {
        using var noGrad = no_grad();
        using var tensors = NewDisposeScope();
        bool training = module.training;
        module.eval();
        try
        {
            Choice[] left = [.. choices];
            foreach (double size in s_tokenSizes)
            {
                var tokens = Tokens(like.shape[0], size).to(like.device);
                var expected = forward(tokens);
                double allowed = Agreement * Math.Max(1, expected.abs().max().item<float>());
                left = [.. left.Where(choice => (compute(tokens, choice) - expected).abs().max().item<float>() <= allowed)];
                if (left.Length <= 1) break;
            }

            return left.Length > 0
                ? left[0]
                : throw scope.Refuse("no number of heads gives what it computes, so it has an option that is not known here (add_zero_attn, for example).", "Create it without that option, or register a translator for a module of your own.");
        }
        finally
        {
            module.train(training);
        }
    }

    private static Tensor Layer(Tensor x, Dictionary<string, Tensor> weights, string prefix, Choice choice)
    {
        var attended = Norm(x + Attention(x, weights, $"{prefix}self_attn.", choice.HeadCount), "norm1");
        var hidden = Linear("linear1", attended);
        return Norm(attended + Linear("linear2", choice.IsGelu ? nn.functional.gelu(hidden) : hidden.relu()), "norm2");

        Tensor Linear(string name, Tensor value) => nn.functional.linear(value, weights[$"{prefix}{name}.weight"], weights[$"{prefix}{name}.bias"]);
        Tensor Norm(Tensor value, string name) => nn.functional.layer_norm(value, [value.shape[^1]], weights[$"{prefix}{name}.weight"], weights[$"{prefix}{name}.bias"]);
    }

    private static Tensor Attention(Tensor x, Dictionary<string, Tensor> weights, string prefix, long headCount)
    {
        long tokens = x.shape[0], batch = x.shape[1], width = x.shape[2];
        var parts = nn.functional.linear(x, weights[$"{prefix}in_proj_weight"], weights.GetValueOrDefault($"{prefix}in_proj_bias"))
            .reshape(tokens, batch, 3, headCount, width / headCount).permute(2, 1, 3, 0, 4);
        var attention = (parts[0].matmul(parts[1].transpose(2, 3)) / Math.Sqrt((double)width / headCount)).softmax(3);
        var found = attention.matmul(parts[2]).permute(2, 0, 1, 3).reshape(tokens, batch, width);
        return nn.functional.linear(found, weights[$"{prefix}out_proj.weight"], weights.GetValueOrDefault($"{prefix}out_proj.bias"));
    }

    // Without torch's generator, whose state an export must not change: the fractional parts of k² φ spread evenly and repeat nowhere.
    private static Tensor Tokens(long width, double size)
    {
        const double goldenRatio = 0.6180339887498949;
        double[] values = new double[TokenCount * width];
        for (long k = 0; k < values.Length; k++) values[k] = size * (4 * (k * k * goldenRatio % 1) - 2);
        return tensor([.. values.Select(value => (float)value)], [TokenCount, 1, width]);
    }

    private static IEnumerable<long> Divisors(long width) => Enumerable.Range(1, (int)width).Select(i => (long)i).Where(i => width % i == 0);

    /// <summary>What TorchSharp does not tell of an encoder layer; of attention alone the activation means nothing.</summary>
    public readonly record struct Choice(long HeadCount, bool IsGelu);
}
