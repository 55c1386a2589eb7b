using System.Text;
using Edge.Config;
using Edge.Runtime.Updates.Checks;
using Edge.Runtime.Updates.Envelopes;
using Edge.Runtime.Updates.Offers;
using Edge.Runtime.Updates.Trust;
using Edge.Storage;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Tests.Updates;

/// <summary>An offered snapshot, from the signature to the whole on disk.</summary>
public sealed class SnapshotIntakeTests : IDisposable
{
    private static readonly WindowShape s_window = new(9, 128, 50);
    private readonly DataFolder data = new();
    private readonly SigningKey offers = SigningKey.Create(SignatureScheme.EcdsaP256), root = SigningKey.Create(SignatureScheme.Ed25519);
    private readonly CountedTime time = new();
    private readonly TestClock clock = new();
    private int timersAtLastAsk;
    private readonly List<SnapshotRequestMessage> asked = [];
    private readonly List<Reason> refused = [];
    private readonly OfferedSnapshot offered;
    private DeviceConfig config = new() { Device = new DeviceSection { Groups = ["pumps"] }, Updates = new UpdatesSection { AcceptSnapshots = true } };

    public SnapshotIntakeTests()
    {
        var random = new Random(3);
        string[] paths = [.. new[] { ("a", 5000), ("b", 3000), ("c", 700) }.Select(file =>
        {
            byte[] bytes = new byte[file.Item2];
            random.NextBytes(bytes);
            File.WriteAllBytes(data[file.Item1], bytes);
            return data[file.Item1];
        })];
        offered = OfferedSnapshot.Of(Manifest(s_window, "walking"), paths, new UpdateTarget(Group: "pumps"), 1024, time.GetUtcNow());
        KeyRing ring = new(1, [new TrustedKey("offers", offers.Algorithm, offers.PublicKey, [KeyRole.Snapshots]), new TrustedKey("root", root.Algorithm, root.PublicKey, [KeyRole.Config, KeyRole.Keys])]);
        File.WriteAllBytes(data["keys.json"], ring.Write());
    }

    public void Dispose()
    {
        offers.Dispose();
        root.Dispose();
        data.Dispose();
    }

    [Fact]
    public async Task It_is_asked_for_four_pieces_at_a_time_and_put_together_to_the_bit()
    {
        var intake = Intake();
        using var run = new Run(intake);
        intake.TakeOffer(Signed(offers, offered.Offer));
        for (int had = 0; had < 9; had += 4)
        {
            await UntilAsync(() => asked.Count > had / 4);
            Assert.Equal(Enumerable.Range(had, Math.Min(4, 9 - had)), asked[^1].Chunks);
            Assert.Equal((had, 9), (asked[^1].HeldCount, asked[^1].ChunkCount));
            foreach (int chunk in asked[^1].Chunks) intake.TakeChunk(offered.Chunk(chunk).Write());
        }

        var received = await intake.Complete.Reader.ReadAsync(TestContext.Current.CancellationToken);
        foreach (var (name, source) in SnapshotOffer.FileNames.Zip(["a", "b", "c"])) Assert.Equal(File.ReadAllBytes(data[source]), File.ReadAllBytes(Path.Combine(received.Directory, name)));
        received.Judged.SetResult();
        await UntilAsync(() => Directory.GetDirectories(data["incoming"]).Length == 0);

        // A retained one comes again; offered anew, it is another.
        intake.TakeOffer(Signed(offers, offered.Offer));
        Assert.Equal(3, asked.Count);
        intake.TakeOffer(Signed(offers, offered.Offer with { OfferedAt = time.GetUtcNow().AddHours(1) }));
        await UntilAsync(() => asked.Count == 4);
        Assert.Empty(refused);
    }

    [Fact]
    public async Task What_is_on_disk_is_not_asked_for_again_by_the_next_process_and_a_damaged_piece_is()
    {
        var intake = Intake();
        using (new Run(intake))
        {
            intake.TakeOffer(Signed(offers, offered.Offer));
            await UntilAsync(() => asked.Count == 1);
            foreach (int chunk in asked[0].Chunks) intake.TakeChunk(offered.Chunk(chunk).Write());
            await UntilAsync(() => asked.Count == 2);
            intake.TakeChunk(offered.Chunk(6).Write());
        }

        string[] pieces = Directory.GetFiles(data["incoming"], "*.chunk", SearchOption.AllDirectories);
        Assert.Equal(5, pieces.Length);
        File.WriteAllBytes(pieces.Order().First(), new byte[1024]);
        var next = Intake();
        using var run = new Run(next);
        next.TakeOffer(Signed(offers, offered.Offer));
        await UntilAsync(() => asked.Count == 3);
        Assert.Equal([0, 4, 5, 7], asked[2].Chunks);
        Assert.Equal(4, asked[2].HeldCount);
    }

    [Fact]
    public async Task Nobody_answers_and_it_asks_ever_more_rarely_until_the_offer_comes_again()
    {
        var intake = Intake();
        using var run = new Run(intake);
        intake.TakeOffer(Signed(offers, offered.Offer));
        await UntilAsync(() => asked.Count == 1);
        for (int i = 0; i < 6; i++)
        {
            await UntilAsync(() => time.TimerCount > Volatile.Read(ref timersAtLastAsk)); // It has begun to wait: time that passes earlier would not count.
            int before = asked.Count;
            time.Advance(TimeSpan.FromSeconds(Math.Min(60, 2 << i) - 0.1));
            await Task.Delay(20, TestContext.Current.CancellationToken);
            Assert.Equal(before, asked.Count);
            time.Advance(TimeSpan.FromSeconds(0.2));
            await UntilAsync(() => asked.Count == before + 1);
        }

        intake.TakeOffer(Signed(offers, offered.Offer));
        await UntilAsync(() => asked.Count == 8);
    }

    [Fact]
    public async Task A_flipped_piece_a_foreign_one_and_one_that_nobody_asked_for_are_let_go()
    {
        var intake = Intake();
        intake.TakeChunk(offered.Chunk(0).Write());
        using var run = new Run(intake);
        intake.TakeOffer(Signed(offers, offered.Offer));
        await UntilAsync(() => asked.Count == 1);
        var chunk = offered.Chunk(1);
        byte[] flipped = [.. chunk.Data];
        flipped[17] ^= 1;
        intake.TakeChunk((chunk with { Data = flipped }).Write());
        Assert.Equal(ReasonCode.ChunkDamaged, Assert.Single(refused).Code);
        intake.TakeChunk((chunk with { Data = chunk.Data[..100] }).Write());
        intake.TakeChunk((chunk with { Sha256 = new string('0', 64) }).Write());
        intake.TakeChunk(offered.Chunk(8).Write());
        intake.TakeChunk("""{ "sha256": 1, "index": -1 }"""u8.ToArray());
        intake.TakeChunk(new byte[] { 0xff });
        Assert.Empty(Directory.GetFiles(data["incoming"], "*.chunk", SearchOption.AllDirectories));
        Assert.Single(refused); // Said once.
        intake.TakeChunk(chunk.Write());
        Assert.Single(Directory.GetFiles(data["incoming"], "*.chunk", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_was_asked_of_one_offer_is_not_taken_for_the_next_which_may_have_fewer_pieces()
    {
        var intake = Intake();
        using (new Run(intake))
        {
            intake.TakeOffer(Signed(offers, offered.Offer));
            await UntilAsync(() => asked.Count == 1);
        }

        var smaller = Smaller();
        intake.TakeOffer(Signed(offers, smaller.Offer));
        intake.TakeChunk(new SnapshotChunk(smaller.Offer.Sha256, 3, smaller.Chunk(0).Data).Write()); // It has one piece.
        intake.TakeChunk(smaller.Chunk(0).Write());
        Assert.Empty(Directory.GetFiles(data["incoming"], "*.chunk", SearchOption.AllDirectories)); // Nobody has asked.
        Assert.Empty(refused);
    }

    [Fact]
    public async Task An_offer_whose_place_a_refused_one_took_is_fetched_when_it_comes_again()
    {
        var intake = Intake();
        var smaller = Smaller();
        using var run = new Run(intake);
        intake.TakeOffer(Signed(offers, offered.Offer));
        await UntilAsync(() => asked.Count == 1);
        File.WriteAllText(Path.Combine(data["incoming"], smaller.Offer.Sha256), "a file where its folder belongs");
        intake.TakeOffer(Signed(offers, smaller.Offer));
        Assert.Equal(ReasonCode.NotWritten, Assert.Single(refused).Code);

        intake.TakeOffer(Signed(offers, offered.Offer));
        await UntilAsync(() => asked.Count == 2);
        intake.TakeChunk(offered.Chunk(0).Write());
        Assert.Single(Directory.GetFiles(data["incoming"], "*.chunk", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task What_is_offered_while_the_learner_judges_has_its_turn_after_that()
    {
        var intake = Intake();
        using var run = new Run(intake);
        intake.TakeOffer(Signed(offers, Smaller().Offer));
        await UntilAsync(() => asked.Count == 1);
        intake.TakeChunk(Smaller().Chunk(0).Write());
        var received = await intake.Complete.Reader.ReadAsync(TestContext.Current.CancellationToken);
        intake.TakeOffer(Signed(offers, offered.Offer));
        intake.TakeOffer(Signed(offers, Smaller().Offer)); // The one that is judged comes again, and is no news.
        received.Judged.SetResult();
        await UntilAsync(() => asked.Count == 2);
        Assert.Equal(offered.Offer.Sha256, asked[1].Sha256);
    }

    [Fact]
    public async Task An_offer_during_whose_judging_the_process_ends_too_often_is_refused_at_the_next_start_and_may_be_offered_anew()
    {
        var small = Smaller();
        for (int start = 1; start <= 2; start++) // updates.trialAttempts is 2. A stop of the service between them is none.
        {
            await BeginsAsync(small, received => received.BreakOff());
            await BeginsAsync(small, _ => { });
        }

        var intake = Intake();
        using (new Run(intake))
        {
            intake.TakeOffer(Signed(offers, small.Offer));
            await UntilAsync(() => refused.Count > 0);
            Assert.Equal(ReasonCode.TooManyAttempts, Assert.Single(refused).Code);
            Assert.Contains("ended 2 times", refused[0].Text);
            Assert.False(intake.Complete.Reader.TryRead(out _));
            Assert.Empty(Directory.GetDirectories(data["incoming"]));
        }

        int before = asked.Count;
        var next = Intake();
        using var run = new Run(next);
        next.TakeOffer(Signed(offers, small.Offer)); // It is retained, and no news.
        Assert.Equal(before, asked.Count);
        next.TakeOffer(Signed(offers, small.Offer with { OfferedAt = time.GetUtcNow().AddHours(1) }));
        await UntilAsync(() => asked.Count == before + 1);
        next.TakeChunk(small.Chunk(0).Write());
        Assert.True((await next.Complete.Reader.ReadAsync(TestContext.Current.CancellationToken)).Begin());
    }

    [Fact]
    public async Task An_offer_that_is_older_than_one_by_the_same_key_is_refused_also_by_the_next_process()
    {
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(data["incoming"]).FullName, "judged.json"), """["an id of a version before"]""");
        var small = Smaller();
        var older = Signed(offers, offered.Offer with { OfferedAt = small.Offer.OfferedAt.AddSeconds(-1) });
        var intake = Intake();
        using (new Run(intake))
        {
            intake.TakeOffer(Signed(offers, small.Offer));
            await UntilAsync(() => asked.Count == 1);
            intake.TakeOffer(older); // While the newer one is fetched.
            Assert.Equal(ReasonCode.VersionOlder, Assert.Single(refused).Code);
            intake.TakeChunk(small.Chunk(0).Write());
            (await intake.Complete.Reader.ReadAsync(TestContext.Current.CancellationToken)).Judged.SetResult();
            await UntilAsync(() => Directory.GetDirectories(data["incoming"]).Length == 0);
        }

        var next = Intake();
        using var run = new Run(next);
        next.TakeOffer(older);
        Assert.Equal([ReasonCode.VersionOlder, ReasonCode.VersionOlder], refused.Select(reason => reason.Code));
        next.TakeOffer(Signed(offers, offered.Offer)); // Offered at the same moment, to another group perhaps.
        await UntilAsync(() => asked.Count == 2);
    }

    /// <summary>A start of the service during which an offer comes to the learner, who begins to judge it.</summary>
    private async Task BeginsAsync(OfferedSnapshot one, Action<ReceivedSnapshot> then)
    {
        var intake = Intake();
        using var run = new Run(intake);
        int before = asked.Count;
        intake.TakeOffer(Signed(offers, one.Offer));
        await UntilAsync(() => asked.Count > before || intake.Complete.Reader.Count > 0);
        if (asked.Count > before) intake.TakeChunk(one.Chunk(0).Write());
        var received = await intake.Complete.Reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.True(received.Begin());
        then(received);
    }

    [Fact]
    public async Task A_piece_that_the_disk_has_changed_is_asked_for_again_and_the_offer_is_not_blamed()
    {
        var intake = Intake();
        using var run = new Run(intake);
        intake.TakeOffer(Signed(offers, offered.Offer));
        for (int had = 0; had < 9; had += 4)
        {
            await UntilAsync(() => asked.Count > had / 4);
            if (had == 8) File.WriteAllBytes(Directory.GetFiles(data["incoming"], "000002.chunk", SearchOption.AllDirectories).Single(), []);
            foreach (int chunk in asked[^1].Chunks) intake.TakeChunk(offered.Chunk(chunk).Write());
        }

        await UntilAsync(() => asked.Count == 4);
        Assert.Equal([2], asked[3].Chunks);
        intake.TakeChunk(offered.Chunk(2).Write());
        Assert.Equal(offered.Offer.Sha256, (await intake.Complete.Reader.ReadAsync(TestContext.Current.CancellationToken)).Offer.Sha256);
        Assert.Equal(ReasonCode.ChunkDamaged, Assert.Single(refused).Code);
    }

    [Fact]
    public async Task An_offer_whose_files_are_not_what_it_says_never_reaches_the_learner()
    {
        var intake = Intake();
        using var run = new Run(intake);
        var small = Smaller();
        intake.TakeOffer(Signed(offers, small.Offer with { Files = [small.Offer.Files[0] with { Sha256 = small.Offer.Files[1].Sha256 }, .. small.Offer.Files.Skip(1)] }));
        await UntilAsync(() => asked.Count == 1);
        intake.TakeChunk(small.Chunk(0).Write());
        await UntilAsync(() => refused.Count == 1);
        Assert.Equal(ReasonCode.Malformed, refused[0].Code);
        Assert.False(intake.Complete.Reader.TryRead(out _));
        Assert.Empty(Directory.GetDirectories(data["incoming"]));
    }

    [Fact]
    public void Every_reason_against_an_offer_has_its_word()
    {
        var offer = offered.Offer;
        Refuses(ReasonCode.Unsigned, offer.Write());
        Refuses(ReasonCode.UnknownKey, Signed(root, offer)); // It may sign configuration, and no snapshots.
        Refuses(ReasonCode.Malformed, SignedEnvelope.Sign(offers, """{ "manifest": null }"""u8.ToArray()).Write());
        Refuses(ReasonCode.Malformed, Signed(offers, offer with { Chunks = [.. offer.Chunks.Skip(1)] }));
        Refuses(ReasonCode.Malformed, Signed(offers, offer with { Files = [offer.Files[0] with { Name = "../../keys.json" }, .. offer.Files.Skip(1)] }));
        Refuses(ReasonCode.Malformed, Signed(offers, offer with { ChunkBytes = int.MaxValue }));
        Refuses(ReasonCode.Malformed, Signed(offers, offer with { Manifest = offer.Manifest with { Id = "../x" } }));
        Refuses(ReasonCode.NotForThisDevice, Signed(offers, offer with { Target = new UpdateTarget(Group: "valves") }));
        Refuses(ReasonCode.OtherWindows, Signed(offers, offer with { Manifest = Manifest(s_window with { Length = 64 }, "walking") }));
        byte[] swimming = Signed(offers, offer with { Manifest = Manifest(s_window, "swimming") });
        Refuses(ReasonCode.OtherClasses, swimming);
        Assert.Empty(OfferCheck.Judge(swimming, Facts() with { Config = config with { Labels = config.Labels with { Renamed = new Dictionary<string, string> { ["swimming"] = "walking" } } } }).Reasons); // What it calls walking now.
        Refuses(ReasonCode.Expired, Signed(offers, offer with { NotAfter = clock.Now.AddSeconds(-1) }));
        Assert.Empty(OfferCheck.Judge(Signed(offers, offer with { NotAfter = clock.Now }), Facts()).Reasons);
        clock.IsSynchronised = false;
        Assert.Empty(OfferCheck.Judge(Signed(offers, offer with { NotAfter = clock.Now.AddYears(-1) }), Facts()).Reasons); // Nobody knows.
        clock.IsSynchronised = true;
        Refuses(ReasonCode.TooLarge, new byte[SignedEnvelope.MaxBytes + 1]);
        byte[] changed = Signed(offers, offer);
        var envelope = SignedEnvelope.Read(changed);
        Refuses(ReasonCode.BadSignature, (envelope with { Payload = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(envelope.Payload).Replace("walking", "waIking")) }).Write());
        config = config with { Promotion = config.Promotion with { PinnedSnapshot = "s000001-00000000" } };
        Refuses(ReasonCode.SnapshotPinned, Signed(offers, offer));
        config = config with { Updates = new UpdatesSection() };
        Refuses(ReasonCode.NotAccepted, Signed(offers, offer));
    }

    [Fact]
    public void A_device_without_keys_takes_no_snapshot_at_all()
    {
        File.Delete(data["keys.json"]);
        var verdict = OfferCheck.Judge(Signed(offers, offered.Offer), new OfferFacts("d1", config, KeyRingStore.Open("", data["config"]), s_window, clock));
        Assert.Equal(ReasonCode.UnknownKey, Assert.Single(verdict.Reasons).Code);
    }

    private void Refuses(ReasonCode code, byte[] message) => Assert.Equal(code, Assert.Single(OfferCheck.Judge(message, Facts()).Reasons).Code);

    /// <summary>A snapshot of one piece.</summary>
    private OfferedSnapshot Smaller()
    {
        string[] paths = [data["d"], data["e"], data["f"]];
        foreach (string path in paths) File.WriteAllText(path, path);
        return OfferedSnapshot.Of(Manifest(s_window, "walking"), paths, new UpdateTarget(Group: "pumps"), 1024, time.GetUtcNow());
    }

    private OfferFacts Facts() => new("d1", config, KeyRingStore.Open(data["keys.json"], data["config"]), s_window, clock);

    private void Ask(SnapshotRequestMessage request)
    {
        Volatile.Write(ref timersAtLastAsk, time.TimerCount);
        asked.Add(request);
    }

    private SnapshotIntake Intake() => new(data["incoming"], new IntakeSurroundings { Facts = Facts, RunningGraph = () => null, Ask = Ask, Refuse = (_, reasons) => refused.AddRange(reasons) }, time);

    private static byte[] Signed(SigningKey key, SnapshotOffer offer) => SignedEnvelope.Sign(key, offer.Write()).Write();

    private static SnapshotManifest Manifest(WindowShape window, string name) => new() { Id = "s000002-0badcafe", CreatedAt = DateTimeOffset.UnixEpoch, Classes = [name], Window = window, EmbeddingLength = 8, Round = 3 };

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (int i = 0; !condition(); i++)
        {
            Assert.True(i < 60_000, "it never came true");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The intake at work.</summary>
    private sealed class Run : IDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private readonly Task run;

        public Run(SnapshotIntake intake) => run = intake.RunAsync(stop.Token);

        public void Dispose()
        {
            stop.Cancel();
            Assert.ThrowsAny<OperationCanceledException>(() => run.GetAwaiter().GetResult());
            stop.Dispose();
        }
    }
}
