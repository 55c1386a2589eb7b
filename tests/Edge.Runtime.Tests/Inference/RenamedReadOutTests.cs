using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Tests.Inference;

/// <summary>A class that is called otherwise from a start on: the same read-out to the bit, and without the entry everything is the old name's again, what came meanwhile too.</summary>
public sealed class RenamedReadOutTests : IDisposable
{
    private static readonly InferenceSection s_settings = new() { Providers = ["cpu"] };
    private static readonly ReplayBufferOptions s_before = new() { Capacity = 400, AnchorCapacity = 10, AnchorShare = 0, AnchorBlockSeconds = 10, FreshCapacity = 400, Seed = 1 };
    private static readonly ReplayBufferOptions s_now = s_before with { Names = ClassNames.Of(new Dictionary<string, string> { ["slow"] = "ambling" }) };
    private static readonly SnapshotManifest s_renamed = TestSnapshot.Manifest with { Classes = [.. TestSnapshot.Classes.Select(name => name == "slow" ? "ambling" : name)] };
    private readonly DataFolder data = new();
    private ulong lastWindow;

    public void Dispose() => data.Dispose();

    [Fact]
    public async Task What_was_learnt_answers_under_the_new_name_at_once_and_all_of_it_under_the_old_one_when_that_comes_back()
    {
        var before = await StartAsync(s_before, TestSnapshot.Manifest, [.. Enumerable.Repeat(TestSnapshot.Classes, 30).SelectMany(names => names)]);
        Assert.True(before.Weights.WeighsFeatures); // Or the claim would be about prototypes alone.
        Assert.Equal(["slow", "fast", "still"], before.Answers);

        var renamed = await StartAsync(s_now, s_renamed, []);
        Assert.Equal(["ambling", "fast", "still"], renamed.Answers);
        Assert.Equal(before.Weights.OnFrozen, renamed.Weights.OnFrozen);
        Assert.Equal(before.Weights.Bias, renamed.Weights.Bias);
        Assert.Equal(before.Weights.Prototypes.Values, renamed.Weights.Prototypes.Values);
        Assert.Equal((30L, 30L), (renamed.Counted["ambling"], renamed.Prototypes["ambling"]));

        await StartAsync(s_now, s_renamed, ["ambling", "ambling", "fast"]);
        Assert.Equal(["fast", "slow", "still"], new StatisticsFile(data["statistics.bin"]).Look(before.Bank, before.Length)!.Classes);

        var back = await StartAsync(s_before, TestSnapshot.Manifest, []);
        Assert.Equal(["slow", "fast", "still"], back.Answers);
        Assert.Equal((32L, 32L), (back.Counted["slow"], back.Prototypes["slow"]));
    }

    [Fact]
    public async Task What_was_labelled_under_both_names_counts_together_once_it_is_said_that_they_are_one_class()
    {
        await StartAsync(s_before, TestSnapshot.Manifest, [.. Enumerable.Repeat(TestSnapshot.Classes, 8).SelectMany(names => names)]);
        await StartAsync(s_before, s_renamed, [.. Enumerable.Repeat("ambling", 12)]); // Called otherwise, and nobody said so.
        var together = await StartAsync(s_now, s_renamed, ["ambling"]);
        Assert.Equal((21L, 21L), (together.Counted["ambling"], together.Prototypes["ambling"]));
        Assert.Equal(["ambling", "fast", "still"], together.Answers);

        var old = await StartAsync(s_before, TestSnapshot.Manifest, []);
        Assert.Equal((9L, 12L), (old.Counted["slow"], old.Counted["ambling"])); // Nothing was moved from one to the other.
        Assert.Equal((9L, 12L), (old.Prototypes["slow"], old.Prototypes["ambling"]));
    }

    /// <summary>A start that counts some labels and ends cleanly; what it knew then, and how it answers a window of each of slow, fast and still.</summary>
    private async Task<Known> StartAsync(ReplayBufferOptions options, SnapshotManifest snapshot, IReadOnlyList<string> labels)
    {
        using var buffer = ReplayBuffer.Open(data["replay.db"], options, TimeProvider.System);
        using var slot = new ReadOutSlot();
        using var readOut = new ReadOut(slot, s_settings, new ReadOutSection(), new ReadOutFiles(data["statistics.bin"], data["readout.json"]), TestSnapshot.WriteFrozen(data), snapshot);
        await readOut.RestoreAsync(buffer);
        if (labels.Count > 0)
        {
            PendingExample[] pending = [.. labels.Select(Pending)];
            readOut.Take(pending);
            readOut.Keep(await buffer.OfferAsync([.. pending.Select(e => new Example { WindowId = e.Window.Id, Class = e.Request.Class, StartSeconds = e.Window.Id, LabelledAt = DateTimeOffset.UnixEpoch, Samples = e.Window.Samples })], readOut.Bank), _ => false);
            readOut.Publish();
        }

        readOut.Save();
        using var session = Classifier.Open(TestSnapshot.WriteFrozen(data), snapshot, s_settings, AnchorExam.BatchSize);
        var weights = slot.LatestFor(snapshot.Id)!.Weights;
        session.Use(weights);
        var counted = readOut.FrozenCounted!;
        return new Known(
            weights, [.. new[] { "slow", "fast", "still" }.Select(name => session.Score(TestSnapshot.WindowOf(name, 900)).ClassIndex is var answer && answer < 0 ? "none" : snapshot.Classes[answer])],
            counted.Classes.ToDictionary(name => name, name => counted.Of(name)!.Count), readOut.Bank.Counts, counted.FeatureBankId, counted.FeatureLength);
    }

    private PendingExample Pending(string name) =>
        new(new LabelRequest(++lastWindow, name, "mqtt"), new KeptWindow(lastWindow, lastWindow, TestSnapshot.WindowOf(name == "ambling" ? "slow" : name, (int)lastWindow), null, []));

    private sealed record Known(ReadOutWeights Weights, string[] Answers, IReadOnlyDictionary<string, long> Counted, IReadOnlyDictionary<string, long> Prototypes, string Bank, int Length);
}
