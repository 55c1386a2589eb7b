using Edge.Trainer.Onnx;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>A module with what it takes.</summary>
/// <param name="Module">The module.</param>
/// <param name="Forward">What it computes.</param>
/// <param name="InputShape">Shape of its input; the batch is the axis without a size.</param>
/// <param name="RowCount">Above 0: its input are int64 numbers below this one.</param>
internal sealed record Drawn(nn.Module Module, Func<Tensor, Tensor> Forward, OnnxDim[] InputShape, int RowCount = 0)
{
    public Drawn(Module<Tensor, Tensor> module, params long[] sample)
        : this(module, module.forward, ["batch", .. sample.Select(OnnxDim.Of)])
    {
    }
}

/// <summary>A random configuration of every module of TorchSharp that the writer knows, by name, with a small input for it. Weights come from torch's generator.</summary>
internal static class ModuleDraws
{
    private static readonly PaddingModes[] s_paddingModes = [PaddingModes.Zeros, PaddingModes.Zeros, PaddingModes.Reflect, PaddingModes.Replicate, PaddingModes.Circular];

    public static SortedDictionary<string, Func<Random, Drawn>> All { get; } = new(StringComparer.Ordinal)
    {
        [nameof(Conv1d)] = DrawConv1d,
        [nameof(Conv2d)] = DrawConv2d,
        [nameof(ConvTranspose1d)] = r =>
        {
            int groups = r.Next(1, 4), stride = r.Next(1, 4), dilation = r.Next(1, 3), kernel = r.Next(1, 5);
            var module = ConvTranspose1d(groups * r.Next(1, 3), groups * r.Next(1, 3), kernel, stride, padding: r.Next(0, kernel), output_padding: r.Next(0, Math.Max(stride, dilation)), dilation, groups: groups, bias: Coin(r));
            return new Drawn(module, module.in_channels, r.Next(8, 20));
        },
        [nameof(ConvTranspose2d)] = r =>
        {
            int groups = r.Next(1, 3), strideHigh = r.Next(1, 4), strideWide = r.Next(1, 4), outPadding = r.Next(0, Math.Min(strideHigh, strideWide));
            var module = ConvTranspose2d(
                groups * r.Next(1, 3), groups * r.Next(1, 3), (r.Next(2, 4), r.Next(1, 5)), (strideHigh, strideWide), padding: (r.Next(0, 2), 0), output_padding: (outPadding, outPadding), groups: groups, bias: Coin(r));
            return new Drawn(module, module.in_channels, r.Next(4, 9), r.Next(4, 9));
        },
        [nameof(Linear)] = r => new Drawn(Linear(7, r.Next(1, 9), hasBias: Coin(r)), [.. Axes(r, 0, 2), 7]),
        [nameof(Embedding)] = r =>
        {
            int rows = r.Next(2, 9);
            var module = Embedding(rows, r.Next(1, 6), padding_idx: Coin(r) ? 1 : null);
            return new Drawn(module, module.forward, ["batch", .. Axes(r, 0, 2).Select(OnnxDim.Of)], rows);
        },
        [nameof(BatchNorm1d)] = r => new Drawn(Parity.Shaken(BatchNorm1d(5, eps: Epsilon(r), affine: Coin(r))), [5, .. Axes(r, 0, 1)]),
        [nameof(BatchNorm2d)] = r => new Drawn(Parity.Shaken(BatchNorm2d(5, eps: Epsilon(r), affine: Coin(r))), [5, .. Axes(r, 2, 2)]),
        [nameof(LayerNorm)] = r =>
        {
            long[] sizes = Axes(r, 1, 3);
            return new Drawn(Parity.Shaken(LayerNorm(sizes, Epsilon(r), elementwise_affine: Coin(r), bias: Coin(r))), [.. Axes(r, 0, 1), .. sizes]);
        },
        [nameof(GroupNorm)] = r =>
        {
            int groups = r.Next(1, 4), channels = groups * r.Next(1, 4);
            return new Drawn(Parity.Shaken(Initialised(GroupNorm(groups, channels, Epsilon(r), affine: Coin(r)))), [channels, .. Axes(r, 1, 2)]);
        },
        [nameof(InstanceNorm1d)] = r => new Drawn(Parity.Shaken(InstanceNorm1d(4, Epsilon(r), affine: Coin(r), track_running_stats: Coin(r))), [4, .. Axes(r, 1, 1)]),
        [nameof(InstanceNorm2d)] = r => new Drawn(Parity.Shaken(InstanceNorm2d(4, Epsilon(r), affine: Coin(r), track_running_stats: Coin(r))), [4, .. Axes(r, 2, 2)]),
        [nameof(ReLU)] = r => new Drawn(ReLU(), Axes(r, 1, 3)),
        [nameof(ReLU6)] = r => new Drawn(ReLU6(), Axes(r, 1, 3)),
        [nameof(LeakyReLU)] = r => new Drawn(LeakyReLU(r.NextDouble()), Axes(r, 1, 3)),
        [nameof(PReLU)] = r => new Drawn(Parity.Shaken(PReLU(Coin(r) ? 1 : 5)), [5, .. Axes(r, 0, 2)]),
        [nameof(ELU)] = r => new Drawn(ELU(r.NextDouble() + 0.1), Axes(r, 1, 3)),
        [nameof(CELU)] = r => new Drawn(CELU(r.NextDouble() + 0.1), Axes(r, 1, 3)),
        [nameof(SELU)] = r => new Drawn(SELU(), Axes(r, 1, 3)),
        [nameof(Tanh)] = r => new Drawn(Tanh(), Axes(r, 1, 3)),
        [nameof(Sigmoid)] = r => new Drawn(Sigmoid(), Axes(r, 1, 3)),
        [nameof(Hardsigmoid)] = r => new Drawn(Hardsigmoid(), Axes(r, 1, 3)),
        [nameof(Hardswish)] = r => new Drawn(Hardswish(), Axes(r, 1, 3)),
        [nameof(Softsign)] = r => new Drawn(Softsign(), Axes(r, 1, 3)),
        [nameof(Softplus)] = r => new Drawn(Softplus(Coin(r) ? 1 : r.NextDouble() + 0.5, Coin(r) ? 20 : r.Next(1, 4)), Axes(r, 1, 3)),
        [nameof(Mish)] = r => new Drawn(Mish(), Axes(r, 1, 3)),
        [nameof(SiLU)] = r => new Drawn(SiLU(), Axes(r, 1, 3)),
        [nameof(GELU)] = r => new Drawn(GELU(Coin(r) ? TorchSharp.Modules.GELU.Approximate.none : TorchSharp.Modules.GELU.Approximate.tanh), Axes(r, 1, 3)),
        [nameof(Softmax)] = r => new Drawn(Softmax(Coin(r) ? -1 : 1), Axes(r, 1, 3)),
        [nameof(LogSoftmax)] = r => new Drawn(LogSoftmax(Coin(r) ? -1 : 1), Axes(r, 1, 3)),
        [nameof(MaxPool1d)] = r =>
        {
            int kernel = r.Next(1, 6);
            return new Drawn(MaxPool1d(kernel, Coin(r) ? null : r.Next(1, 5), r.Next(0, kernel / 2 + 1), r.Next(1, 5), Coin(r)), 3, r.Next(20, 40));
        },
        [nameof(MaxPool2d)] = r =>
        {
            int high = r.Next(1, 4), wide = r.Next(1, 4);
            return new Drawn(
                MaxPool2d((high, wide), Coin(r) ? null : (r.Next(1, 4), r.Next(1, 4)), (r.Next(0, high / 2 + 1), r.Next(0, wide / 2 + 1)), (r.Next(1, 4), r.Next(1, 4)), Coin(r)), 2, r.Next(9, 14), r.Next(9, 14));
        },
        [nameof(AvgPool1d)] = r =>
        {
            int kernel = r.Next(1, 6);
            return new Drawn(AvgPool1d(kernel, Coin(r) ? null : r.Next(1, 5), r.Next(0, kernel / 2 + 1), Coin(r), Coin(r)), 3, r.Next(20, 40));
        },
        [nameof(AvgPool2d)] = r =>
        {
            int high = r.Next(1, 4), wide = r.Next(1, 4);
            return new Drawn(
                AvgPool2d((high, wide), Coin(r) ? null : (r.Next(1, 4), r.Next(1, 4)), (r.Next(0, high / 2 + 1), r.Next(0, wide / 2 + 1)), Coin(r), Coin(r), r.Next(3) == 0 ? r.Next(1, 9) : null), 2, r.Next(9, 14), r.Next(9, 14));
        },
        [nameof(AdaptiveAvgPool1d)] = r => new Drawn(AdaptiveAvgPool1d(r.Next(1, 14)), 3, Coin(r) ? 12 : r.Next(5, 30)),
        [nameof(AdaptiveAvgPool2d)] = r => new Drawn(AdaptiveAvgPool2d((r.Next(1, 7), r.Next(1, 7))), 2, Coin(r) ? 12 : r.Next(5, 12), Coin(r) ? 12 : r.Next(5, 12)),
        [nameof(AdaptiveMaxPool1d)] = r => new Drawn(AdaptiveMaxPool1d(r.Next(1, 14)), 3, Coin(r) ? 12 : r.Next(5, 30)),
        [nameof(AdaptiveMaxPool2d)] = r => new Drawn(AdaptiveMaxPool2d([r.Next(1, 7), r.Next(1, 7)]), 2, Coin(r) ? 12 : r.Next(5, 12), Coin(r) ? 12 : r.Next(5, 12)),
        [nameof(GRU)] = r =>
        {
            bool batchFirst = Coin(r);
            var module = GRU(5, r.Next(1, 8), r.Next(1, 4), bias: Coin(r), batchFirst: batchFirst, dropout: 0.5, bidirectional: Coin(r));
            return new Drawn(module, x => module.call(x, null!).Item1, Tokens(r, batchFirst, 5));
        },
        [nameof(LSTM)] = r =>
        {
            bool batchFirst = Coin(r);
            var module = LSTM(5, r.Next(1, 8), r.Next(1, 4), bias: Coin(r), batchFirst: batchFirst, dropout: 0.5, bidirectional: Coin(r));
            return new Drawn(module, x => module.call(x, null).Item1, Tokens(r, batchFirst, 5));
        },
        [nameof(MultiheadAttention)] = r =>
        {
            int heads = 1 << r.Next(0, 3), width = heads * r.Next(1, 5);
            var module = Parity.Shaken(MultiheadAttention(width, heads, dropout: 0.5, bias: Coin(r)));
            return new Drawn(module, x => module.call(x, x, x, null!, false, null!).Item1, Tokens(r, false, width));
        },
        [nameof(TransformerEncoderLayer)] = r =>
        {
            var (module, width) = DrawLayer(r);
            return new Drawn(module, module.forward, Tokens(r, false, width));
        },
        [nameof(TransformerEncoder)] = r =>
        {
            var (layer, width) = DrawLayer(r);
            var module = Parity.Shaken(TransformerEncoder(layer, r.Next(1, 4)));
            return new Drawn(module, x => module.forward(x, null!, null!), Tokens(r, false, width));
        },
        [nameof(Dropout)] = r => new Drawn(Dropout(0.5), Axes(r, 1, 3)),
        [nameof(Dropout1d)] = r => new Drawn(Dropout1d(0.5), Axes(r, 2, 2)),
        [nameof(Dropout2d)] = r => new Drawn(Dropout2d(0.5), Axes(r, 3, 3)),
        [nameof(AlphaDropout)] = r => new Drawn(AlphaDropout(0.5), Axes(r, 1, 3)),
        [nameof(Identity)] = r => new Drawn(Identity(), Axes(r, 1, 3)),
        [nameof(Flatten)] = r => new Drawn(Flatten(r.Next(1, 3), Coin(r) ? -1 : 2), Axes(r, 3, 3)),
        [nameof(Unflatten)] = r => new Drawn(Unflatten(2, Coin(r) ? [2, 3] : [3, -1, 1]), [.. Axes(r, 1, 1), 6]),
        [nameof(Sequential)] = r => new Drawn(Sequential(("a", Linear(6, r.Next(1, 5))), ("b", Sequential(("c", ReLU())))), 6),
    };

    public static bool Coin(Random random) => random.Next(2) == 0;

    /// <summary>TorchSharp 0.107 leaves the weights of a new GroupNorm as they lie in memory.</summary>
    public static GroupNorm Initialised(GroupNorm module)
    {
        using var noGrad = no_grad();
        module.weight?.fill_(1);
        module.bias?.fill_(0);
        return module;
    }

    private static double Epsilon(Random random) => Coin(random) ? 1e-5 : 1e-2;

    private static long[] Axes(Random random, int fewest, int most) => [.. Enumerable.Range(0, random.Next(fewest, most + 1)).Select(_ => (long)random.Next(2, 9))];

    private static OnnxDim[] Tokens(Random random, bool batchFirst, long width) => batchFirst ? ["batch", random.Next(1, 12), width] : [random.Next(1, 12), "batch", width];

    private static (TransformerEncoderLayer Layer, long Width) DrawLayer(Random random)
    {
        int heads = 1 << random.Next(0, 3), width = heads * random.Next(heads == 1 ? 3 : 2, 6);
        return (Parity.Shaken(TransformerEncoderLayer(width, heads, random.Next(3, 20), 0.5, Coin(random) ? nn.Activations.ReLU : nn.Activations.GELU)), width);
    }

    private static Drawn DrawConv1d(Random r)
    {
        int groups = r.Next(1, 4), kernel = r.Next(1, 6), dilation = r.Next(1, 4);
        long channels = groups * r.Next(1, 3), outChannels = groups * r.Next(1, 4);
        var mode = s_paddingModes[r.Next(s_paddingModes.Length)];
        var module = r.Next(3) switch
        {
            0 => Conv1d(channels, outChannels, kernel, Padding.Same, dilation: dilation, padding_mode: mode, groups: groups, bias: Coin(r)),
            1 => Conv1d(channels, outChannels, kernel, Padding.Valid, stride: r.Next(1, 4), dilation: dilation, padding_mode: mode, groups: groups, bias: Coin(r)),
            _ => Conv1d(channels, outChannels, kernel, stride: r.Next(1, 4), padding: r.Next(0, 5), dilation: dilation, padding_mode: mode, groups: groups, bias: Coin(r)),
        };
        return new Drawn(module, channels, r.Next(16, 30));
    }

    private static Drawn DrawConv2d(Random r)
    {
        int groups = r.Next(1, 3);
        (long, long) kernel = (r.Next(1, 4), r.Next(1, 5)), dilation = (r.Next(1, 3), r.Next(1, 3));
        long channels = groups * r.Next(1, 3), outChannels = groups * r.Next(1, 4);
        var mode = s_paddingModes[r.Next(s_paddingModes.Length)];
        var module = Coin(r)
            ? Conv2d(channels, outChannels, mode == PaddingModes.Zeros ? kernel : (kernel.Item1, kernel.Item1), Padding.Same, dilation: mode == PaddingModes.Zeros ? dilation : (2, 2), padding_mode: mode, groups: groups, bias: Coin(r))
            : Conv2d(channels, outChannels, kernel, (r.Next(1, 4), r.Next(1, 4)), padding: (r.Next(0, 3), r.Next(0, 3)), dilation: dilation, padding_mode: mode, groups: groups, bias: Coin(r));
        return new Drawn(module, channels, r.Next(8, 13), r.Next(8, 13));
    }
}
