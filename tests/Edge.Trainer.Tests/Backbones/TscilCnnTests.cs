using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Backbones;

public class TscilCnnTests
{
    [Theory]
    [InlineData(1, 16)]
    [InlineData(3, 315)]
    [InlineData(9, 128)]
    [InlineData(45, 128)]
    public void Windows_of_any_channels_and_length_become_128_values(int channelCount, int length)
    {
        using var scope = NewDisposeScope();
        var net = new TscilCnn(channelCount);
        Assert.Equal([2, net.EmbeddingLength], net.forward(randn(2, channelCount, length)).shape);
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(3, 315)]
    [InlineData(9, 128)]
    public void The_forward_pass_and_its_gradients_are_those_of_the_layers(int channelCount, int length)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var net = new TscilCnn(channelCount);
        var windows = randn(4, channelCount, length).requires_grad_(true);
        Tensor[] inputs = [windows, .. net.parameters()];
        var byLayers = net.Layers.forward(windows);
        var expected = autograd.grad([byLayers.square().sum()], inputs);
        var embeddings = net.forward(windows);
        var gradients = autograd.grad([embeddings.square().sum()], inputs);
        Assert.True(embeddings.allclose(byLayers, 1e-4, 1e-5));
        Assert.All(expected.Zip(gradients), pair => Assert.True(pair.Second.allclose(pair.First, 1e-3, 1e-4 * pair.First.abs().max().item<float>())));
    }

    [Fact]
    public void Nine_channels_have_373_thousand_parameters() =>
        Assert.Equal(373_248, new TscilCnn(9).parameters().Sum(p => p.numel()));

    [Fact]
    public void Six_channels_are_normalised_at_the_input_so_that_gain_and_offset_of_the_whole_device_vanish()
    {
        using var scope = NewDisposeScope();
        var net = new TscilCnn(6);
        var windows = randn(2, 6, 128);
        Assert.True(net.forward(windows).allclose(net.forward(windows * 3 + 5), 1e-3, 1e-3));
    }

    [Fact]
    public void Three_channels_keep_what_they_have_in_common()
    {
        using var scope = NewDisposeScope();
        var net = new TscilCnn(3);
        var windows = randn(2, 3, 128);
        Assert.False(net.forward(windows).allclose(net.forward(windows + 5), 1e-3, 1e-3));
    }

    [Fact]
    public void Channel_normalisation_makes_every_time_step_zero_mean_and_unit_variance()
    {
        using var scope = NewDisposeScope();
        var normalised = new ChannelLayerNorm(8, affine: false).forward(randn(2, 8, 16) * 4 + 1);
        Assert.True(normalised.mean([1]).allclose(zeros(2, 16), 1e-5, 1e-5));
        Assert.True(normalised.var([1], unbiased: false).allclose(ones(2, 16), 1e-3, 1e-3));
    }
}
