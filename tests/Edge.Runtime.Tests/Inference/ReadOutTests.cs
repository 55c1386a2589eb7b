using Edge.Config;
using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;
using Edge.Storage.Tests;

namespace Edge.Runtime.Tests.Inference;

/// <summary>A label counts at once, and what it taught is there again after a restart or in the next snapshot's embedding.</summary>
public sealed class ReadOutTests : IDisposable
{
    private static readonly InferenceSection s_settings = new() { Providers = ["cpu"] };
    private static readonly ReplayBufferOptions s_options = new() { Capacity = 40, AnchorCapacity = 10, AnchorShare = 0, AnchorBlockSeconds = 10, FreshCapacity = 40, Seed = 1 };
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void A_label_counts_from_the_next_window_on()
    {
        using var slot = new ReadOutSlot();
        using var readOut = Open(slot, TestSnapshot.Manifest);
        using var session = Session(TestSnapshot.Manifest);
        Classifier? running = session;
        object? applied = null;
        readOut.Publish();
        slot.Apply(ref running, ref applied);
        Assert.Equal(-1, session.Score(TestSnapshot.WindowOf("fast", 50)).ClassIndex);

        readOut.Take([Pending("fast", 1, null), Pending("still", 2, null)]);
        readOut.Publish();
        slot.Apply(ref running, ref applied);
        Assert.Equal("fast", TestSnapshot.Classes[session.Score(TestSnapshot.WindowOf("fast", 50)).ClassIndex]);
        Assert.Equal("still", TestSnapshot.Classes[session.Score(TestSnapshot.WindowOf("still", 50)).ClassIndex]);
    }

    [Fact]
    public void The_embedding_that_the_running_snapshot_gave_is_used_and_one_of_another_is_computed_anew()
    {
        using var slot = new ReadOutSlot();
        using var readOut = Open(slot, TestSnapshot.Manifest);
        float[] marked = new float[128];
        marked[5] = 1;
        readOut.Take([Pending("fast", 1, TestSnapshot.Manifest.Id, marked), Pending("still", 2, "s000009-00000000", marked)]);
        var matrix = readOut.Bank.ToMatrix(TestSnapshot.Classes);
        Assert.Equal(marked, matrix.Values[(2 * 128)..(3 * 128)]);
        using var session = Session(TestSnapshot.Manifest);
        session.Score(TestSnapshot.WindowOf("still", 2));
        for (int i = 0; i < 128; i++) Assert.Equal(session.EmbeddingOf(0)[i], matrix.Values[i], 1e-5f);
    }

    [Fact]
    public async Task Prototypes_of_the_running_snapshot_come_back_as_they_were_stored()
    {
        using var buffer = ReplayBuffer.Open(data["replay.db"], s_options, TimeProvider.System);
        var stored = new PrototypeBank(TestSnapshot.Manifest.Id, 128);
        float[] embedding = new float[128];
        embedding[7] = 1;
        stored.Add("slow", embedding);
        await buffer.OfferAsync([ExampleOf("fast", 1)], stored); // The buffer itself would give another picture.

        using var slot = new ReadOutSlot();
        using var readOut = Open(slot, TestSnapshot.Manifest);
        await readOut.RestoreAsync(buffer);
        Assert.Equal(stored.ToBytes(), readOut.Bank.ToBytes());
        Assert.Equal(1, slot.LatestFor(TestSnapshot.Manifest.Id)!.Weights.Prototypes.KnownCount);
    }

    [Fact]
    public async Task Prototypes_of_another_snapshot_are_encoded_anew_from_the_buffer_and_made_durable()
    {
        using var buffer = ReplayBuffer.Open(data["replay.db"], s_options, TimeProvider.System);
        var stored = new PrototypeBank("s000009-00000000", 128);
        stored.Add("slow", new float[128]);
        await buffer.OfferAsync([ExampleOf("fast", 1), ExampleOf("still", 2), ExampleOf("still", 3), ExampleOf("slow", 4) with { Samples = new float[7] }], stored);

        using var slot = new ReadOutSlot();
        using var readOut = Open(slot, TestSnapshot.Manifest);
        await readOut.RestoreAsync(buffer);
        Assert.Equal(new Dictionary<string, long> { ["fast"] = 1, ["still"] = 2 }, readOut.Bank.Counts); // A window of another shape cannot be encoded.
        using var session = Session(TestSnapshot.Manifest);
        session.Score(TestSnapshot.WindowOf("fast", 1));
        var matrix = readOut.Bank.ToMatrix(TestSnapshot.Classes);
        for (int i = 0; i < 128; i++) Assert.Equal(session.EmbeddingOf(0)[i], matrix.Values[2 * 128 + i], 1e-5f);
        Assert.Equal(readOut.Bank.ToBytes(), (await buffer.PrototypesAsync())!.ToBytes());
    }

    [Fact]
    public async Task Adopting_a_snapshot_counts_in_what_was_labelled_while_it_was_judged()
    {
        using var buffer = ReplayBuffer.Open(data["replay.db"], s_options, TimeProvider.System);
        var first = await buffer.OfferAsync([ExampleOf("fast", 1)], null);
        using var slot = new ReadOutSlot();
        using var readOut = Open(slot, TestSnapshot.Manifest);
        var next = TestSnapshot.Manifest with { Id = "s000002-89abcdef" };
        var bank = new PrototypeBank(next.Id, 128) { ThroughExampleId = first[0].Id };
        float[] embedding = new float[128];
        embedding[0] = 1;
        bank.Add("fast", embedding);
        await buffer.OfferAsync([ExampleOf("still", 2)], null); // After the draw, before the switch.

        await readOut.AdoptAsync(new Adoption(next, Session(next), Session(next), bank, new ClassStatistics(next.Id, 128), null, ReadOutBlend.OfPrototypes, new TaskCompletionSource()), buffer);
        Assert.Equal(new Dictionary<string, long> { ["fast"] = 1, ["still"] = 1 }, readOut.Bank.Counts);
        Assert.Equal(next.Id, (await buffer.PrototypesAsync())!.SnapshotId);
        Classifier? running = null;
        object? applied = null;
        Assert.True(slot.Apply(ref running, ref applied));
        Assert.Equal((next.Id, 2), (running!.Snapshot.Id, running.KnownCount));
        running.Dispose();
    }

    [Fact]
    public async Task An_adoption_for_which_the_store_cannot_be_read_changes_nothing_and_succeeds_when_it_can()
    {
        using var disk = SmallDisk.Mount(4);
        using var buffer = ReplayBuffer.Open(disk["replay.db"], s_options, TimeProvider.System);
        using var slot = new ReadOutSlot();
        using var readOut = Open(slot, TestSnapshot.Manifest);
        await readOut.RestoreAsync(buffer);
        Example[] examples = [.. Enumerable.Range(1, 12).Select(i => ExampleOf(TestSnapshot.Classes[i % 3], (ulong)i))];
        readOut.Take([.. examples.Select(e => Pending(e.Class, e.WindowId, null))]);
        readOut.Keep(await buffer.OfferAsync(examples, readOut.Bank), _ => false);
        readOut.Publish();
        var next = TestSnapshot.Manifest with { Id = "s000002-89abcdef" };
        using var adoption = new Adoption(next, Session(next), Session(next), new PrototypeBank(next.Id, 128), new ClassStatistics(next.Id, 128), null, ReadOutBlend.OfPrototypes, new TaskCompletionSource());
        var before = (readOut.Bank, slot.LatestFor(TestSnapshot.Manifest.Id));

        byte[] whole = File.ReadAllBytes(disk["replay.db"]), noise = new byte[whole.Length];
        new Random(1).NextBytes(noise);
        File.WriteAllBytes(disk["replay.db"], noise);
        disk.LeaveFree(0); // So that the store cannot begin another file either.
        await Assert.ThrowsAnyAsync<IOException>(() => buffer.OfferAsync([ExampleOf("still", 13)], null)); // From now on nothing is taken from memory.
        await Assert.ThrowsAnyAsync<IOException>(() => readOut.AdoptAsync(adoption, buffer));
        Assert.Equal(before, (readOut.Bank, slot.LatestFor(TestSnapshot.Manifest.Id)));
        Assert.Empty(adoption.Bank.Counts);
        Assert.Equal(0, adoption.Learned.Count);
        readOut.Take([Pending("still", 13, null)]); // The session of the running snapshot is there, and labels count on.
        readOut.Publish();
        Assert.Equal(13, readOut.Bank.Counts.Values.Sum());
        Assert.Null(slot.LatestFor(next.Id));

        disk.Clear();
        File.WriteAllBytes(disk["replay.db"], whole);
        await readOut.AdoptAsync(adoption, buffer);
        Assert.Equal((next.Id, 12), (readOut.Bank.SnapshotId, readOut.Bank.Counts.Values.Sum()));
        Assert.NotNull(slot.LatestFor(next.Id));
    }

    [Fact]
    public async Task A_class_that_left_the_configuration_is_never_answered_one_that_came_is_once_labelled_and_one_that_comes_back_is_remembered()
    {
        using var buffer = ReplayBuffer.Open(data["replay.db"], s_options, TimeProvider.System);
        using (var slot = new ReadOutSlot())
        using (var readOut = Open(slot, TestSnapshot.Manifest))
        {
            await readOut.RestoreAsync(buffer);
            Example[] examples = [.. Enumerable.Range(1, 12).Select(i => ExampleOf(TestSnapshot.Classes[i % 3], (ulong)i))];
            readOut.Take([.. examples.Select(e => Pending(e.Class, e.WindowId, null))]);
            readOut.Keep(await buffer.OfferAsync(examples, readOut.Bank), _ => false);
        }

        // "slow" is called "ambling" now: one goes, one comes; "still" and "fast" have changed places.
        var renamed = TestSnapshot.Manifest with { Classes = ["fast", "ambling", "still"] };
        using (var slot = new ReadOutSlot())
        using (var readOut = Open(slot, renamed))
        using (var session = Session(renamed))
        {
            await readOut.RestoreAsync(buffer);
            Assert.Equal(["fast", "fast", "still", "still"], Answers(session, slot, renamed, "fast", "fast", "still", "still"));
            Assert.DoesNotContain("ambling", Answers(session, slot, renamed, "slow", "slow", "slow"));
            readOut.Take([.. Enumerable.Range(20, 4).Select(i => Pending("slow", (ulong)i, null) with { Request = new LabelRequest((ulong)i, "ambling", "mqtt") })]);
            readOut.Publish();
            Assert.Equal(["ambling", "ambling", "ambling", "fast", "still"], Answers(session, slot, renamed, "slow", "slow", "slow", "fast", "still"));
        }

        using (var slot = new ReadOutSlot())
        using (var readOut = Open(slot, TestSnapshot.Manifest))
        using (var session = Session(TestSnapshot.Manifest))
        {
            await readOut.RestoreAsync(buffer);
            Assert.Equal(["slow", "still"], Answers(session, slot, TestSnapshot.Manifest, "slow", "still"));
        }
    }

    [Fact]
    public async Task Windows_of_another_rate_are_counted_as_left_out_and_teach_nothing()
    {
        var fast = TestSnapshot.Window with { SampleRateHz = 100 };
        using var buffer = ReplayBuffer.Open(data["replay.db"], s_options, TimeProvider.System);
        await buffer.OfferAsync([ExampleOf("fast", 1), ExampleOf("still", 2)], null);
        var shapes = ShapeHistory.Load(data["shapes.json"]);
        shapes.Note(fast, buffer.Counts.AcknowledgedCount, TestSnapshot.Window);
        await buffer.OfferAsync([ExampleOf("slow", 3)], null);
        using var slot = new ReadOutSlot();
        using var readOut = new ReadOut(slot, s_settings, new ReadOutSection(), new ReadOutFiles(data["statistics.bin"], data["readout.json"]), TestSnapshot.Write(data), TestSnapshot.Manifest with { Window = fast }, null, shapes);
        await readOut.RestoreAsync(buffer);
        Assert.Equal((2, 1), (readOut.OtherShapeCount, readOut.Bank.Counts["slow"]));
        Assert.Equal(["slow"], readOut.Bank.Counts.Keys);
    }

    private static string[] Answers(Classifier session, ReadOutSlot slot, SnapshotManifest snapshot, params string[] windows)
    {
        session.Use(slot.LatestFor(snapshot.Id)!.Weights);
        return [.. windows.Select((name, i) => session.Score(TestSnapshot.WindowOf(name, 50 + i)).ClassIndex is var answer && answer < 0 ? "none" : snapshot.Classes[answer])];
    }

    private ReadOut Open(ReadOutSlot slot, SnapshotManifest snapshot) => new(slot, s_settings, new ReadOutSection(), new ReadOutFiles(data["statistics.bin"], data["readout.json"]), TestSnapshot.Write(data), snapshot);

    private Classifier Session(SnapshotManifest snapshot) => Classifier.Open(TestSnapshot.Write(data), snapshot, s_settings, AnchorExam.BatchSize);

    private static PendingExample Pending(string name, ulong id, string? snapshotId, float[]? embedding = null) =>
        new(new LabelRequest(id, name, "mqtt"), new KeptWindow(id, id, TestSnapshot.WindowOf(name, (int)id), snapshotId, embedding ?? []));

    private static Example ExampleOf(string name, ulong id) => new()
    {
        WindowId = id,
        Class = name,
        StartSeconds = id,
        LabelledAt = DateTimeOffset.UnixEpoch,
        Samples = TestSnapshot.WindowOf(name, (int)id),
    };
}
