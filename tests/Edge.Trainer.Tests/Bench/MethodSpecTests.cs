using System.Text.Json;
using Edge.Config;
using Edge.Storage;
using Edge.Trainer.Bench;

namespace Edge.Trainer.Tests.Bench;

/// <summary>A method as text.</summary>
public class MethodSpecTests
{
    private static readonly TrainingSection s_defaults = new() { Epochs = 7, Seed = 9, BatchSize = 16 };

    [Fact]
    public void A_name_alone_keeps_the_defaults()
    {
        Assert.Equal(Text(s_defaults with { Method = "er" }), Text(MethodSpec.Parse("er", s_defaults)));
        Assert.Equal(Text(s_defaults with { Method = "joint" }), Text(MethodSpec.Parse("joint:", s_defaults)));
    }

    [Fact]
    public void Settings_are_taken_from_the_text_nested_ones_too()
    {
        var plan = MethodSpec.Parse("scr:learningRate=0.003,batchSize=32,augmentation.rotationDegrees=12", s_defaults);
        Assert.Equal(("scr", 0.003, 32, 7, 9), (plan.Method, plan.LearningRate, plan.BatchSize, plan.Epochs, plan.Seed));
        Assert.Equal((12, 0.03, 0.1), (plan.Augmentation.RotationDegrees, plan.Augmentation.Jitter, plan.Augmentation.Scaling));
    }

    [Fact]
    public void A_word_needs_no_quotes() => Assert.Equal(("er", "resnet", "auto"), (MethodSpec.Parse("er:backbone=resnet", s_defaults).Method, MethodSpec.Parse("er:backbone=resnet", s_defaults).Backbone, MethodSpec.Parse("er", s_defaults).Backbone));

    [Theory]
    [InlineData("er:momentum=0.9", "'momentum=0.9' in 'er:momentum=0.9' is no setting")]
    [InlineData("er:augmentation.shake=1", "'augmentation.shake=1' in")]
    [InlineData("er:nothing.jitter=1", "is no setting of the training section")]
    [InlineData("er:batchSize", "'batchSize' in 'er:batchSize' is no setting")]
    [InlineData("er:batchSize=many", "'er:batchSize=many'")]
    [InlineData("er:batchSize=8x", "'batchSize=8x' in 'er:batchSize=8x' has no value that can be read")]
    [InlineData("er:batchSize=", "has no value that can be read")]
    [InlineData("er:batchSize=true", "'er:batchSize=true'")]
    public void Text_that_is_wrong_is_refused_with_its_words(string text, string said) =>
        Assert.Contains(said, Assert.Throws<ArgumentException>(() => MethodSpec.Parse(text, s_defaults)).Message);

    [Theory]
    [InlineData("er")]
    [InlineData("erAce")]
    [InlineData("derpp")]
    [InlineData("pcr")]
    public void A_replay_batch_that_the_method_would_cut_is_refused_with_the_key_that_is_not(string method)
    {
        string said = Assert.Throws<ArgumentException>(() => MethodSpec.Parse($"{method}:replayBatchSize=64", s_defaults)).Message;
        Assert.StartsWith($"'replayBatchSize=64' in '{method}:replayBatchSize=64' would have no effect: {method} replays at most 32 windows a step. Write bench.replayBatchSize=64 to measure it with more.", said);
        Assert.Equal(32, MethodSpec.Parse($"{method}:replayBatchSize=32", s_defaults).ReplayBatchSize);
        Assert.Equal(64, MethodSpec.Variant($"{method}:bench.replayBatchSize=64").ReplayBatchSize);
    }

    [Fact]
    public void A_method_that_takes_any_replay_batch_is_given_it() => Assert.Equal(128, MethodSpec.Parse("supconReplay:replayBatchSize=128", s_defaults).ReplayBatchSize);

    [Theory]
    [InlineData("er:bench.replayBatchSize=0", "is 0; expected 1 to 4096")]
    [InlineData("edge:bench.lambda=0", "is 0; expected above 0")]
    [InlineData("derpp:bench.views=true", "it is for er and erAce")]
    public void Means_that_do_not_fit_are_refused(string text, string said) => Assert.Contains(said, Assert.Throws<ArgumentException>(() => MethodSpec.Variant(text)).Message);

    [Fact]
    public void What_the_benchmark_alone_can_try_is_no_part_of_the_training_section()
    {
        const string text = "edge:bench.viewWeight=0.3,bench.view.rotationDegrees=10,bench.firstSession=true,epochs=4";
        Assert.Equal(Text(s_defaults with { Method = "edge", Epochs = 4 }), Text(MethodSpec.Parse(text, s_defaults)));
        var variant = MethodSpec.Variant(text);
        Assert.Equal(((double?)0.3, 10, (bool?)true, (bool?)null), (variant.ViewWeight, variant.View.RotationDegrees, variant.FirstSession, variant.CountAnchors));
    }

    [Theory]
    [InlineData("edge", null, null)]
    [InlineData("frozenRidge:bench.viewWeight=0.5", null, 0.5)]
    [InlineData("edge:bench.firstSession=false", false, null)]
    [InlineData("edge:bench.firstSession=true,epochs=2", true, null)]
    public void A_variant_says_nothing_unless_it_is_asked_for(string text, bool? firstSession, double? viewWeight)
    {
        var variant = MethodSpec.Variant(text);
        Assert.Equal((firstSession, viewWeight, (bool?)null), (variant.FirstSession, variant.ViewWeight, variant.CountAnchors));
    }

    [Fact]
    public void What_comes_before_the_first_label_and_what_is_remembered_are_words()
    {
        var variant = MethodSpec.Variant("er:bench.pretrain=first,bench.pretrainEpochs=3,bench.pretrainView.crop=0.5,bench.retention=classBalanced");
        Assert.Equal((UnlabelledWindows.First, 3, 0.5, RetentionKind.ClassBalanced), (variant.Pretrain, variant.PretrainEpochs, variant.PretrainView.Crop, variant.Retention));
        Assert.Equal((null, null), (MethodSpec.Variant("er").Pretrain, MethodSpec.Variant("er").Retention));
    }

    [Theory]
    [InlineData("er:bench.pretrain=some", "Write one of first, all.")]
    [InlineData("er:bench.retention=4", "Write one of classBalanced, reservoir, ring, herding, segmented.")]
    [InlineData("er:bench.pretrainEpochs=0", "'bench.pretrainEpochs' in 'er:bench.pretrainEpochs=0' is 0; expected at least 1")]
    [InlineData("edge:bench.magic=true", "'bench.magic=true' in 'edge:bench.magic=true' is no setting")]
    [InlineData("edge:bench.viewWeight=1.5", "'bench.viewWeight' in 'edge:bench.viewWeight=1.5' is 1.5; expected 0 to 1")]
    [InlineData("edge:bench.viewWeight=-0.1", "is -0.1; expected 0 to 1")]
    [InlineData("edge:bench.firstSession=often", "bench.firstSession")]
    public void A_variant_that_is_wrong_is_refused_with_its_words(string text, string said) =>
        Assert.Contains(said, Assert.Throws<ArgumentException>(() => MethodSpec.Variant(text)).Message);

    private static string Text(TrainingSection plan) => JsonSerializer.Serialize(plan);
}
