using Edge.Storage;
using Edge.Trainer.Backbones;
using Edge.Trainer.Objectives;
using Edge.Trainer.Tests.Onnx;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Backbones;

/// <summary>What every backbone of the catalogue does.</summary>
[Collection(TorchGeneratorCollection.Name)]
public class BackboneCatalogueTests
{
    public static TheoryData<string> Names => [.. BackboneCatalogue.Names];

    [Fact]
    public void The_names_are_these_for_ever() => Assert.Equal(["MlpBackbone", "ResNet1d", "TimeSeriesTransformer", "TscilCnn"], BackboneCatalogue.Names);

    [Theory]
    [InlineData(9, 128, "TscilCnn")]
    [InlineData(1, 16, "TscilCnn")]
    [InlineData(3, 15, "MlpBackbone")]
    [InlineData(128, 1, "MlpBackbone")]
    public void The_default_for_a_shape_takes_windows_of_that_shape(int channelCount, int length, string name)
    {
        using var scope = NewDisposeScope();
        var window = new WindowShape(channelCount, length, 50);
        Assert.Equal(name, BackboneCatalogue.NameFor(window));
        var backbone = BackboneCatalogue.Create(name, channelCount, length);
        Assert.Equal([2, backbone.EmbeddingLength], backbone.forward(randn(2, channelCount, length)).shape);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_backbone_is_named_as_its_class_and_takes_its_shortest_window(string name)
    {
        using var scope = NewDisposeScope();
        foreach (int channelCount in new[] { 1, 7 })
        {
            var backbone = BackboneCatalogue.Create(name, channelCount);
            Assert.Equal((name, channelCount), (backbone.GetName(), backbone.ChannelCount));
            var windows = randn(3, channelCount, backbone.MinimumLength);
            Assert.Equal([3, backbone.EmbeddingLength], backbone.forward(windows).shape);
            Assert.Equal([3, backbone.PooledLength], backbone.PooledLayers(windows).shape);
        }
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_known_ones() => Assert.Equal(
        "Backbone 'Lstm' is unknown; this program has MlpBackbone, ResNet1d, TimeSeriesTransformer, TscilCnn. Use the version that wrote the checkpoint.",
        Assert.Throws<InvalidDataException>(() => BackboneCatalogue.Create("Lstm", 3)).Message);

    [Theory]
    [MemberData(nameof(Names))]
    public void Training_lowers_the_loss_and_moves_every_weight(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        bool takesVectors = name == nameof(MlpBackbone);
        var samples = SyntheticWaves.Draw([0, 1, 2, 3], 8, isFresh: true, seed: 2);
        var windows = tensor(samples.Values, [samples.Count, 3, 128]);
        if (takesVectors) windows = windows.reshape(samples.Count, 384, 1);
        var classes = tensor(samples.Classes).to(ScalarType.Int64);
        var backbone = BackboneCatalogue.Create(name, takesVectors ? 384 : 3);
        backbone.FitInput(windows);
        var before = backbone.parameters().Select(parameter => parameter.clone()).ToArray();
        using var optimiser = optim.Adam(backbone.parameters(), 1e-3);
        double first = 0, last = 0;
        for (int step = 0; step < 8; step++)
        {
            using var stepScope = NewDisposeScope();
            optimiser.zero_grad();
            var loss = new SupConLoss(0.1).Loss(backbone.forward(windows), classes);
            loss.backward();
            optimiser.step();
            last = loss.item<float>();
            if (step == 0) first = last;
        }

        double least = Math.Log(7); // of SupCon with seven positives to an anchor
        Assert.True(last - least < 0.5 * (first - least), $"{name}: {first:f3} became {last:f3}");
        string[] still = [.. backbone.named_parameters().Zip(before).Where(pair => pair.First.parameter.Equals(pair.Second)).Select(pair => pair.First.name)];
        Assert.Equal([], still);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_forward_pass_leaves_no_tensor_behind(string name)
    {
        using var backbone = BackboneCatalogue.Create(name, 3);
        using var windows = randn(2, 3, backbone.FixedLength ?? 32);
        using var none = no_grad();
        Pass();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        for (int n = 0; n < 3; n++) Pass();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(before, Tensor.TotalCount);

        void Pass()
        {
            using var scope = NewDisposeScope();
            backbone.forward(windows);
            backbone.PooledLayers(windows);
        }
    }

    [Theory]
    [InlineData("ResNet1d", 483_200)]
    [InlineData("TimeSeriesTransformer", 274_560)]
    [InlineData("MlpBackbone", 36_224)]
    public void Nine_channels_have_as_many_parameters_as_the_comment_says(string name, long count)
    {
        using var backbone = BackboneCatalogue.Create(name, 9);
        Assert.Equal(count, backbone.parameters().Sum(parameter => parameter.numel()));
    }

    [Fact]
    public void The_layers_of_TscilCnn_end_in_the_mean_that_is_its_embedding()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var net = new TscilCnn(6);
        var windows = randn(2, 6, 64);
        var pooled = net.PooledLayers(windows);
        Assert.Equal([2, 1152], pooled.shape);
        Assert.True(pooled[.., 896..1024].allclose(net.forward(windows), 1e-5, 1e-5));
        Assert.True(pooled[.., 1024..].ge(pooled[.., 896..1024]).all().item<bool>());
    }

    [Fact]
    public void Attention_of_one_head_is_softmax_of_QK_over_root_d_times_V()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var heads = new MultiHeadSelfAttention(8, 1);
        var tokens = randn(1, 5, 8);
        Tensor q = heads.Query.forward(tokens)[0], k = heads.Key.forward(tokens)[0], v = heads.Value.forward(tokens)[0];
        var expected = heads.Output.forward((q.matmul(k.t()) / Math.Sqrt(8)).softmax(1).matmul(v));
        Assert.True(heads.forward(tokens)[0].allclose(expected, 1e-5, 1e-6));
    }

    [Fact]
    public void Without_positions_the_order_of_tokens_would_not_matter_and_with_them_it_does()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        var layer = new EncoderLayer(16, 4, 32);
        var tokens = randn(1, 6, 16);
        var turned = tokens.flip(1);
        Assert.True(layer.forward(tokens).mean([1]).allclose(layer.forward(turned).mean([1]), 1e-4, 1e-5));
        var positions = new SinusoidalPositions(16);
        Assert.False(layer.forward(positions.forward(tokens)).mean([1]).allclose(layer.forward(positions.forward(turned)).mean([1]), 1e-2, 1e-2));
    }

    [Fact]
    public void Positions_are_sines_and_cosines_of_slowing_waves()
    {
        using var scope = NewDisposeScope();
        var positions = new SinusoidalPositions(4).forward(zeros(1, 3, 4));
        float[] third = positions[0, 2].data<float>().ToArray();
        double[] expected = [Math.Sin(2), Math.Cos(2), Math.Sin(0.02), Math.Cos(0.02)];
        for (int i = 0; i < 4; i++) Assert.Equal(expected[i], third[i], 1e-6);
    }
}
