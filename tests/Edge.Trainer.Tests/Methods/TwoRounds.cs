using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Methods;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Methods;

/// <summary>Two rounds on the synthetic waves: classes 0 and 1 first, then 2 and 3 with some of the old windows to replay.</summary>
internal static class TwoRounds
{
    public static RoundSamples First(int perClass) => SyntheticWaves.Draw([0, 1], perClass, isFresh: true, seed: 1);

    public static RoundSamples Second(int perClass, int replayedPerClass) =>
        SyntheticWaves.Together(SyntheticWaves.Draw([2, 3], perClass, isFresh: true, seed: 3), SyntheticWaves.Draw([0, 1], replayedPerClass, isFresh: false, seed: 1));

    public static LearnerNet Net(HeadKind head, IReadOnlyList<string>? classes = null)
    {
        manual_seed(1);
        return new LearnerNet(new TscilCnn(SyntheticWaves.Window.ChannelCount), classes ?? SyntheticWaves.Classes, head);
    }

    /// <summary>The checkpoint after both rounds.</summary>
    public static byte[] Bytes(TrainingSection plan, int perClass = 12, int replayedPerClass = 6)
    {
        using var method = MethodCatalogue.Create(plan);
        using var net = Net(method.Head);
        OneRound.Train(method, net, First(perClass), plan);
        OneRound.Train(method, net, Second(perClass, replayedPerClass), plan);
        return LearnerCheckpoint.ToBytes(net, new MethodState(plan.Method, net.Classes, method.State()));
    }

    /// <summary>Share of held-out windows of <paramref name="classes"/> that the head puts into their class, of all classes.</summary>
    public static double HeadAccuracy(LearnerNet net, int[] classes)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        net.eval();
        using var test = new TrainingPool(SyntheticWaves.Draw(classes, 25, isFresh: true, seed: 2));
        return net.Logits(net.Backbone.forward(test.Windows)).argmax(1).eq(test.Labels).to_type(ScalarType.Float64).mean().item<double>();
    }
}
