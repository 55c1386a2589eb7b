using System.Text.Json;
using Edge.Config;
using Edge.Trainer.Backbones;
using Edge.Trainer.Bench;
using Edge.Trainer.Methods;
using static TorchSharp.torch;

namespace Edge.Trainer.Tests.Bench;

/// <summary>Whole cells on waves: seconds each, effects that no seed hides.</summary>
public class BenchCellTests
{
    [Fact]
    public void The_same_spec_gives_the_same_result_to_the_last_bit_however_many_threads_there_were()
    {
        using var file = new WavesFile(BenchWaves.Windows(noise: 1));
        string once = Text(file.Run(BenchWaves.Spec("edge:epochs=2")));
        set_num_threads(2);
        try
        {
            Assert.Equal(once, Text(file.Run(BenchWaves.Spec("edge:epochs=2"))));
            Assert.Equal(1, get_num_threads());
        }
        finally
        {
            set_num_threads(1);
        }

        Assert.NotEqual(once, Text(file.Run(BenchWaves.Spec("edge:epochs=2", seed: 2))));
    }

    [Fact]
    public void Which_file_is_read_and_how_far_is_told_before_anything_is_learnt()
    {
        using var file = new WavesFile(BenchWaves.Windows());
        List<CellProgress> told = [];
        BenchData.Read(BenchWaves.Spec("er") with { Data = file.Path }, told.Add, TestContext.Current.CancellationToken);
        Assert.Equal((0, 0.0), (told[^1].Step, told[^1].Share));
        Assert.Matches($@"^reading .+ \((\d+\.\d) of \1 MiB\)$", told[^1].What);
    }

    [Fact]
    public void Naive_forgets_what_joint_and_replay_keep()
    {
        using var file = new WavesFile(BenchWaves.Windows());
        var (naive, joint, replay) = (file.Run(BenchWaves.Spec("naive")), file.Run(BenchWaves.Spec("joint")), file.Run(BenchWaves.Spec("er")));
        Assert.True(naive.Accuracy[0][0] > 0.9, $"naive learnt its first step only to {naive.Accuracy[0][0]}");
        Assert.True(naive.Accuracy[1][0] < 0.1, $"naive still has {naive.Accuracy[1][0]} of the first step");
        foreach (var kept in new[] { joint, replay }) Assert.All(kept.Accuracy[1], a => Assert.True(a > 0.9, $"{kept.Spec.Method} ends at {a}"));
        Assert.True(naive.Cka[1] < replay.Cka[1]);
        Assert.True(naive.PrototypeDrift[1] > replay.PrototypeDrift[1]);
    }

    [Theory]
    [InlineData("resnet")]
    [InlineData("transformer")]
    [InlineData("mlp")]
    public void A_cell_learns_with_the_backbone_that_its_method_names(string backbone)
    {
        using var file = new WavesFile(BenchWaves.Windows(perClass: 24));
        var (chosen, usual) = (file.Run(BenchWaves.Spec($"er:epochs=2,backbone={backbone}")), file.Run(BenchWaves.Spec("er:epochs=2")));
        Assert.NotEqual(Text(usual with { Spec = chosen.Spec }), Text(chosen));
        Assert.True(chosen.ReadOuts["ridge"][^1] > 0.7, $"{backbone} ends at {chosen.ReadOuts["ridge"][^1]}");
    }

    [Fact]
    public void A_result_has_a_row_and_a_column_for_every_step_and_none_is_known_before_it_is_met()
    {
        using var file = new WavesFile(BenchWaves.Windows(classCount: 3));
        var result = file.Run(BenchWaves.Spec("er"));
        Assert.Equal(2, result.Steps.Count); // Two classes, and the one left over.
        Assert.Equal([2, 2], result.Accuracy.Select(row => row.Count));
        Assert.Equal(0, result.Accuracy[0][1]);
        Assert.Equal([60, 90], result.Curve.Select(p => p.WindowCount)); // 30 of the 40 windows of a class: six of eight people.
        Assert.Equal(result.Accuracy[0][0], result.Curve[0].Accuracy);
        Assert.Equal((1, 0), (result.Cka[0], result.PrototypeDrift[0]));
        Assert.Equal(["head", "ncm", "pooled", "ridge"], result.ReadOuts.Keys.Order(StringComparer.Ordinal));
        Assert.All(result.ReadOuts.Values, row => Assert.Equal(2, row.Count));
        Assert.Equal(5 * 2 + 5 * 1, result.StepCount); // Batches of 32.
        Assert.True(result.TrainingSeconds > 0);
        Assert.Contains("judged on 2 of 8 subjects, drawn by the seed", result.Notes);
    }

    [Fact]
    public void Frozen_ridge_does_not_care_for_the_order_of_the_classes()
    {
        var windows = BenchWaves.Windows(perClass: 60, noise: 3);
        var data = BenchWaves.Data(windows);
        var finals = Enumerable.Range(1, 3).Select(seed =>
        {
            using var learner = new ContinualLearner(BenchWaves.Spec("frozenRidge", seed: seed) with { BufferShare = 1 }, data, TestContext.Current.CancellationToken);
            foreach (var step in LearningStream.Classes(data, seed)) learner.Learn(step.Train, _ => { });
            using var scope = NewDisposeScope();
            return learner.Judge().Chosen;
        }).ToList();
        Assert.Equal(3, Enumerable.Range(1, 3).Select(seed => string.Join(' ', LearningStream.ClassOrder(data.Train, seed).Chunk(2).Select(c => string.Join('+', c.Order())))).Distinct().Count());
        Assert.Equal(finals[0], finals[1]);
        Assert.Equal(finals[0], finals[2]);
        double accuracy = finals[0].Zip(data.Test.Classes).Count(p => p.First == p.Second) / (double)data.Test.Count;
        Assert.InRange(accuracy, 0.5, 0.99); // Were it perfect, agreement would prove nothing.
    }

    [Fact]
    public void The_online_protocol_takes_every_window_once_in_batches_of_16_unless_told_otherwise()
    {
        using var file = new WavesFile(BenchWaves.Windows());
        var result = file.Run(BenchWaves.Spec("er", Protocol.Online));
        Assert.Equal(2 * 4, result.StepCount); // Two steps of 60 windows.
        Assert.Equal(2 * 2, file.Run(BenchWaves.Spec("er:batchSize=32", Protocol.Online)).StepCount);
        Assert.Contains("sees every window once", Assert.Throws<ArgumentException>(() => file.Run(BenchWaves.Spec("er:epochs=2", Protocol.Online))).Message);
    }

    [Fact]
    public void An_online_round_does_not_end_where_a_step_ends()
    {
        using var file = new WavesFile(BenchWaves.Windows(perClass: 240));
        var result = file.Run(BenchWaves.Spec("er:batchSize=64", Protocol.Online)); // Two steps of 360 windows.
        Assert.Equal([256, 512, 720], result.Curve.Select(p => p.WindowCount));
        Assert.Equal(256 / 64 * 2 + (720 - 512 + 63) / 64, result.StepCount);
        Assert.Equal(2, result.Accuracy.Count);
    }

    [Fact]
    public void Steps_that_end_in_one_online_round_are_judged_at_its_end()
    {
        using var file = new WavesFile(BenchWaves.Windows());
        var result = file.Run(BenchWaves.Spec("er", Protocol.Online)); // Two steps of 60 windows.
        Assert.Equal([120, 120], result.Curve.Select(p => p.WindowCount));
        Assert.Equal(result.Accuracy[1], result.Accuracy[0]);
    }

    [Fact]
    public void Joint_is_an_upper_bound_online_too()
    {
        using var file = new WavesFile(BenchWaves.Windows());
        Assert.All(file.Run(BenchWaves.Spec("joint:epochs=8", Protocol.Online)).Accuracy[1], a => Assert.True(a > 0.9, $"joint ends at {a}"));
    }

    [Fact]
    public void A_recording_without_domains_gets_faults_of_the_sensor_as_domains()
    {
        using var file = new WavesFile(BenchWaves.Windows());
        var result = file.Run(BenchWaves.Spec("frozenRidge", Protocol.Domain));
        Assert.Equal(SensorFaults.Names, result.Steps);
        Assert.All(result.Accuracy[3], a => Assert.True(a > 0.7, $"{a}"));
        Assert.Equal("frozen", Assert.Single(result.ReadOuts.Keys, name => name == "frozen"));
        Assert.StartsWith("frozen ridge, λ ", result.ReadOut);
    }

    [Fact]
    public void Recorded_domains_are_learnt_one_after_the_other_and_one_may_lack_a_class()
    {
        var windows = BenchWaves.Windows();
        // The second day is the second half of every class but the last, which was recorded on the first day alone.
        windows = windows with { Domains = [.. windows.Classes.Select((c, i) => c < 3 ? i % 2 : 0)], DomainNames = ["day 1", "day 2"] };
        using var file = new WavesFile(windows);
        var result = file.Run(BenchWaves.Spec("er", Protocol.Domain));
        Assert.Equal(["day 1", "day 2"], result.Steps);
        Assert.True(result.Accuracy[1][0] > 0.9, $"{result.Accuracy[1][0]}");
    }

    [Theory]
    [InlineData("frozenRidge", 1.0)]
    [InlineData("er", 0.9)]
    public void A_new_class_is_known_from_a_few_windows_and_the_old_ones_stay(string method, double oldAtLeast)
    {
        using var file = new WavesFile(BenchWaves.Windows());
        var result = file.Run(BenchWaves.Spec(method, Protocol.FewShot));
        Assert.Equal([1, 2, 5, 10], result.FewShot.Select(p => p.Shots));
        Assert.Single(result.FewShot.Select(p => p.OldBefore).Distinct());
        foreach (var point in result.FewShot.Skip(2))
        {
            Assert.True(point.NewAccuracy > 0.85, $"{point}");
            Assert.True(point.OldBefore >= oldAtLeast && point.OldAfter > point.OldBefore - 0.05, $"{point}");
        }

        Assert.Empty(result.Accuracy);
        Assert.StartsWith(method == "er" ? "ncm" : "frozen ridge", result.ReadOut);
    }

    [Fact]
    public void A_step_that_cannot_be_judged_or_learnt_is_refused_and_not_counted_as_nought()
    {
        var windows = BenchWaves.Windows(classCount: 3);
        // The third class was recorded by one person: either all of it is learnt from or all of it judged on.
        windows = windows with { Subjects = [.. windows.Subjects.Select((s, i) => windows.Classes[i] == 2 ? 0 : s)] };
        int alone = Enumerable.Range(1, 50).First(seed => LearningStream.ClassOrder(windows, seed)[^1] == 2);
        using var file = new WavesFile(windows);
        Assert.Matches("^the step 'still' has (0|40) windows to learn from and (40|0) to judge on", Assert.Throws<InvalidDataException>(() => file.Run(BenchWaves.Spec("er", seed: alone))).Message);
        Assert.DoesNotContain("still", file.Run(BenchWaves.Spec("er", Protocol.FewShot, alone)).Steps[1]);
    }

    [Fact]
    public void The_frozen_method_has_no_row_where_the_backbone_alone_counts()
    {
        using var file = new WavesFile(BenchWaves.Windows());
        Assert.Contains("track open alone", Assert.Throws<ArgumentException>(() => file.Run(BenchWaves.Spec("frozenRidge") with { Track = Track.SameBackbone })).Message);
        var edge = file.Run(BenchWaves.Spec("edge:epochs=1") with { Track = Track.SameBackbone });
        Assert.DoesNotContain("frozen", edge.ReadOuts.Keys);
    }

    [Theory]
    [InlineData("edge:epochs=1", Protocol.Tscil)]
    [InlineData("derpp:epochs=1", Protocol.Domain)]
    [InlineData("frozenRidge", Protocol.Tscil)]
    public void A_cell_leaves_no_tensor_behind(string method, Protocol protocol)
    {
        using var file = new WavesFile(BenchWaves.Windows(perClass: 24));
        file.Run(BenchWaves.Spec(method, protocol)); // What torch sets up once.
        long ofNet = Growth(() =>
        {
            // TorchSharp counts the tensor that a parameter was made from until the collector comes by, although the parameter has taken its memory over.
            using var kind = MethodCatalogue.Create(new TrainingSection { Method = method.Split(':')[0] });
            using var scope = NewDisposeScope();
            new LearnerNet(BackboneCatalogue.Create(BackboneCatalogue.NameFor(SyntheticWaves.Window), 3, 128), SyntheticWaves.Classes, kind.Head).Dispose();
        });
        long ofCell = Growth(() => file.Run(BenchWaves.Spec(method, protocol)));
        Assert.True(ofCell <= ofNet, $"a cell leaves {ofCell} tensors, its network accounts for {ofNet}");
    }

    private static long Growth(Action work)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Tensor.TotalCount;
        work();
        return Tensor.TotalCount - before;
    }

    private static string Text(CellResult result) => JsonSerializer.Serialize(result with { TrainingSeconds = 0 });
}
