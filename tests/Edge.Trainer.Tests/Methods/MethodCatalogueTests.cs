using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Edge.Config;
using Edge.Trainer.Bench;
using Edge.Trainer.Methods;
using Edge.Trainer.Rounds;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Methods;

public class MethodCatalogueTests
{
    private static readonly TrainingSection s_plan = new() { Epochs = 2, BatchSize = 8, ReplayBatchSize = 8 };

    public static TheoryData<string> Names => [.. MethodCatalogue.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_method_learns_two_rounds_with_a_flat_number_of_tensors(string name)
    {
        GC.Collect(); // Else tensors that earlier tests left to it would vanish while these are counted.
        GC.WaitForPendingFinalizers();
        var plan = s_plan with { Method = name };
        using var net = TwoRounds.Net(MethodCatalogue.Create(plan).Head);
        Learn(TwoRounds.First(12)); // The gradients live from here on.
        long before = Tensor.TotalCount;
        Learn(TwoRounds.Second(12, 6));
        Assert.Equal(before, Tensor.TotalCount);
        Assert.All(net.IsSeen, Assert.True);

        void Learn(RoundSamples samples)
        {
            using var method = MethodCatalogue.Create(plan);
            var counts = new List<long>();
            var outcome = OneRound.Train(method, net, samples, plan, (_, _, _) => counts.Add(Tensor.TotalCount));
            Assert.Null(outcome.AbandonedBecause);
            Assert.Equal(method.Trains ? 6 : 0, outcome.StepCount);
            Assert.All(counts.Skip(1), count => Assert.Equal(counts[1], count));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_seed_gives_the_same_checkpoint_to_the_byte(string name)
    {
        var plan = s_plan with { Method = name, Epochs = 1 };
        Assert.Equal(TwoRounds.Bytes(plan), TwoRounds.Bytes(plan));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Thin_rounds_train_as_well(string name)
    {
        var plan = s_plan with { Method = name, Epochs = 4 };
        using var method = MethodCatalogue.Create(plan);
        using var net = TwoRounds.Net(method.Head);
        Assert.Null(OneRound.Train(method, net, SyntheticWaves.Draw([0], 1, isFresh: true, seed: 1), plan).AbandonedBecause);
        if (method.Replays) Assert.Null(OneRound.Train(method, net, SyntheticWaves.Draw([0, 1], 3, isFresh: false, seed: 1), plan).AbandonedBecause);
    }

    /// <summary>Each constant, a method that reads it and one that does not.</summary>
    [Theory]
    [InlineData("irdTemperature=0.5", "edge", "pcr")]
    [InlineData("irdParentTemperature=0.2", "supconReplay", "co2l")]
    [InlineData("co2lTemperature=0.1", "co2l", "edge")]
    [InlineData("co2lParentTemperature=0.2", "co2l", "edge")]
    [InlineData("co2lDistillationWeight=0", "co2l", "edge")]
    [InlineData("derLogitWeight=2", "derpp", "er")]
    [InlineData("derLabelWeight=0", "derpp", "er")]
    [InlineData("ewcStrength=100", "ewc", "naive")]
    [InlineData("ewcDecay=0", "ewc", "naive")]
    [InlineData("lwfDistillationWeight=0", "lwf", "naive")]
    [InlineData("lwfTemperature=10", "lwf", "naive")]
    [InlineData("pcrTemperature=0.5", "pcr", "er")]
    public void A_constant_changes_the_method_that_it_is_named_for_and_no_other(string setting, string reads, string doesNot)
    {
        Assert.NotEqual(Bytes(reads), Bytes($"{reads}:constants.{setting}"));
        Assert.Equal(Bytes(doesNot), Bytes($"{doesNot}:constants.{setting}"));

        byte[] Bytes(string method) => TwoRounds.Bytes(MethodSpec.Parse(method, s_plan with { Epochs = 1 }), perClass: 8, replayedPerClass: 4);
    }

    [Fact]
    public void Every_constant_has_a_line_in_the_test_above()
    {
        var lines = GetType().GetMethod(nameof(A_constant_changes_the_method_that_it_is_named_for_and_no_other))!.GetCustomAttributes<InlineDataAttribute>();
        Assert.Equal(
            typeof(MethodConstantsSection).GetProperties().Select(p => p.Name.ToUpperInvariant()).Order(StringComparer.Ordinal),
            lines.Select(line => ((string)line.Data[0]!).Split('=')[0].ToUpperInvariant()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Configuration_allows_every_method_but_joint_which_needs_every_window_ever_labelled()
    {
        var allowed = typeof(TrainingSection).GetProperty(nameof(TrainingSection.Method))!.GetCustomAttribute<AllowedValuesAttribute>()!;
        Assert.Equal(MethodCatalogue.Names.Except(["joint"]), allowed.Values.Cast<string>().Order(StringComparer.Ordinal));
        Assert.Equal(["joint"], MethodCatalogue.Names.Where(name =>
        {
            using var method = MethodCatalogue.Create(s_plan with { Method = name });
            return method.SeesEverything;
        }));
    }

    [Fact]
    public void Its_name_tells_whether_a_method_trains() => Assert.All(MethodCatalogue.Names, name =>
    {
        using var method = MethodCatalogue.Create(s_plan with { Method = name });
        Assert.Equal(method.Trains, MethodCatalogue.Trains(name));
    });

    [Fact]
    public void A_method_that_is_unknown_is_refused_with_the_list() =>
        Assert.StartsWith(
            "training.method 'er-ace' is unknown. There are co2l, derpp, edge, er, erAce, ewc, frozenRidge, joint, lwf, naive, pcr, scr, supconReplay.",
            Assert.Throws<ArgumentException>(() => MethodCatalogue.Create(s_plan with { Method = "er-ace" })).Message,
            StringComparison.Ordinal);
}
