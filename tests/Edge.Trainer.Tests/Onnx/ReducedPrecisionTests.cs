using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Onnx;
using Edge.Trainer.Onnx.Precision;
using Edge.Trainer.Onnx.Protocol;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Edge.Trainer.Tests.Onnx;

/// <summary>Finished files in float16 and in 8 bits still compute what they did, nearly.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class ReducedPrecisionTests
{
    private static readonly OnnxFloat16Options s_classifierInHalf = new() { Float32Nodes = ["readout", "frozen_bank"] };
    private static readonly OnnxInt8Options s_classifierInInt8 = new() { Float32Nodes = ["readout", "frozen_bank"] };
    private static readonly WindowShape s_window = SyntheticWaves.Window;

    [Theory]
    [InlineData("TscilCnn", 0)]
    [InlineData("TscilCnn", 100)]
    [InlineData("ResNet1d", 0)]
    [InlineData("TimeSeriesTransformer", 0)]
    [InlineData("MlpBackbone", 0)]
    public void A_classifier_in_float16_embeds_as_in_float32(string name, int frozenFeatures)
    {
        byte[] file = Classifier(name, frozenFeatures), half = OnnxFloat16.Convert(file, s_classifierInHalf);
        Assert.InRange(CosineOf(file, half), 0.9999, 1.0001);
        Assert.InRange(WorstProbability(file, half), 0, 0.02);
        var (before, after) = (ModelProto.Parser.ParseFrom(file), ModelProto.Parser.ParseFrom(half));
        Assert.Equal(before.Graph.Input, after.Graph.Input);
        Assert.Equal(before.Graph.Output, after.Graph.Output);
        Assert.Equal("float16", Assert.Single(after.MetadataProps, pair => pair.Key == "precision").Value);
        Assert.Contains(after.Graph.Initializer, tensor => tensor.DataType == (int)OnnxElement.Float16);
        Assert.Equal(half, OnnxFloat16.Convert(file, s_classifierInHalf));
        if (frozenFeatures == 0) Assert.True(half.Length < 0.55 * file.Length, $"{half.Length} of {file.Length} bytes.");
    }

    [Theory]
    [InlineData("TscilCnn", 8, 0.99)]
    [InlineData("TscilCnn", 7, 0.99)]
    [InlineData("ResNet1d", 8, 0.99)]
    [InlineData("TimeSeriesTransformer", 8, 0.99)]
    [InlineData("MlpBackbone", 8, 0.99)]
    public void A_classifier_in_int8_embeds_as_in_float32(string name, int weightBits, double leastCosine)
    {
        byte[] file = Classifier(name, 0), quantised = Quantised(file, s_classifierInInt8 with { WeightBits = weightBits });
        double cosine = CosineOf(file, quantised);
        TestContext.Current.TestOutputHelper!.WriteLine($"{name}, weights of {weightBits} bits: smallest cosine {cosine:f5}, largest change of a probability {WorstProbability(file, quantised):f4}, {quantised.Length} of {file.Length} bytes");
        Assert.InRange(cosine, leastCosine, 1.0001);
        Assert.Equal("int8", Assert.Single(ModelProto.Parser.ParseFrom(quantised).MetadataProps, pair => pair.Key == "precision").Value);
        Assert.True(quantised.Length < 0.4 * file.Length, $"{quantised.Length} of {file.Length} bytes.");
        Assert.Equal(quantised, Quantised(file, s_classifierInInt8 with { WeightBits = weightBits }));
    }

    [Fact]
    public void An_independent_reader_finds_the_files_valid_and_infers_what_was_written()
    {
        PythonOnnx.SkipUnlessThere();
        var files = new Dictionary<string, byte[]>();
        foreach (string name in BackboneCatalogue.Names)
        {
            byte[] file = Classifier(name, name == nameof(TscilCnn) ? 100 : 0);
            files[$"{name}-half"] = OnnxFloat16.Convert(file, s_classifierInHalf);
            files[$"{name}-int8"] = Quantised(file, s_classifierInInt8);
            files[$"{name}-calibration"] = OnnxInt8.CalibrationGraph(file, s_classifierInInt8).File;
        }

        for (int seed = 0; seed < 20; seed++)
        {
            using var network = RandomNetwork.Draw(seed);
            byte[] file = RandomNetwork.Writer(foldsBatchNorm: true).ToBytes(network, RandomNetwork.InputShape, "test", "0");
            files[$"network-{seed}-half"] = OnnxFloat16.Convert(file);
            files[$"network-{seed}-int8"] = Quantised(file, new OnnxInt8Options(), "input", RandomNetwork.InputShape);
        }

        Assert.Equal([], PythonOnnx.ReadFolder(files, IndependentReaderTests.CheckFolderScript).EnumerateObject().Where(verdict => verdict.Value.GetString() != "").Select(verdict => $"{verdict.Name}: {verdict.Value.GetString()}"));
    }

    [Fact]
    public void Random_networks_in_reduced_precision_still_run_and_stay_near()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            using var network = RandomNetwork.Draw(seed);
            byte[] file = RandomNetwork.Writer(foldsBatchNorm: true).ToBytes(network, RandomNetwork.InputShape, "test", "0");
            manual_seed(seed);
            using var windows = randn(3, 4, 24);
            float[] expected = Run(file, windows), half = Run(OnnxFloat16.Convert(file), windows), int8 = Run(Quantised(file, new OnnxInt8Options(), "input", RandomNetwork.InputShape), windows);
            float scale = Math.Max(1, expected.Max(Math.Abs));
            Assert.True(expected.Zip(half, (e, a) => Math.Abs(e - a)).Max() <= 0.02 * scale, $"float16, seed {seed}");
            Assert.Equal(expected.Length, int8.Length);
            Assert.All(int8, value => Assert.True(float.IsFinite(value)));
        }

        static float[] Run(byte[] file, Tensor windows)
        {
            using var model = new OrtModel(file);
            return model.Run(("input", windows.data<float>().ToArray(), windows.shape))["output"].Values;
        }
    }

    [Fact]
    public void A_window_in_units_beyond_float16_keeps_float32_up_to_the_first_convolution()
    {
        manual_seed(1);
        var scale = new InputScale(3, signedLog: false);
        using (var pressures = randn(20, 3, 24) * 500 + 101325) scale.Fit(pressures);
        using var network = Sequential(("scale", scale), ("conv", Conv1d(3, 4, 3)));
        byte[] file = Parity.BackboneTranslatorsAdded().ToBytes(network, ["batch", 3, 24], "test", "0");
        using var window = randn(1, 3, 24) * 500 + 101325;
        foreach (var (options, isNear) in new[] { (new OnnxFloat16Options(), true), (new OnnxFloat16Options { Float32UnitsOfInputs = false, Float32Nodes = [] }, false) })
        {
            double worst;
            try
            {
                using OrtModel full = new(file), half = new(OnnxFloat16.Convert(file, options));
                var fed = ("input", window.data<float>().ToArray(), window.shape);
                worst = full.Run(fed)["output"].Values.Zip(half.Run(fed)["output"].Values, (a, b) => float.IsFinite(b) ? Math.Abs(a - b) : double.PositiveInfinity).Max();
            }
            catch (InvalidDataException refused)
            {
                Assert.Contains("float16 ends at 65504", refused.Message, StringComparison.Ordinal);
                worst = double.PositiveInfinity;
            }

            Assert.Equal(isNear, worst < 0.02);
        }
    }

    [Fact]
    public void A_constant_that_float16_cannot_hold_is_refused_by_name()
    {
        Assert.Equal(
            "'big' holds 100000, and float16 ends at 65504. Keep node 'sum' in float32 (Float32Nodes), or the whole model.", Assert.Throws<InvalidDataException>(() => OnnxFloat16.Convert(WithConstant("big", 1e5f, 1), s_inUnits)).Message);
        Assert.Equal(
            "All numbers of 'tiny', 1e-12 for example, become 0 in float16. Keep node 'sum' in float32 (Float32Nodes), or the whole model.",
            Assert.Throws<InvalidDataException>(() => OnnxFloat16.Convert(WithConstant("tiny", 1e-12f, 1e-9f), s_inUnits)).Message);
        OnnxFloat16.Convert(WithConstant("big", 1e5f, 1), s_inUnits with { Float32Nodes = ["su"] });
    }

    [Fact]
    public void An_epsilon_and_what_is_divided_by_it_stay_float32_so_zeros_stay_zeros()
    {
        var graph = new OnnxGraph("unit");
        var input = graph.Input("x", ["batch", 2]);
        var floor = graph.Node("floor", "Max", [graph.Node("norm", "ReduceL2", [input], ["batch", 1], [new OnnxAttribute("axes", [1]), new OnnxAttribute("keepdims", 1)]), graph.Initializer("epsilon", [1e-12f])], ["batch", 1]);
        graph.Output("y", graph.Node("unit", "Div", [input, floor], input.Shape));
        byte[] half = OnnxFloat16.Convert(graph.ToBytes("test", "0"), s_inUnits);
        Assert.Equal(["x", "floor"], Assert.Single(ModelProto.Parser.ParseFrom(half).Graph.Node, node => node.OpType == "Div").Input);
        using var model = new OrtModel(half);
        Assert.Equal([0, 0, 0.6f, 0.8f], model.Run(("x", [0, 0, 3, 4], [2, 2]))["y"].Values);
    }

    [Fact]
    public void A_file_in_reduced_precision_is_not_reduced_again()
    {
        byte[] file = Classifier("MlpBackbone", 0);
        Assert.Equal("The file is quantised already. Convert the float32 file.", Assert.Throws<InvalidDataException>(() => OnnxFloat16.Convert(Quantised(file, s_classifierInInt8))).Message);
        Assert.Equal(
            "The file computes in less than float32 already. Start from the float32 file.", Assert.Throws<InvalidDataException>(() => OnnxInt8.CalibrationGraph(OnnxFloat16.Convert(file, s_classifierInHalf))).Message);
        Assert.StartsWith("The 3 bytes are no ONNX file: ", Assert.Throws<InvalidDataException>(() => OnnxInt8.CalibrationGraph([1, 2, 3])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_range_that_is_missing_or_none_is_named()
    {
        byte[] file = OneLayer();
        Assert.StartsWith("No range is given for 'x'. Run the calibration graph", Assert.Throws<ArgumentException>(() => OnnxInt8.Quantise(file, new Dictionary<string, OnnxRange>())).Message, StringComparison.Ordinal);
        Assert.StartsWith(
            "'x': The range 1 to -1 is none.", Assert.Throws<ArgumentException>(() => OnnxInt8.Quantise(file, new Dictionary<string, OnnxRange> { ["x"] = new(1, -1) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scales_and_zero_points_are_those_worked_out_by_hand()
    {
        // Of 8 bits. x in [-1, 4]: S = 5 / 255, Z = 51. Rows of the weight: max 2.54 and 1.27, so S = 0.02 and 0.01. Bias 0.5 in steps of 5/255 * 0.02 and of 5/255 * 0.01.
        var graph = ModelProto.Parser.ParseFrom(OnnxInt8.Quantise(OneLayer(), new Dictionary<string, OnnxRange> { ["x"] = new(-1, 4) }, new OnnxInt8Options { WeightBits = 8 })).Graph;
        byte[] Raw(string name) => Assert.Single(graph.Initializer, tensor => tensor.Name == name).RawData.ToByteArray();
        Assert.Equal(5f / 255, BitConverter.ToSingle(Raw("x/scale")));
        Assert.Equal([51], Raw("x/zero_point"));
        Assert.Equal([0.02f, 0.01f], new[] { BitConverter.ToSingle(Raw("w/scale")), BitConverter.ToSingle(Raw("w/scale"), 4) });
        Assert.Equal([127, 50, -127, 1], Raw("w/quantised").Select(value => (int)(sbyte)value));
        Assert.Equal([1275, 2550], new[] { BitConverter.ToInt32(Raw("b/quantised")), BitConverter.ToInt32(Raw("b/quantised"), 4) });
        Assert.Equal(["QuantizeLinear", "DequantizeLinear", "DequantizeLinear", "DequantizeLinear", "Gemm"], graph.Node.Select(node => node.OpType));
    }

    [Theory]
    [InlineData(-1, 4, 5.0 / 255, 51)]
    [InlineData(2, 10.2, 0.04, 0)]
    [InlineData(-2.55, -1, 0.01, 255)]
    [InlineData(0, 0, 1, 0)]
    public void A_range_always_holds_zero(float min, float max, double scale, int zeroPoint)
    {
        var (actual, zero) = new OnnxRange(min, max).ToUInt8();
        Assert.Equal(scale, actual, 1e-7);
        Assert.Equal(zeroPoint, zero);
    }

    [Fact]
    public void An_observer_knows_the_extremes_and_cuts_off_the_outermost()
    {
        var observer = new OnnxRangeObserver();
        Assert.Throws<InvalidOperationException>(() => observer.Whole);
        observer.Observe([0, 0]);
        Assert.Equal(new OnnxRange(0, 0), observer.Central(0.5));
        float[] values = [.. Enumerable.Range(0, 100_000).Select(i => i / 50_000f - 1)];
        new Random(1).Shuffle(values);
        observer.Observe(values);
        observer.Observe([40, -3]);
        Assert.Equal(100_004, observer.Count);
        Assert.Equal(new OnnxRange(-3, 40), observer.Whole);
        Assert.Equal(observer.Whole, observer.Central(1));
        var central = observer.Central(0.99);
        Assert.InRange(central.Min, -1.06f, -0.92f); // The 0.5 % quantile is -0.99; a bin is at most 40 / 512 wide.
        Assert.InRange(central.Max, 0.92f, 1.08f);
        Assert.Throws<ArgumentException>(() => observer.Observe([float.NaN]));
    }

    private static readonly OnnxFloat16Options s_inUnits = new() { Float32UnitsOfInputs = false };

    private static byte[] WithConstant(string name, params float[] values)
    {
        var graph = new OnnxGraph("constant");
        var input = graph.Input("x", ["batch", 2]);
        graph.Output("y", graph.Node("sum", "Add", [input, graph.Initializer(name, values, values.Length)], input.Shape));
        return graph.ToBytes("test", "0");
    }

    private static byte[] OneLayer()
    {
        var graph = new OnnxGraph("layer");
        var input = graph.Input("x", ["batch", 2]);
        graph.Output("y", graph.Node("layer", "Gemm", [input, graph.Initializer("w", [2.54f, 1f, -1.27f, 0.01f], 2, 2), graph.Initializer("b", [0.5f, 0.5f], 2)], ["batch", 2], [new OnnxAttribute("transB", 1)]));
        return graph.ToBytes("test", "0");
    }

    private static byte[] Classifier(string name, int frozenFeatures)
    {
        manual_seed(8);
        using var backbone = Parity.Shaken(BackboneCatalogue.Create(name, s_window.ChannelCount, s_window.Length));
        var random = new Random(1);
        float[] prototypes = [.. Enumerable.Range(0, 4 * backbone.EmbeddingLength).Select(_ => (float)random.NextDouble() - 0.5f)];
        return ClassifierGraph.Write(backbone, new ClassifierGraphOptions { Window = s_window, Classes = SyntheticWaves.Classes, Temperature = 0.1, Prototypes = prototypes, FrozenFeatures = frozenFeatures });
    }

    private static byte[] Quantised(byte[] file, OnnxInt8Options options)
    {
        var windows = SyntheticWaves.Draw([0, 1, 2, 3], 8, true, seed: 1);
        var calibration = OnnxInt8.CalibrationGraph(file, options);
        return OnnxInt8.Quantise(file, Observed(calibration, ("window", windows.Values, [windows.Count, s_window.ChannelCount, s_window.Length])), options);
    }

    private static byte[] Quantised(byte[] file, OnnxInt8Options options, string input, OnnxDim[] shape)
    {
        manual_seed(2);
        using var windows = randn([16, .. shape.Skip(1).Select(dim => dim.Size ?? 0)]);
        var calibration = OnnxInt8.CalibrationGraph(file, options);
        return calibration.ValueOfOutput.Count == 0 ? file : OnnxInt8.Quantise(file, Observed(calibration, (input, windows.data<float>().ToArray(), windows.shape)), options);
    }

    private static Dictionary<string, OnnxRange> Observed(OnnxCalibrationGraph calibration, (string, float[], long[]) fed)
    {
        using var model = new OrtModel(calibration.File);
        var ranges = new Dictionary<string, OnnxRange>();
        foreach (var (output, (values, _)) in model.Run(fed))
        {
            var observer = new OnnxRangeObserver();
            observer.Observe(values);
            ranges[calibration.ValueOfOutput[output]] = observer.Whole;
        }

        return ranges;
    }

    // The smallest cosine of the embeddings of the same windows, which are none of those that were calibrated with.
    private static double CosineOf(byte[] file, byte[] other)
    {
        var (expected, actual) = (Run(file)["embedding"], Run(other)["embedding"]);
        int length = (int)expected.Shape[1];
        return Enumerable.Range(0, (int)expected.Shape[0]).Min(i => Enumerable.Range(i * length, length).Sum(k => (double)expected.Values[k] * actual.Values[k]));
    }

    private static double WorstProbability(byte[] file, byte[] other) => Run(file)["probability"].Values.Zip(Run(other)["probability"].Values, (a, b) => Math.Abs(a - (double)b)).Max();

    private static Dictionary<string, (float[] Values, long[] Shape)> Run(byte[] file)
    {
        var windows = SyntheticWaves.Draw([0, 1, 2, 3], 6, true, seed: 2);
        using var model = new OrtModel(file);
        return model.Run(("window", windows.Values, [windows.Count, s_window.ChannelCount, s_window.Length]));
    }
}
