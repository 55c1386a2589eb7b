using Edge.Runtime.Inference;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Tests.Inference;

/// <summary>What is counted of frozen features when others are computed, and when they are again.</summary>
public sealed class OtherFeaturesTests : FrozenStatisticsRig
{
    [Fact]
    public async Task Other_frozen_features_are_counted_anew_from_what_the_buffer_holds()
    {
        await StartAsync();
        for (int batch = 0; batch < 4; batch++) await StoreAsync(batch);
        await SettleAsync();
        Stop();
        await StartAsync(frozenSeed: 2);
        Assert.Contains("seed 2", readOut.FrozenCounted!.FeatureBankId);
        Assert.Contains("seed 1", readOut.StatisticsProblem);
        Assert.Equal((await buffer.TrainableAsync()).Count, readOut.FrozenCounted.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sums_go_on_when_their_features_are_computed_again_and_what_was_labelled_meanwhile_is_counted_from_the_buffer(bool withCopies)
    {
        if (withCopies) CountCopies();
        await StartAsync();
        for (int batch = 0; batch < 4; batch++) await StoreAsync(batch);
        await SettleAsync();
        long before = durable.Count;
        Stop();
        await StartAsync(frozenSeed: 2);
        Assert.InRange(readOut.FrozenCounted!.Count, 1, before - 1); // The rest is not in the buffer any more.
        await StoreAsync(4);
        Stop();
        await StartAsync();
        Assert.Equal("", readOut.StatisticsProblem);
        await HoldsAsync();
        Assert.True(durable.Count > before);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_snapshot_of_other_features_that_is_adopted_and_one_of_the_first_after_it_cost_no_sums(bool withCopies)
    {
        if (withCopies) CountCopies();
        await StartAsync();
        for (int batch = 0; batch < 4; batch++) await StoreAsync(batch);
        await SettleAsync();
        await AdoptAsync(2, frozenSeed: 2);
        Assert.Contains("seed 2", readOut.FrozenCounted!.FeatureBankId);
        Assert.Equal((await buffer.TrainableAsync()).Count, readOut.FrozenCounted.Count);
        Assert.Equal(readOut.FrozenCounted.Count * (withCopies ? 1.3 : 1), readOut.FrozenCounted.Classes.Sum(name => readOut.FrozenCounted.Of(name)!.Mass), 1e-6);
        await StoreAsync(4);
        await AdoptAsync(3, frozenSeed: 1);
        await HoldsAsync();
        await RestartAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_labelled_while_a_snapshot_of_other_features_is_judged_is_counted_in_them_too(bool withCopies)
    {
        if (withCopies) CountCopies();
        options = options with { FreshCapacity = 1000 };
        await StartAsync();
        await StoreAsync(0);
        await AdoptAsync(2, frozenSeed: 2, beforeItIsTakenOver: () => StoreAsync(1));
        var counted = readOut.FrozenCounted!;
        Assert.Contains("seed 2", counted.FeatureBankId);
        Assert.Equal(durable.Count, counted.Count);
        Assert.Equal(durable.Count * (withCopies ? 1.3 : 1), counted.Classes.Sum(name => counted.Of(name)!.Mass), 1e-6);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_looks_from_outside_has_the_read_out_of_the_service_though_no_file_counts_it_yet(bool withCopies)
    {
        if (withCopies) CountCopies();
        options = options with { FreshCapacity = 1000 };
        await StartAsync();
        for (int batch = 0; batch < 3; batch++) await StoreAsync(batch);
        Assert.False(File.Exists(data["statistics.bin"]));
        using var session = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest, s_settings, AnchorExam.BatchSize);
        var looked = await StoredReadOut.ReadAsync(session, buffer, new ReadOutFiles(data["statistics.bin"], data["readout.json"]), config.ReadOut, copies: WindowCopies.For(config));
        float[] runs = slot.LatestFor(TestSnapshot.Manifest.Id)!.Weights.OnFrozen;
        float largest = runs.Max(Math.Abs);
        Assert.True(largest > 0);
        Assert.All(runs.Zip(looked.OnFrozen), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * largest));
    }

    [Fact]
    public async Task Windows_that_are_sampled_faster_are_counted_by_themselves()
    {
        await StartAsync();
        for (int batch = 0; batch < 4; batch++) await StoreAsync(batch);
        await SettleAsync();
        Stop();
        var shapes = ShapeHistory.Load(data["shapes.json"]);
        shapes.Note(TestSnapshot.Window, 0, null);
        shapes.Note(TestSnapshot.Window with { SampleRateHz = 100 }, buffer.Counts.AcknowledgedCount, null);
        await StartAsync(shapes: shapes, sampleRateHz: 100);
        Assert.Equal(0, readOut.FrozenCounted!.Count);
        Stop();
        shapes.Note(TestSnapshot.Window, buffer.Counts.AcknowledgedCount, null);
        await StartAsync(shapes: shapes);
        await HoldsAsync();
    }

    [Theory]
    [InlineData(50, true)]
    [InlineData(100, false)]
    public async Task Sums_of_an_earlier_version_that_did_not_say_the_rate_are_those_of_the_windows_that_were_cut_then(double rateThen, bool goesOn)
    {
        await StartAsync();
        for (int batch = 0; batch < 4; batch++) await StoreAsync(batch);
        await SettleAsync();
        long count = readOut.FrozenCounted!.Count;
        Stop();
        new StatisticsFile(data["statistics.bin"]).Rename("RandomConvolutionBank/1 seed 1, 139 features of 3 x 32");
        File.Delete(data["statistics.bin.before"]); // Nor did it keep what it had written before.
        var shapes = ShapeHistory.Load(data["shapes.json"]);
        shapes.Note(TestSnapshot.Window with { SampleRateHz = rateThen }, 0, null);
        shapes.Note(TestSnapshot.Window, buffer.Counts.AcknowledgedCount, null);
        await StartAsync(shapes: shapes);
        Assert.Equal(goesOn ? count : 0, readOut.FrozenCounted!.Count);
        string aside = new StatisticsShelf(data["statistics.bin"]).FileOf("RandomConvolutionBank/1 seed 1, 139 features of 3 x 32, sampled at 100 Hz");
        Assert.Equal(!goesOn, File.Exists(aside));
    }
}
