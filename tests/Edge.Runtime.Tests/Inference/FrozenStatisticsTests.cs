using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Learning;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Tests.Inference;

/// <summary>Every acknowledged example is counted once, whenever the process is killed: real buffer, real files as they are at that moment, real encoder.</summary>
public sealed class FrozenStatisticsTests : IDisposable
{
    private const int BatchSize = 40, BatchCount = 9;
    private static readonly InferenceSection s_settings = new() { Providers = ["cpu"] };
    // Fresh examples overflow when rounds are late, and the reservoir is small: most examples leave the store soon.
    private static readonly ReplayBufferOptions s_options = new() { Capacity = 30, AnchorCapacity = 10, AnchorShare = 0.2, AnchorBlockSeconds = 10, FreshCapacity = 100, Seed = 1, CopyCount = 0 };
    private readonly DataFolder data = new();
    private readonly List<Example> durable = [];
    private ReplayBuffer buffer = null!;
    private readonly ReadOutSlot slot = new();
    private ReplayBufferOptions options = s_options;
    private ReadOut readOut = null!;
    private DeviceConfig config = new();
    private int killAt, reached;

    public void Dispose()
    {
        readOut.Dispose();
        buffer.Dispose();
        slot.Dispose();
        data.Dispose();
    }

    public static TheoryData<int> Points => [.. Enumerable.Range(1, 5 * BatchCount + 4)];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task Whenever_the_process_is_killed_the_sums_are_those_of_what_was_made_durable(int point)
    {
        killAt = point;
        if (point % 2 == 0) CountCopies();
        await StartAsync();
        for (int batch = 0; batch < BatchCount; batch++)
        {
            await StoreAsync(batch);
            if (batch is 3 or 6) await SettleAsync();
        }

        Assert.True(reached >= killAt, $"the run has {reached} points, none is {killAt}");
        await HoldsAsync();
        readOut.Save();
        await RestartAsync();
    }

    [Fact]
    public async Task A_damaged_file_is_put_aside_and_what_the_buffer_holds_is_counted()
    {
        await StartAsync();
        for (int batch = 0; batch < 4; batch++) await StoreAsync(batch);
        await SettleAsync();
        Stop();
        byte[] bytes = Damage("statistics.bin");
        Damage("statistics.bin.before");
        await StartAsync();
        Assert.Contains("damaged", readOut.StatisticsProblem);
        Assert.Equal(bytes, File.ReadAllBytes(data["statistics.bin.bad"]));
        Assert.Equal((await buffer.TrainableAsync()).Count, readOut.FrozenCounted!.Count);
    }

    [Fact]
    public async Task A_damaged_file_costs_no_more_than_what_has_left_since_it_was_written_before()
    {
        await StartAsync();
        await StoreAsync(0);
        await SettleAsync();
        ulong through = readOut.FrozenCounted!.ThroughExampleId;
        await StoreAsync(1);
        await SettleAsync();
        Stop();
        Damage("statistics.bin");
        await StartAsync();
        Assert.Contains("What was written before it goes on", readOut.StatisticsProblem);
        int held = (await buffer.TrainableAsync(through)).Count;
        Assert.InRange(held, 1, durable.Count(e => e.Id > through) - 1);
        durable.RemoveAll(e => e.Id > through && buffer.FindAsync(e.Id).Result is null);
        await HoldsAsync();
        await StoreAsync(2); // What had its round leaves again, and is counted in a file that is whole.
        await RestartAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_counted_anew_is_counted_though_it_had_its_round_and_leaves_before_a_kill(bool isDamaged)
    {
        await StartAsync();
        for (int batch = 0; batch < 4; batch++) await StoreAsync(batch);
        await SettleAsync();
        Stop();
        if (isDamaged) foreach (string name in new[] { "statistics.bin", "statistics.bin.before" }) Damage(name);
        else File.Delete(data["statistics.bin"]);
        await StartAsync();
        durable.Clear();
        durable.AddRange(await buffer.TrainableAsync());
        var before = durable.Select(e => e.Id).ToHashSet();
        await StoreAsync(4);
        Assert.Contains(before, id => buffer.FindAsync(id).Result is null); // It left for one of the new batch.
        await RestartAsync();
    }

    [Fact]
    public async Task Nothing_is_written_while_nothing_may_leave()
    {
        options = options with { FreshCapacity = 1000 };
        await StartAsync();
        for (int batch = 0; batch < 9; batch++) await StoreAsync(batch);
        Assert.False(File.Exists(data["statistics.bin"]));
        await RestartAsync(); // Killed: all of them are in the buffer.
        await SettleAsync();
        Assert.True(File.Exists(data["statistics.bin"]));
        await RestartAsync();
    }

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

    [Fact]
    public async Task A_buffer_that_had_to_begin_anew_does_not_cost_what_was_counted_of_the_old_one()
    {
        await StartAsync();
        await StoreAsync(0);
        await StoreAsync(1);
        await SettleAsync();
        long before = readOut.FrozenCounted!.Count;
        Stop();
        File.Delete(data["replay.db"]);
        await StartAsync();
        Assert.Equal(before, readOut.FrozenCounted!.Count);
        durable.Clear();
        await StoreAsync(2);
        long added = durable.Count;
        Stop(); // Killed: the new ones are only in the new buffer, with ids that the old one had given as well.
        await StartAsync();
        Assert.Equal(before + added, readOut.FrozenCounted!.Count);
    }

    [Fact]
    public async Task What_a_scarce_class_may_take_over_is_measured_on_the_labelled_windows_after_a_restart_as_well()
    {
        await StartAsync();
        for (int batch = 0; batch < 4; batch++) await StoreAsync(batch, id => id % 2 == 0 ? "still" : "slow");
        await StoreAsync(4, id => id == 161 ? "fast" : "slow", size: 2, windowOf: _ => "slow"); // One "slow" window that somebody takes for the first "fast" one.
        await HoldsBackAsync();
        Stop();
        await StartAsync();
        await HoldsBackAsync();

        async Task HoldsBackAsync()
        {
            var branches = slot.LatestFor(TestSnapshot.Manifest.Id)!.Branches;
            Assert.DoesNotContain("fast", branches.Frozen!.Classes);
            var free = branches with { Nearness = BranchReadOuts.NearnessOf(readOut.FrozenCounted, TestSnapshot.Classes, null, [], []) };
            Assert.True(await TakenOverAsync(free) > 5, "nothing is there to be held back");
            Assert.InRange(await TakenOverAsync(branches), 0, 3); // Fifty of some eighty are looked at.
        }

        async Task<int> TakenOverAsync(BranchReadOuts branches)
        {
            using var session = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest, s_settings, AnchorExam.BatchSize);
            var kept = (await buffer.TrainableAsync()).Where(e => e.Class == "slow").ToList();
            return AnchorExam.Examine(session, branches.Compose(ReadOutBlend.OfFrozenRidge), s_settings with { UnknownBelowSimilarity = -1 }, AnchorExam.Pairs(kept)).PerClass["slow"] is var (right, count) ? count - right : 0;
        }
    }

    [Theory]
    [InlineData(10, 30)]
    [InlineData(100, 6)]
    [InlineData(10, 6)]
    public async Task A_start_with_smaller_capacities_after_a_kill_counts_what_it_lets_go(int freshCapacity, int capacity)
    {
        await StartAsync();
        await StoreAsync(0);
        await StoreAsync(1);
        Stop(); // Killed: the file of the statistics was never written.
        Assert.False(File.Exists(data["statistics.bin"]));
        options = options with { FreshCapacity = freshCapacity, Capacity = capacity };
        await StartAsync();
        Assert.InRange(buffer.Counts.FreshCount, 1, freshCapacity);
        Assert.InRange(buffer.Counts.ReplayCount, 1, capacity);
        await HoldsAsync();
        await RestartAsync();
    }

    [Fact]
    public async Task Anchors_are_never_counted()
    {
        await StartAsync();
        await StoreAsync(0);
        await StoreAsync(1);
        Assert.NotEmpty(await buffer.AnchorsAsync());
        Assert.All(await buffer.AnchorsAsync(), anchor => Assert.DoesNotContain(durable, e => e.Id == anchor.Id));
        Assert.Equal(durable.Count, readOut.FrozenCounted!.Count);
    }

    private async Task StoreAsync(int batch, Func<ulong, string>? classOf = null, int size = BatchSize, Func<ulong, string>? windowOf = null)
    {
        await KillHereAsync();
        await readOut.MakeRoomAsync(buffer, BatchSize);
        await KillHereAsync();
        var pending = Enumerable.Range(batch * BatchSize + 1, size).Select(id => Pending((ulong)id, classOf, windowOf)).ToList();
        readOut.Take(pending.Where(e => !buffer.IsHeldOut(e.Window.StartSeconds)));
        if (await KillHereAsync()) return; // The batch was never offered: its labels were not acknowledged and are gone.
        var stored = await buffer.OfferAsync([.. pending.Select(ToExample)], readOut.Bank);
        durable.AddRange(stored.Where(e => !buffer.IsHeldOut(e.StartSeconds)));
        if (await KillHereAsync()) return;
        readOut.Keep(stored, e => buffer.IsHeldOut(e.StartSeconds));
        readOut.Publish();
        await KillHereAsync();
    }

    private async Task SettleAsync()
    {
        await KillHereAsync();
        await readOut.SettleAsync(new Settlement(buffer.Counts.AcknowledgedCount, TestSnapshot.Manifest.Id, null, new TaskCompletionSource()), buffer);
        await KillHereAsync();
    }

    private async Task<bool> KillHereAsync()
    {
        if (++reached != killAt) return false;
        await RestartAsync();
        return true;
    }

    private async Task RestartAsync()
    {
        Stop();
        await StartAsync();
        await HoldsAsync();
    }

    private void CountCopies() => config = new DeviceConfig { ReadOut = new ReadOutSection { CopyWeight = 0.3 } };

    private byte[] Damage(string name)
    {
        byte[] bytes = File.ReadAllBytes(data[name]);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(data[name], bytes);
        return bytes;
    }

    /// <summary>As a kill leaves it: the files are what they are at this moment, the journal too; what closing the store does to them is undone.</summary>
    private void Stop()
    {
        var files = Directory.GetFiles(data.Path, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) != ".lock").ToDictionary(file => file, Read);
        readOut.Dispose();
        buffer.Dispose();
        foreach (string file in Directory.GetFiles(data.Path, "*", SearchOption.AllDirectories)) File.Delete(file);
        foreach (var (file, bytes) in files) File.WriteAllBytes(file, bytes);

        static byte[] Read(string file)
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
    }

    private async Task AdoptAsync(int number, int frozenSeed)
    {
        var next = TestSnapshot.Manifest with { Id = $"s00000{number}-01234567" };
        using var exam = Session();
        var present = slot.LatestFor($"s00000{number - 1}-01234567")!;
        var trainable = await buffer.TrainableAsync();
        var read = CandidateReadOut.Of(exam, trainable, present, config, AnchorExam.Encode(exam, AnchorExam.Pairs(await buffer.AnchorsAsync())));
        await readOut.AdoptAsync(new Adoption(next, Session(), Session(), read.Bank.For(next.Id), read.Learned, read.Frozen, read.Blend, new TaskCompletionSource()), buffer);

        Classifier Session() => Classifier.Open(TestSnapshot.WriteFrozen(data, frozenSeed), next, s_settings, AnchorExam.BatchSize);
    }

    private async Task StartAsync(int frozenSeed = 1, ShapeHistory? shapes = null, double sampleRateHz = 50)
    {
        buffer = ReplayBuffer.Open(data["replay.db"], options, TimeProvider.System, ReplayAccess.Serve, trims: false);
        readOut = new ReadOut(
            slot, s_settings, config.ReadOut, new ReadOutFiles(data["statistics.bin"], data["readout.json"]), TestSnapshot.WriteFrozen(data, frozenSeed),
            TestSnapshot.Manifest with { Window = TestSnapshot.Window with { SampleRateHz = sampleRateHz } }, shapes: shapes, copies: WindowCopies.For(config));
        await readOut.RestoreAsync(buffer);
    }

    private Task HoldsAsync()
    {
        using var encoder = Classifier.Open(TestSnapshot.WriteFrozen(data), TestSnapshot.Manifest, s_settings, AnchorExam.BatchSize);
        var windows = AnchorExam.Encode(encoder, AnchorExam.Pairs(durable));
        var expected = new ClassStatistics(encoder.FrozenBankId!, encoder.FrozenLength);
        AnchorExam.EncodeCopies(encoder, windows, durable.Select(e => (e.WindowId, (ReadOnlyMemory<float>)e.Samples)), WindowCopies.For(config));
        windows.CountInto(expected);
        var counted = readOut.FrozenCounted!;
        Assert.Equal(expected.Classes, counted.Classes);
        foreach (string name in expected.Classes)
        {
            Assert.Equal(expected.Of(name)!.Count, counted.Of(name)!.Count);
            Assert.Equal(expected.Of(name)!.Mass, counted.Of(name)!.Mass, 1e-6);
            Same(expected.Of(name)!.Sum, counted.Of(name)!.Sum);
            Same(expected.Of(name)!.Gram.Values, counted.Of(name)!.Gram.Values);
        }

        return Task.CompletedTask;

        // One window more or less, or twice, would show in every number; how many are encoded at once shows in the last digits of a float32.
        static void Same(double[] expected, double[] counted)
        {
            double scale = expected.Max(Math.Abs);
            for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], counted[i], 1e-6 * scale);
        }
    }

    private static PendingExample Pending(ulong id, Func<ulong, string>? classOf, Func<ulong, string>? windowOf)
    {
        string name = classOf?.Invoke(id) ?? TestSnapshot.Classes[(int)(id % 3)];
        return new(new LabelRequest(id, name, "mqtt"), new KeptWindow(id, id, TestSnapshot.WindowOf(windowOf?.Invoke(id) ?? name, (int)id), null, []));
    }

    private static Example ToExample(PendingExample pending) => new()
    {
        WindowId = pending.Window.Id,
        Class = pending.Request.Class,
        StartSeconds = pending.Window.StartSeconds,
        LabelledAt = DateTimeOffset.UnixEpoch,
        Samples = pending.Window.Samples,
    };
}
