using Edge.Runtime.Bench;
using Edge.Trainer.Bench;

namespace Edge.Runtime.Tests.Bench;

public sealed class BenchPlanReaderTests
{
    private static readonly BenchWords s_words = new("uci-har", "tscil", "naive,er", "5", null, "0.05", "open", false);

    [Fact]
    public void A_plan_has_a_cell_for_every_data_set_seed_and_method_the_first_seed_of_all_methods_first()
    {
        var plan = Read(s_words with { Data = "uci-har,uea:ERing", Seeds = "2" });
        Assert.Equal(
            ["uci-har naive 1", "uci-har er 1", "uci-har naive 2", "uci-har er 2", "uea:ERing naive 1", "uea:ERing er 1", "uea:ERing naive 2", "uea:ERing er 2"],
            plan.Cells().Select(c => $"{c.Data} {c.Method} {c.Seed}"));
        Assert.All(plan.Cells(), c => Assert.Equal((Protocol.Tscil, 5, 0.05, Track.Open, false), (c.Protocol, c.Epochs, c.BufferShare, c.Track, c.Validation)));
    }

    [Fact]
    public void A_method_carries_its_settings_past_the_commas_between_methods() =>
        Assert.Equal(["naive", "er:learningRate=0.003,batchSize=16", "supconReplay:temperature=0.2"], Read(s_words with { Methods = "naive,er:learningRate=0.003,batchSize=16,supconReplay:temperature=0.2" }).Methods);

    [Theory]
    [InlineData("nonsense", "there is no method 'nonsense'. There are ")]
    [InlineData("", "there is no method ''")]
    [InlineData("er,er", "'er' is given twice")]
    [InlineData("er:learningRate=7", "training.learningRate is 7 but must be")]
    [InlineData("er:learningRat=0.1", "learningRat")]
    [InlineData("er:batchSize=many", "training.batchSize is \"many\" but must be an integer from 2 to 4096")]
    [InlineData("er:batchSize=8x", "'batchSize=8x' in 'er:batchSize=8x' is not a setting. Write key=value")]
    [InlineData("ewc:constants.ewcDecay=1.5", "training.constants.ewcDecay is 1.5 but must be a number from 0 to 1")]
    [InlineData("er:backbone=lstm", "training.backbone is \"lstm\" but must be one of \"auto\", \"cnn\", \"resnet\", \"transformer\", \"mlp\"")]
    [InlineData("er:batchSize", "is not a setting. Write key=value")]
    [InlineData("er:batchSize=8,batchSize=16", "'batchSize' in 'er:batchSize=8,batchSize=16' is given twice")]
    [InlineData("er:seed=3", "--seeds gives it")]
    [InlineData("er:method=2", "it is the name before the colon")]
    public void A_method_that_cannot_be_run_is_refused_with_the_reason(string methods, string reason) => Assert.Contains(reason, Assert.Single(Refused(s_words with { Methods = methods })));

    [Fact]
    public void A_method_can_choose_its_backbone_by_a_word() => Assert.Equal(["er:backbone=resnet,epochs=2", "ewc:constants.ewcStrength=10"], Read(s_words with { Methods = "er:backbone=resnet,epochs=2,ewc:constants.ewcStrength=10" }).Methods);

    [Fact]
    public void Everything_that_is_wrong_is_named_at_once_with_what_there_is()
    {
        Assert.Equal(
            [
                "--data 'a,,b': a name is empty. Write names or paths separated by single commas, for example uci-har,uea:BasicMotions.",
                "--protocol 'class' is unknown. There are tscil, online, domain, fewshot.",
                "--track 'closed' is unknown. There are open, same-backbone.",
                "--seeds '5-1': expected a count such as 5 (seeds 1 to 5), a range such as 1-5 or a list such as 3,7; at most 1000, none twice.",
                "--epochs '0': expected a count from 1 to 1000.",
                "--buffer '5%': expected a share of the training windows from 0 to 1, for example 0.05 for 5 %.",
            ],
            Refused(s_words with { Data = "a,,b", Protocol = "class", Track = "closed", Seeds = "5-1", Epochs = "0", Buffer = "5%" }));
    }

    [Fact]
    public void One_pass_is_one_pass()
    {
        Assert.Equal(1, Read(s_words with { Protocol = "online" }).Epochs);
        Assert.Contains("Leave --epochs out", Assert.Single(Refused(s_words with { Protocol = "online", Epochs = "5" })));
    }

    [Fact]
    public void What_cannot_be_run_together_is_refused_before_anything_runs()
    {
        Assert.Equal(
            "--methods: 'frozenRidge' on --track same-backbone: it trains no backbone and reads out frozen features alone, which only --track open allows. Leave it out, or choose that track.",
            Assert.Single(Refused(s_words with { Methods = "er,frozenRidge,edge", Track = "same-backbone" })));
        Assert.Equal(
            "--methods: 'er:epochs=3': the online protocol sees every window once, epochs is 3. Leave epochs out, or choose --protocol tscil.",
            Assert.Single(Refused(s_words with { Methods = "er:epochs=3,naive:epochs=1,joint:epochs=3", Protocol = "online" })));
        Assert.Equal(2, Refused(s_words with { Methods = "frozenRidge:epochs=2", Track = "same-backbone", Protocol = "online" }).Count);
        Assert.Equal(3, Read(s_words with { Methods = "frozenRidge,er:epochs=3,joint" }).Methods.Count);
    }

    [Theory]
    [InlineData("5", new[] { 1, 2, 3, 4, 5 }, "5")]
    [InlineData("1-5", new[] { 1, 2, 3, 4, 5 }, "5")]
    [InlineData("3,7", new[] { 3, 7 }, "3,7")]
    [InlineData("7-7", new[] { 7 }, "7-7")]
    [InlineData("1-3,8", new[] { 1, 2, 3, 8 }, "1-3,8")]
    public void Seeds_are_a_count_a_range_or_a_list(string text, int[] seeds, string shortest)
    {
        Assert.Equal(seeds, SeedList.Parse(text));
        Assert.Equal(shortest, SeedList.Text(seeds));
        Assert.Equal(seeds, SeedList.Parse(shortest));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1,1")]
    [InlineData("1-")]
    [InlineData("2001")]
    [InlineData("1-2147483647")]
    [InlineData("one")]
    public void No_other_text_is_a_list_of_seeds(string text) => Assert.Null(SeedList.Parse(text));

    [Fact]
    public void The_command_of_a_plan_says_everything_and_nothing_twice()
    {
        var plan = Read(s_words with { Data = "./my data", Methods = "er:batchSize=16,epochs=2,naive", Seeds = "1-3,9", Track = "same-backbone", Validation = true });
        Assert.Equal("edge bench --data './my data' --protocol tscil --methods er:batchSize=16,epochs=2,naive --seeds 1-3,9 --epochs 5 --buffer 0.05 --track same-backbone --validation", plan.Command);
        Assert.Equal("my_data-tscil-same-backbone-validation", plan.Name);
    }

    private static BenchPlan Read(BenchWords words)
    {
        var plan = BenchPlanReader.Read(words, out var problems);
        Assert.Empty(problems);
        return plan!;
    }

    private static IReadOnlyList<string> Refused(BenchWords words)
    {
        Assert.Null(BenchPlanReader.Read(words, out var problems));
        return problems;
    }
}
