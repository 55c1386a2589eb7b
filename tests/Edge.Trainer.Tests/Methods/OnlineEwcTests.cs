using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Methods;

public class OnlineEwcTests
{
    private static readonly TrainingSection s_plan = new() { Method = "ewc", Epochs = 2, BatchSize = 16 };

    [Fact]
    public void The_penalty_is_zero_at_its_anchor_and_grows_with_the_square_of_the_distance()
    {
        using var scope = NewDisposeScope();
        using var method = new OnlineEwc();
        using var net = TwoRounds.Net(method.Head);
        Assert.Null(method.Penalty(net)); // Nothing has been learnt yet.
        OneRound.Train(method, net, TwoRounds.First(8), s_plan);
        Assert.Equal(0, method.Penalty(net)!.item<float>());
        float near = Moved(0.01), far = Moved(0.01);
        Assert.True(near > 0);
        Assert.Equal(4, far / near, 1e-2);

        float Moved(double by)
        {
            using var _ = no_grad();
            foreach (var weight in net.parameters()) weight.add_(by);
            return method.Penalty(net)!.item<float>();
        }
    }

    [Fact]
    public void Stiffer_springs_let_the_weights_that_mattered_move_less()
    {
        var (stiff, free) = (Distance(100), Distance(0)); // Adam's first steps are as long as its rate whatever pulls: it takes a few to come back.
        Assert.True(stiff < 0.5 * free, $"{stiff} against {free}");

        static double Distance(double strength)
        {
            using var scope = NewDisposeScope();
            using var method = new OnlineEwc(strength);
            using var net = TwoRounds.Net(method.Head);
            OneRound.Train(method, net, TwoRounds.First(16), s_plan with { Epochs = 4 });
            var state = method.State().ToDictionary(pair => pair.Key, pair => pair.Value.clone());
            OneRound.Train(method, net, TwoRounds.Second(16, 0), s_plan with { Epochs = 8 });
            return net.named_parameters().Sum(p => (state[$"fisher.{p.name}"] * (p.parameter - state[$"anchor.{p.name}"]).square()).sum().item<float>());
        }
    }

    [Fact]
    public void The_fisher_information_of_the_rounds_before_fades()
    {
        using var scope = NewDisposeScope();
        using var net = TwoRounds.Net(HeadKind.Linear);
        using var forgetful = new OnlineEwc(decay: 0);
        using var faithful = new OnlineEwc(decay: 1);
        foreach (var method in new[] { forgetful, faithful })
        {
            using var pool = new TrainingPool(TwoRounds.First(4));
            var round = new MethodRound(net, pool, [.. Enumerable.Range(0, pool.Count)], [], TestContext.Current.CancellationToken);
            net.See([0, 1]);
            method.EndRound(round);
            method.EndRound(round);
        }

        Assert.Equal(1, forgetful.State().Where(pair => pair.Key.StartsWith("fisher.", StringComparison.Ordinal)).Sum(pair => pair.Value.sum().item<float>()) / net.parameters().Sum(w => w.numel()), 1e-4);
        var (once, twice) = (forgetful.State()["fisher.head.weight"], faithful.State()["fisher.head.weight"]);
        Assert.True(once.sum().item<float>() > 0);
        Assert.True(twice.allclose(once * 2));
    }

    [Fact]
    public void Restored_with_a_head_that_has_grown_it_goes_on_with_the_new_rows_free()
    {
        using var scope = NewDisposeScope();
        using var first = new OnlineEwc();
        using var net = TwoRounds.Net(first.Head, ["both", "single"]);
        OneRound.Train(first, net, TwoRounds.First(8), s_plan);
        using var second = new OnlineEwc();
        second.Restore(first.State());
        using var grown = TwoRounds.Net(first.Head);
        Assert.Null(OneRound.Train(second, grown, TwoRounds.Second(8, 0), s_plan).AbandonedBecause);
        Assert.Equal([4, 128], second.State()["anchor.head.weight"].shape);
    }
}
