using System.Runtime.InteropServices;
using System.Text;
using Edge.Storage.Tests.Datasets;

namespace Edge.Storage.Tests.Replay;

public sealed class OperationsTests : IDisposable
{
    private static readonly ReplayBufferOptions s_options = Samples.Options with { Capacity = 500, AnchorShare = 0.3, AnchorCapacity = 100 };
    private readonly TempFolder folder = new();

    private string Data => folder["replay.db"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_store_that_is_open_is_refused_to_others_with_its_holder()
    {
        using (var buffer = Samples.Open(Data, s_options))
        {
            foreach (var access in new[] { ReplayAccess.Serve, ReplayAccess.Maintain, ReplayAccess.Look })
            {
                var error = Assert.Throws<IOException>(() => ReplayBuffer.Open(Data, s_options, TimeProvider.System, access));
                Assert.Contains($"is in use by process {Environment.ProcessId} (", error.Message);
                Assert.Contains("Stop that first", error.Message);
            }

            await buffer.OfferAsync(Samples.Many("a", 1, 3), null);
        }

        using var next = Samples.Open(Data, s_options);
        Assert.Equal(3ul, next.Counts.AcknowledgedCount);
    }

    [Fact]
    public async Task Looking_writes_nothing_and_sees_a_log_that_a_kill_left()
    {
        using (var buffer = Samples.Open(Data, s_options)) await buffer.OfferAsync(Samples.Many("a", 1, 8), null);
        using (var database = new LiteDB.LiteDatabase(new LiteDB.ConnectionString { Filename = Data }))
        {
            // A commit whose checkpoint a kill prevented, as copied from under the feet of the process.
            database.CheckpointSize = 0;
            var collection = database.GetCollection("examples");
            var document = collection.FindById(4);
            collection.Update(document);
            File.Copy(Data, folder["killed.db"]);
            File.Copy(folder["replay-log.db"], folder["killed-log.db"]);
        }

        byte[] data = File.ReadAllBytes(folder["killed.db"]), log = File.ReadAllBytes(folder["killed-log.db"]);
        Assert.NotEmpty(log);
        using (var looking = ReplayBuffer.Open(folder["killed.db"], s_options with { Capacity = 2, AnchorCapacity = 1, FreshCapacity = 2 }, TimeProvider.System, ReplayAccess.Look))
        {
            Assert.Equal(8, (await looking.ListAsync()).Count);
            Assert.Equal(8ul, looking.Counts.AcknowledgedCount);
        }

        Assert.Equal(data, File.ReadAllBytes(folder["killed.db"]));
        Assert.Equal(log, File.ReadAllBytes(folder["killed-log.db"]));
        Assert.All(ReplayVerification.Run(folder["killed.db"], true, null, CancellationToken.None).Problems, problem => Assert.EndsWith(".ids", problem.Place));
    }

    [Fact]
    public async Task Damaged_records_move_into_quarantine_with_their_bytes_and_are_not_met_again()
    {
        using (var buffer = Samples.Open(Data, s_options)) await buffer.OfferAsync(Samples.Many("a", 1, 8), null);
        byte[] flipped = Change(4);
        using (var buffer = Samples.Open(Data, s_options)) Assert.Equal(1, buffer.Counts.CorruptCount);
        using (var buffer = Samples.Open(Data, s_options))
        {
            Assert.Equal(0, buffer.Counts.CorruptCount);
            Assert.Equal(1, (await buffer.StatsAsync()).QuarantinedCount);
            Assert.Equal(7, (await buffer.ListAsync()).Count);
        }

        var record = Assert.Single(new QuarantineLog(folder["replay.quarantine.jsonl"]).Records());
        Assert.Equal((1L, 4L, "checksum", Samples.Now), (record.Number, record.Id, record.Reason, record.At));
        Assert.Equal(flipped, record.Bytes);
    }

    [Fact]
    public void The_quarantine_is_bounded_and_counts_on()
    {
        var quarantine = new QuarantineLog(folder["q.jsonl"]);
        for (int i = 0; i < 40; i++) quarantine.Add([(i, new byte[40_000], "checksum")], Samples.Now);
        Assert.Equal(40, quarantine.Count);
        Assert.InRange(new FileInfo(folder["q.jsonl"]).Length, QuarantineLog.MostBytes / 2, QuarantineLog.MostBytes);
        Assert.Equal(39, quarantine.Records()[^1].Id);
        quarantine.DropBytes();
        Assert.All(quarantine.Records(), record => Assert.Empty(record.Bytes));
        Assert.Equal(40, quarantine.Count);
    }

    [Fact]
    public async Task A_forgotten_class_is_gone_from_every_part_and_after_compaction_from_the_bytes()
    {
        using var buffer = Samples.Open(Data, s_options with { CopyCount = 2 });
        var bank = new PrototypeBank("s", 2);
        bank.Add("secret", [1, 0]);
        bank.Add("other", [0, 1]);
        var stored = await buffer.OfferAsync([.. Samples.Many("secret", 1, 60), .. Samples.Many("other", 100, 60)], bank);
        await buffer.CopyAsync();
        Assert.Contains(stored, e => e is { Class: "secret", Role: ExampleRole.Anchor });
        Assert.True(Holds(Data, stored[3]) && Holds(Data, stored[70]));

        Assert.Equal(60, await buffer.ForgetAsync("secret"));
        Assert.DoesNotContain("secret", buffer.Counts.Replay.Keys.Concat(buffer.Counts.Anchors.Keys));
        Assert.Equal(["other"], (await buffer.PrototypesAsync())!.Counts.Keys);
        Assert.All(await buffer.TrainableAsync(), e => Assert.Equal("other", e.Class));
        Assert.False(Directory.Exists(folder["replay-copies"]));

        long records = (await buffer.CompactAsync(null, TestContext.Current.CancellationToken)).RecordCount;
        Assert.Equal(62, records);
        await buffer.CopyAsync();
        buffer.Dispose();
        string[] files = Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories);
        Assert.Contains(files, file => file.EndsWith("000001.db", StringComparison.Ordinal));
        foreach (string file in files)
        {
            Assert.All(stored.Where(e => e.Class == "secret"), e => Assert.False(Holds(file, e), $"{file} still holds {e.Id}"));
            Assert.False(File.ReadAllBytes(file).AsSpan().IndexOf("secret"u8) >= 0, $"{file} still names the class");
        }

        Assert.True(Holds(Data, stored[70]));
        using var reopened = Samples.Open(Data, s_options);
        Assert.Equal(60, (await reopened.ListAsync()).Count);
        Assert.Equal(121ul, (await reopened.OfferAsync([Samples.One("secret", 300)], null))[0].Id);
    }

    [Fact]
    public async Task Compaction_keeps_every_record_and_shrinks_the_file_and_counts_on()
    {
        using var buffer = Samples.Open(Data, Samples.Options);
        for (int batch = 0; batch < 30; batch++) await buffer.OfferAsync([.. Enumerable.Range(batch * 32, 32).Select(i => Samples.One("ab"[i % 2].ToString(), (ulong)i, valueCount: 1152))], null);
        await buffer.SettleAsync(960);
        var (before, wear, counts) = ((await buffer.TrainableAsync()), buffer.Wear, buffer.Counts);
        var done = await buffer.CompactAsync(null, TestContext.Current.CancellationToken);
        Assert.True(done.BytesAfter < done.BytesBefore / 4, $"{done}");
        Assert.Equal(0, (await buffer.StatsAsync()).EmptyPageCount);
        var after = await buffer.TrainableAsync();
        Assert.Equal(before.Count, after.Count);
        for (int i = 0; i < before.Count; i++) Samples.AssertSame(before[i], after[i]);
        Assert.Equal((wear.ExampleCount, wear.WrittenBytes, counts.AcknowledgedCount), (buffer.Wear.ExampleCount, buffer.Wear.WrittenBytes, buffer.Counts.AcknowledgedCount));
        Assert.Equal(961ul, (await buffer.OfferAsync(Samples.Many("a", 2000, 1), null))[0].Id);
    }

    [Fact]
    public async Task A_cancelled_compaction_leaves_the_old_file_and_no_litter()
    {
        using var buffer = Samples.Open(Data, s_options);
        await buffer.OfferAsync(Samples.Many("a", 1, 50), null);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => buffer.CompactAsync(null, new CancellationToken(true)));
        Assert.False(File.Exists(Data + ".new"));
        Assert.Equal(50, (await buffer.ListAsync()).Count);
        await buffer.OfferAsync(Samples.Many("a", 60, 5), null);
    }

    [Fact]
    public async Task Bytes_written_are_what_the_thread_handed_to_the_kernel()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "/proc is Linux's");
        using var buffer = Samples.Open(Data, s_options);
        await OfferAsync(0);
        long counted = buffer.Wear.WrittenBytes;
        var kernel = Kernel();
        for (int batch = 1; batch < 20; batch++) await OfferAsync(batch);
        counted = buffer.Wear.WrittenBytes - counted;
        var written = Kernel().Where(now => kernel.ContainsKey(now.Key)).Select(now => now.Value - kernel[now.Key]).ToList(); // Stores of tests that run beside this one have threads of that name too.
        Assert.True(written.Exists(bytes => counted >= bytes * 0.9 && counted <= bytes * 1.1), $"{counted} bytes were counted, and the threads of stores wrote {string.Join(", ", written)}");
        Assert.Equal((640L, 640L * 1152 * 4), (buffer.Wear.ExampleCount, buffer.Wear.PayloadBytes));
        buffer.Dispose();
        using var reopened = Samples.Open(Data, s_options);
        Assert.Equal(640, reopened.Wear.ExampleCount);

        Task OfferAsync(int batch) => buffer.OfferAsync([.. Enumerable.Range(batch * 32, 32).Select(i => Samples.One("a", (ulong)i, valueCount: 1152))], null);

        static Dictionary<string, long> Kernel()
        {
            Dictionary<string, long> wrote = [];
            foreach (string thread in Directory.GetDirectories("/proc/self/task"))
            {
                try
                {
                    if (File.ReadAllText(thread + "/comm").Trim() == "replay buffer") wrote[thread] = long.Parse(File.ReadAllLines(thread + "/io").First(line => line.StartsWith("wchar", StringComparison.Ordinal)).Split(' ')[1]);
                }
                catch (IOException)
                {
                    // It has ended.
                }
            }

            return wrote;
        }
    }

    [Fact]
    public async Task An_export_is_read_by_numpy_and_by_an_import_and_by_the_dataset_reader()
    {
        using (var buffer = Samples.Open(Data, s_options)) await buffer.OfferAsync([.. Samples.Many("walking", 1, 20), .. Samples.Many("säg", 50, 10)], null);
        using (var buffer = ReplayBuffer.Open(Data, s_options, TimeProvider.System, ReplayAccess.Look))
        {
            await ReplayArchive.WriteAsync(folder["e.npz"], buffer, await buffer.ListAsync(), new WindowShape(3, 4, 50), null, TestContext.Current.CancellationToken);
        }

        var back = DatasetReader.Read(folder["e.npz"], new DatasetReadOptions(), null, TestContext.Current.CancellationToken);
        Assert.Equal((30, new WindowShape(3, 4, 50)), (back.Train.Count, back.Train.Window));
        string shown = PythonNumpy.Run(
            "f = np.load(path)\nprint(f['X'].shape, f['X'].dtype, f['y'].tolist()[:2], ascii(f['classes'].tolist()), f['id'].tolist() == list(range(1, 31)), sorted(set(f['role'].tolist())), f['start_seconds'][25], f['labelled_at_ms'].dtype)",
            folder["e.npz"]);
        Assert.Equal("(30, 3, 4) float32 [1, 1] ['s\\xe4g', 'walking'] True [1, 2] 55.0 int64", shown);

        using var other = Samples.Open(folder["other.db"], s_options);
        var import = ReplayArchive.Read(folder["e.npz"], 0, 1, Samples.Now, null, TestContext.Current.CancellationToken);
        var done = await other.ImportAsync([.. Enumerable.Range(0, 30).Select(import.Example)], import.Source, 30);
        Assert.Equal((30, 0), (done.OfferedCount, done.KnownCount));
        using var original = ReplayBuffer.Open(Data, s_options, TimeProvider.System, ReplayAccess.Look);
        foreach (var example in await original.ReadAsync([1, 7, 25, 30])) Samples.AssertSame(example, await other.FindAsync(example.Id));
    }

    [Fact]
    public async Task An_import_that_was_interrupted_goes_on_and_repeated_takes_nothing_twice()
    {
        Example[] rows = [.. Samples.Many("a", 1, 40)];
        using (var buffer = Samples.Open(Data, Samples.Options)) // Room for 20: most rows leave again, and do not come back.
        {
            await buffer.ImportAsync(rows[..16], "file", 16);
            await buffer.ImportAsync(rows[16..32], "file", 32);
        }

        using var again = Samples.Open(Data, Samples.Options);
        Assert.Equal((32L, 0L), (await again.ImportedAsync("file"), await again.ImportedAsync("other file")));
        var last = await again.ImportAsync(rows[32..], "file", 40);
        Assert.Equal((8, 0), (last.OfferedCount, last.KnownCount));
        Assert.Equal((40ul, 40L), (again.Counts.AcknowledgedCount, await again.ImportedAsync("file")));
        var other = await again.ImportAsync([.. (await again.TrainableAsync()).Select(e => e with { Id = 0 })], "other file", 40);
        Assert.Equal((0, again.Counts.FreshCount), (other.OfferedCount, other.KnownCount)); // Held already: same class, start and samples.
        Assert.Null(await again.PrototypesAsync());
    }

    [Theory]
    [InlineData(PayloadKind.Float32)]
    [InlineData(PayloadKind.Int16)]
    public async Task Rows_without_starts_of_their_own_are_told_by_class_and_samples_and_equal_ones_count_each(PayloadKind payload)
    {
        var options = Samples.Options with { Capacity = 200, Payload = payload };
        Example[] rows = [.. Samples.Many("a", 1, 20), .. Samples.Many("a", 1, 3)]; // Three windows come twice.
        using var buffer = Samples.Open(Data, options);
        Assert.Equal(23, (await buffer.ImportAsync(From(0), "file", 23)).OfferedCount);
        var again = await buffer.ImportAsync(From(1000), "file", 23, hasStarts: false);
        Assert.Equal((0, 23), (again.OfferedCount, again.KnownCount));
        var more = await buffer.ImportAsync([.. From(2000), .. From(3000)[..1]], "file", 24, hasStarts: false);
        Assert.Equal((24, 0), (more.OfferedCount, more.KnownCount)); // Each record was some row's already, in this import.
        Assert.Equal(47ul, buffer.Counts.AcknowledgedCount);

        Example[] From(double start) => [.. rows.Select((row, i) => row with { StartSeconds = start + i })];
    }

    [Fact]
    public async Task Verification_finds_nothing_in_a_good_store_and_names_what_is_wrong_in_a_bad_one()
    {
        using (var buffer = Samples.Open(Data, s_options))
        {
            await buffer.OfferAsync([.. Enumerable.Range(1, 30).Select(i => Samples.One("a", (ulong)i, valueCount: 1152))], null);
            await buffer.CopyAsync();
        }

        var good = ReplayVerification.Run(Data, true, null, CancellationToken.None);
        Assert.Equal((30, 0), (good.ExampleCount, good.BadCount));
        Assert.Empty(good.Problems);
        byte[] whole = File.ReadAllBytes(Data);
        for (int at = 0; at < whole.Length; at += 4099)
        {
            byte[] flipped = [.. whole];
            flipped[at] ^= 0x20;
            File.WriteAllBytes(Data, flipped);
            var verdict = ReplayVerification.Run(Data, true, null, CancellationToken.None);
            Assert.True(verdict.Problems.Count > 0 || verdict.ExampleCount == 30, $"byte {at}: {verdict}");
            Assert.All(verdict.Problems, problem => Assert.True(problem.Remedy.Length > 10 && problem.Place == Data, $"{problem}"));
        }

        Change(7);
        File.WriteAllBytes(Data, whole);
        Change(7);
        var bad = ReplayVerification.Run(Data, true, null, CancellationToken.None);
        Assert.Equal((29, 1), (bad.ExampleCount, bad.BadCount));
        Assert.Contains(bad.Problems, problem => problem.Value == "1 damaged or unknown: 7");
    }

    /// <summary>Flips a byte of a record; returns what it is now.</summary>
    private byte[] Change(long id)
    {
        using var database = new LiteDB.LiteDatabase(Data);
        var documents = database.GetCollection("examples");
        var document = documents.FindById(id);
        byte[] bytes = [.. document["d"].AsBinary];
        bytes[bytes.Length / 2] ^= 1;
        document["d"] = bytes;
        Assert.True(documents.Update(document));
        return bytes;
    }

    private static bool Holds(string file, Example example) => File.ReadAllBytes(file).AsSpan().IndexOf(MemoryMarshal.AsBytes<float>(example.Samples)) >= 0
        || Encoding.UTF8.GetString(File.ReadAllBytes(file)).Contains(Convert.ToBase64String(MemoryMarshal.AsBytes<float>(example.Samples)), StringComparison.Ordinal);
}
