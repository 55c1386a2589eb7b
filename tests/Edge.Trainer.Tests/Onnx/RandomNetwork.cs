using Edge.Trainer.Onnx;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>Branches side by side on the channel axis.</summary>
internal sealed class Branches : Module<Tensor, Tensor>
{
    private readonly ModuleList<Module<Tensor, Tensor>> members;

    public Branches(params Module<Tensor, Tensor>[] branches)
        : base(nameof(Branches))
    {
        members = ModuleList(branches);
        RegisterComponents();
    }

    public ModuleList<Module<Tensor, Tensor>> Members => members;

    public override Tensor forward(Tensor input) => cat([.. members.Select(branch => branch.forward(input))], 1);
}

/// <summary>[batch, channels, length] through a GRU over time, its last state put out: [batch, hidden].</summary>
internal sealed class LastState : Module<Tensor, Tensor>
{
    private readonly GRU gru;

    public LastState(long channels, long hidden)
        : base(nameof(LastState))
    {
        gru = GRU(channels, hidden, batchFirst: true);
        RegisterComponents();
    }

    public GRU Gru => gru;

    public override Tensor forward(Tensor input) => functional.normalize(gru.call(input.transpose(1, 2), null!).Item1.select(1, -1), dim: 1);
}

/// <summary>Random small trees of modules for windows of 4 channels and 24 samples.</summary>
internal static class RandomNetwork
{
    public static OnnxDim[] InputShape { get; } = ["batch", 4, 24];

    /// <summary>A writer that knows the modules of these trees: the example of how own modules are registered.</summary>
    public static OnnxWriter Writer(bool foldsBatchNorm = false) => new OnnxWriter { FoldsBatchNorm = foldsBatchNorm }
        .Register<Residual>(Residual.Write)
        .Register<Branches>((module, input, scope) => scope.Concat(1, [.. module.Members.Select((branch, i) => scope.Write($"members.{i}", branch, input))]))
        .Register<LastState>((module, input, scope) => scope.Normalise(scope.Take(scope.Write("gru", module.Gru, scope.Transpose(input, 0, 2, 1)), 1, -1), 1));

    public static Sequential Draw(int seed)
    {
        manual_seed(seed);
        var random = new Random(seed);
        long channels = 4, length = 24;
        var layers = new List<(string, Module<Tensor, Tensor>)>();
        int depth = random.Next(2, 7);
        for (int i = 0; i < depth; i++) layers.Add(($"layer{i}", Layer(random, ref channels, ref length, 0)));
        layers.Add(("tail", Tail(random, channels, length)));
        return Parity.Shaken(Sequential(layers));
    }

    private static Module<Tensor, Tensor> Layer(Random random, ref long channels, ref long length, int nesting)
    {
        long inChannels = channels;
        switch (random.Next(nesting < 2 ? 12 : 8))
        {
            case 0:
                int kernel = random.Next(1, 4), stride = length > 12 ? random.Next(1, 3) : 1, padding = random.Next(1, 3);
                channels = random.Next(1, 4) * 2;
                var conv = Conv1d(inChannels, channels, kernel, stride, padding, bias: ModuleDraws.Coin(random), groups: inChannels % 2 == 0 && ModuleDraws.Coin(random) ? 2 : 1);
                length = (length + 2 * padding - kernel) / stride + 1;
                return conv;
            case 1:
                return SameShape(random, channels, length);
            case 2:
                return BatchNorm1d(channels);
            case 3:
                if (length < 8) return ReLU();
                length /= 2;
                return ModuleDraws.Coin(random) ? MaxPool1d(2) : AvgPool1d(2);
            case 4:
                long parts = random.Next(3, 12);
                length = parts;
                return ModuleDraws.Coin(random) ? AdaptiveAvgPool1d(parts) : AdaptiveMaxPool1d(parts);
            case 5:
                long width = random.Next(4, 12);
                var linear = Linear(length, width);
                length = width;
                return linear;
            case 6:
                channels = random.Next(1, 4);
                var transpose = ConvTranspose1d(inChannels, channels, 2, padding: 0);
                length++;
                return transpose;
            case 7:
                return Dropout(0.5);
            case 8:
                var first = Layer(random, ref channels, ref length, nesting + 1);
                return Sequential(("first", first), ("second", Layer(random, ref channels, ref length, nesting + 1)));
            case 9:
                return new Residual(Sequential(("conv", Conv1d(channels, channels, 3, Padding.Same, padding_mode: ModuleDraws.Coin(random) ? PaddingModes.Circular : PaddingModes.Zeros)), ("same", SameShape(random, channels, length))));
            case 10:
                channels = inChannels + 3;
                return new Branches(SameShape(random, inChannels, length), Conv1d(inChannels, 3, 1));
            default:
                return new Residual(new Residual(SameShape(random, channels, length)));
        }
    }

    private static Module<Tensor, Tensor> SameShape(Random random, long channels, long length) => random.Next(18) switch
    {
        0 => LayerNorm(length),
        1 => LayerNorm([channels, length]),
        2 => ModuleDraws.Initialised(GroupNorm(1, channels)),
        3 => InstanceNorm1d(channels, affine: true),
        4 => GELU(),
        5 => SiLU(),
        6 => Hardswish(),
        7 => LeakyReLU(0.2),
        8 => ELU(),
        9 => Softplus(),
        10 => PReLU(channels),
        11 => Hardsigmoid(),
        12 => ReLU6(),
        13 => Tanh(),
        14 => Softmax(1),
        15 => Mish(),
        16 => LogSoftmax(-1),
        _ => Sequential(("flat", Flatten(1, 2)), ("back", Unflatten(1, [channels, length]))),
    };

    private static Module<Tensor, Tensor> Tail(Random random, long channels, long length) => random.Next(4) switch
    {
        0 => Sequential(("pool", AdaptiveAvgPool1d(1)), ("flat", Flatten()), ("head", Linear(channels, 3)), ("norm", BatchNorm1d(3))),
        1 => Sequential(("flat", Flatten()), ("head", Linear(channels * length, 5)), ("probability", Softmax(-1))),
        2 => new LastState(channels, 6),
        _ => Sequential(("pool", AdaptiveMaxPool1d(2)), ("flat", Flatten()), ("head", Linear(2 * channels, 4, hasBias: false))),
    };
}
