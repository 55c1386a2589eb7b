using Edge.Trainer.Backbones;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>What ONNX Runtime computes is what TorchSharp computes, module by module.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class ModuleParityTests
{
    private static readonly long[] s_window = [6, 33];
    private static readonly long[] s_features = [24];

    private static readonly Dictionary<string, (Func<Module<Tensor, Tensor>> Create, long[] Sample)> s_cases = new()
    {
        ["Conv1d"] = (() => Conv1d(6, 8, 5, padding: 2), s_window),
        ["Conv1d without bias"] = (() => Conv1d(6, 8, 3, bias: false), s_window),
        ["Conv1d with stride"] = (() => Conv1d(6, 8, 5, stride: 3, padding: 1), s_window),
        ["Conv1d with dilation"] = (() => Conv1d(6, 8, 3, padding: 4, dilation: 4), s_window),
        ["Conv1d with groups"] = (() => Conv1d(6, 12, 3, groups: 3), s_window),
        ["Conv1d depthwise"] = (() => Conv1d(6, 6, 7, padding: 3, groups: 6), s_window),
        ["Conv1d, everything at once"] = (() => Conv1d(6, 4, 4, stride: 2, padding: 3, dilation: 2, groups: 2, bias: false), s_window),
        ["Conv1d, padding same, even kernel"] = (() => Conv1d(6, 8, 4, Padding.Same, stride: 1, dilation: 2), s_window),
        ["Conv1d, padding valid"] = (() => Conv1d(6, 8, 4, Padding.Valid), s_window),
        ["Conv1d, padding reflects"] = (() => Conv1d(6, 8, 5, padding: 2, padding_mode: PaddingModes.Reflect), s_window),
        ["Conv1d, padding replicates"] = (() => Conv1d(6, 8, 5, padding: 2, padding_mode: PaddingModes.Replicate), s_window),
        ["Linear"] = (() => Linear(24, 7), s_features),
        ["Linear without bias"] = (() => Linear(24, 7, hasBias: false), s_features),
        ["Linear over the last of three axes"] = (() => Linear(33, 5), s_window),
        ["Linear over the last of three axes, without bias"] = (() => Linear(33, 5, hasBias: false), s_window),
        ["ReLU"] = (() => ReLU(), s_window),
        ["GELU"] = (() => GELU(), s_window),
        ["GELU by tanh"] = (() => GELU(TorchSharp.Modules.GELU.Approximate.tanh), s_window),
        ["SiLU"] = (() => SiLU(), s_window),
        ["Tanh"] = (() => Tanh(), s_window),
        ["Sigmoid"] = (() => Sigmoid(), s_window),
        ["LayerNorm over the last axis"] = (() => Parity.Shaken(LayerNorm(33)), s_window),
        ["LayerNorm over two axes"] = (() => Parity.Shaken(LayerNorm([6, 33], eps: 1e-3)), s_window),
        ["LayerNorm without weights"] = (() => LayerNorm(33, elementwise_affine: false), s_window),
        ["LayerNorm of features"] = (() => Parity.Shaken(LayerNorm(24)), s_features),
        ["BatchNorm1d over time"] = (() => Parity.Shaken(BatchNorm1d(6)), s_window),
        ["BatchNorm1d of features"] = (() => Parity.Shaken(BatchNorm1d(24)), s_features),
        ["BatchNorm1d without weights"] = (() => Parity.Shaken(BatchNorm1d(6, affine: false)), s_window),
        ["MaxPool1d"] = (() => MaxPool1d(2), s_window),
        ["MaxPool1d with stride and padding"] = (() => MaxPool1d(5, stride: 3, padding: 2), s_window),
        ["MaxPool1d with dilation"] = (() => MaxPool1d(3, stride: 2, padding: 1, dilation: 2), s_window),
        ["MaxPool1d, ceil_mode with samples left over"] = (() => MaxPool1d(2, ceil_mode: true), s_window),
        ["MaxPool1d, ceil_mode with none left over"] = (() => MaxPool1d(3, stride: 1, ceil_mode: true), s_window),
        ["MaxPool1d, ceil_mode, last window would begin in the padding"] = (() => MaxPool1d(3, stride: 17, padding: 1, ceil_mode: true), s_window),
        ["AvgPool1d"] = (() => AvgPool1d(4), s_window),
        ["AvgPool1d that counts its padding"] = (() => AvgPool1d(4, stride: 3, padding: 2, count_include_pad: true), s_window),
        ["AvgPool1d that does not"] = (() => AvgPool1d(4, stride: 3, padding: 2, count_include_pad: false), s_window),
        ["AvgPool1d, ceil_mode"] = (() => AvgPool1d(4, stride: 4, padding: 1, ceil_mode: true, count_include_pad: false), s_window),
        ["AvgPool1d, ceil_mode, that counts its padding"] = (() => AvgPool1d(4, stride: 4, padding: 2, ceil_mode: true, count_include_pad: true), [6, 31]),
        ["AvgPool1d, ceil_mode, without padding"] = (() => AvgPool1d(4, ceil_mode: true), s_window),
        ["MaxPool1d, ceil_mode and dilation that ask for more padding than the kernel"] = (() => MaxPool1d(2, stride: 7, dilation: 6, ceil_mode: true), [6, 27]),
        ["AdaptiveAvgPool1d to one"] = (() => AdaptiveAvgPool1d(1), s_window),
        ["AdaptiveAvgPool1d to a divisor"] = (() => AdaptiveAvgPool1d(11), s_window),
        ["Dropout"] = (() => Dropout(0.5), s_window),
        ["Dropout1d"] = (() => Dropout1d(0.5), s_window),
        ["Identity"] = (() => Identity(), s_window),
        ["Flatten"] = (() => Flatten(), s_window),
        ["Flatten of middle axes"] = (() => Flatten(1, 2), [4, 3, 5]),
        ["Flatten of the last axes"] = (() => Flatten(2, -1), [4, 3, 5]),
        ["Flatten of one axis"] = (() => Flatten(1, 1), s_window),
        ["Sequential without layers"] = (() => Sequential(), s_window),
        ["ChannelLayerNorm"] = (() => Parity.Shaken(new ChannelLayerNorm(6)), s_window),
        ["ChannelLayerNorm without weights"] = (() => new ChannelLayerNorm(6, affine: false), s_window),
        ["CompetingKernels"] = (() => new CompetingKernels(6, 33, new RandomConvolutionBankOptions { GroupCount = 2, KernelsPerGroup = 3, KernelLength = 5 }), s_window),
        ["WindowStatistics"] = (() => new WindowStatistics(6, 33), s_window),
        ["RandomConvolutionBank"] = (() => new RandomConvolutionBank(6, 33), s_window),
        ["RandomConvolutionBank without statistics"] = (() => new RandomConvolutionBank(6, 33, new RandomConvolutionBankOptions { Statistics = false }), s_window),
        ["FeatureVectorBank"] = (() => new FeatureVectorBank(24), [24, 1]),
        ["InputScale"] = (() => new InputScale(6, signedLog: false), s_window),
        ["InputScale with signed logarithm"] = (() => Fitted(new InputScale(6, signedLog: true)), s_window),
        ["MlpBackbone"] = (() => Parity.Shaken(new MlpBackbone(24)), [24, 1]),
        ["MlpBackbone for short windows"] = (() => Parity.Shaken(new MlpBackbone(3, 10)), [3, 10]),
        ["ResidualBlock"] = (() => Parity.Shaken(new ResidualBlock(6, 8)), s_window),
        ["ResidualBlock of one width"] = (() => Parity.Shaken(new ResidualBlock(6, 6)), s_window),
        ["ResNet1d"] = (() => Parity.Shaken(new ResNet1d(6)), s_window),
        ["ResNet1d of one channel"] = (() => Parity.Shaken(new ResNet1d(1)), [1, 50]),
        ["ChannelsLast"] = (() => new ChannelsLast(), s_window),
        ["SinusoidalPositions"] = (() => new SinusoidalPositions(33), s_window),
        ["MultiHeadSelfAttention"] = (() => new MultiHeadSelfAttention(16, 4), [5, 16]),
        ["EncoderLayer"] = (() => Parity.Shaken(new EncoderLayer(16, 4, 24)), [5, 16]),
        ["TimeSeriesTransformer"] = (() => Parity.Shaken(new TimeSeriesTransformer(9)), [9, 128]),
        ["TimeSeriesTransformer of one channel"] = (() => Parity.Shaken(new TimeSeriesTransformer(1)), [1, 16]),
        ["MeanOverTokens"] = (() => new MeanOverTokens(), s_window),
        ["MeanOverTime"] = (() => new MeanOverTime(), s_window),
    };

    public static TheoryData<string> Cases => [.. s_cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_module_alone_gives_the_same(string name)
    {
        var (create, sample) = s_cases[name];
        manual_seed(11);
        using var module = create();
        Parity.Holds(module, sample, 1, 4);
    }

    [Fact]
    public void Every_known_module_has_a_case()
    {
        var covered = s_cases.Values.Select(test => test.Create().GetType().Name).Concat(ModuleDraws.All.Keys).Append(nameof(TscilCnn)).ToHashSet();
        Assert.Equal([], Parity.BackboneTranslatorsAdded().KnownModules.Where(name => !covered.Contains(name)));
    }

    [Theory]
    [InlineData(9, 128)]
    [InlineData(3, 50)]
    [InlineData(1, 16)]
    public void TscilCnn_gives_the_same_for_every_batch_size(int channels, int length)
    {
        manual_seed(channels);
        using var backbone = Parity.Shaken(new TscilCnn(channels));
        Parity.Holds(backbone, [channels, length], 1, 2, 7, 32);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_random_Sequential_gives_the_same(int seed)
    {
        manual_seed(seed);
        var random = new Random(seed);
        int channels = random.Next(1, 7), length = random.Next(48, 80), width = channels;
        var layers = new List<(string, Module<Tensor, Tensor>)>();
        for (int block = 0; block < 3; block++)
        {
            int next = random.Next(2, 12);
            layers.Add(($"conv{block}", Conv1d(width, next, random.Next(1, 6), stride: random.Next(1, 3), padding: random.Next(0, 3), bias: random.Next(2) == 0)));
            layers.Add(($"norm{block}", random.Next(2) == 0 ? BatchNorm1d(next) : new ChannelLayerNorm(next)));
            layers.Add(($"act{block}", random.Next(5) switch { 0 => ReLU(), 1 => GELU(), 2 => SiLU(), 3 => Tanh(), _ => Sigmoid() }));
            layers.Add(($"drop{block}", Dropout(0.3)));
            if (block < 2) layers.Add(($"pool{block}", random.Next(2) == 0 ? MaxPool1d(2) : AvgPool1d(2)));
            width = next;
        }

        layers.Add(("tail", Sequential(("pool", AdaptiveAvgPool1d(1)), ("flat", Flatten()), ("head", Linear(width, 5)))));
        using var network = Parity.Shaken(Sequential(layers));
        Parity.Holds(network, [channels, length], 1, 7);
    }

    [Fact]
    public void A_module_in_training_mode_is_written_as_it_evaluates()
    {
        manual_seed(5);
        using var network = Parity.Shaken(Sequential(("norm", BatchNorm1d(6)), ("drop", Dropout(0.5))));
        network.eval();
        byte[] evaluating = Parity.BackboneTranslatorsAdded().ToBytes(network, ["batch", 6, 33], "test", "0");
        network.train();
        Assert.Equal(evaluating, Parity.BackboneTranslatorsAdded().ToBytes(network, ["batch", 6, 33], "test", "0"));
    }

    private static InputScale Fitted(InputScale scale)
    {
        using var windows = randn(20, 6, 33) * 50 + 10;
        scale.Fit(windows);
        return scale;
    }
}
