using Edge.Trainer.Methods;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Methods;

public class FlatAdamTests
{
    [Fact]
    public void It_goes_the_way_of_torch_s_Adam_with_clipping()
    {
        using var scope = NewDisposeScope();
        var (ours, theirs, input) = (Net(), Net(), randn(8, 5));
        using var flat = new FlatAdam(ours.parameters(), 1e-2);
        using var adam = optim.Adam(theirs.parameters(), 1e-2);
        for (int i = 0; i < 20; i++)
        {
            flat.ZeroGrad();
            ours.forward(input).square().sum().backward();
            double norm = flat.ClipNorm(1);
            flat.Step();
            adam.zero_grad();
            theirs.forward(input).square().sum().backward();
            Assert.Equal(nn.utils.clip_grad_norm_(theirs.parameters(), 1), norm, 1e-4);
            adam.step();
        }

        Assert.All(ours.parameters().Zip(theirs.parameters()), pair => Assert.True(pair.First.allclose(pair.Second, 1e-5, 1e-6)));
        Assert.Equal(20, flat.StepCount);
    }

    [Fact]
    public void Gradients_add_up_until_they_are_forgotten_and_a_parameter_without_one_stays()
    {
        using var scope = NewDisposeScope();
        var (used, unused) = (new Parameter(ones(2)), new Parameter(ones(3)));
        using var adam = new FlatAdam([used, unused], 0.1);
        adam.ZeroGrad();
        used.sum().backward();
        used.sum().backward();
        Assert.Equal(Math.Sqrt(8), adam.ClipNorm(100), 1e-6);
        adam.ZeroGrad();
        used.sum().backward();
        Assert.Equal(Math.Sqrt(2), adam.ClipNorm(100), 1e-6);
        adam.Step();
        Assert.True(used.allclose(full(2, 0.9f)));
        Assert.True(unused.equal(ones(3)).all().item<bool>());
    }

    [Fact]
    public void A_gradient_that_is_not_a_number_shows_in_the_norm()
    {
        using var scope = NewDisposeScope();
        var weight = new Parameter(ones(2));
        using var adam = new FlatAdam([weight], 0.1);
        (weight * float.NaN).sum().backward();
        Assert.False(double.IsFinite(adam.ClipNorm(1)));
    }

    [Fact]
    public void Restored_it_goes_on_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        var (whole, cut, resumed, input) = (Net(), Net(), Net(), randn(8, 5));
        Run(whole, input, 7, null);
        var state = Run(cut, input, 3, null);
        resumed.load_state_dict(cut.state_dict());
        Run(resumed, input, 4, state);
        Assert.All(whole.parameters().Zip(resumed.parameters()), pair => Assert.True(pair.First.equal(pair.Second).all().item<bool>()));
    }

    [Fact]
    public void A_state_of_another_network_is_refused_by_name()
    {
        using var scope = NewDisposeScope();
        using var small = new FlatAdam([new Parameter(ones(2))], 0.1);
        using var large = new FlatAdam([new Parameter(ones(3))], 0.1);
        Assert.Equal(
            "The training state's 'adam.first' has 2 values, this network needs 3. Start the round anew.",
            Assert.Throws<InvalidDataException>(() => large.Restore(small.State())).Message);
        Assert.StartsWith("The training state has no 'adam.first'", Assert.Throws<InvalidDataException>(() => large.Restore(new Dictionary<string, Tensor>())).Message);
    }

    /// <summary>Steps of optimiser and average; ends with the averages in the weights only when the run is the last.</summary>
    private static Dictionary<string, Tensor> Run(Sequential net, Tensor input, int stepCount, Dictionary<string, Tensor>? from)
    {
        using var adam = new FlatAdam(net.parameters(), 1e-2);
        using var average = new WeightAverage([adam.Weights]);
        if (from is not null)
        {
            adam.Restore(from);
            average.Restore(from);
        }

        for (int i = 0; i < stepCount; i++)
        {
            adam.ZeroGrad();
            net.forward(input).square().sum().backward();
            adam.ClipNorm(1);
            adam.Step();
            average.Push();
        }

        Dictionary<string, Tensor> state = new(adam.State().Concat(average.State()));
        if (stepCount > 3) average.Settle();
        return state;
    }

    private static Sequential Net()
    {
        manual_seed(3);
        return nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 2));
    }
}
