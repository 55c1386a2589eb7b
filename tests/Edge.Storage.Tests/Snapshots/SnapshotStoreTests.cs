namespace Edge.Storage.Tests.Snapshots;

public sealed class SnapshotStoreTests : IDisposable
{
    private readonly TempFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_promoted_snapshot_is_current_listed_and_the_same_after_a_restart()
    {
        var store = Open();
        Assert.Null(store.Current);
        var first = Promote(store, 1);
        var second = Promote(store, 2);
        Assert.Equal($"s000001-{first.Files[SnapshotStore.ModelFileName][..8]}", first.Id);
        Assert.Equal([first.Id, second.Id], store.List().Select(s => s.Id));

        var reopened = Open();
        Assert.Empty(reopened.Damaged);
        Assert.Equal(second.Id, reopened.Current!.Id);
        Assert.Equal(["a", "b"], reopened.Current.Classes);
        Assert.Equal(new WindowShape(9, 128, 50), reopened.Current.Window);
        Assert.Equal((2, 87.5, "parent"), (reopened.Current.Round, reopened.Current.AnchorAccuracy, reopened.Current.ParentId));
        Assert.Equal(Model(2), File.ReadAllBytes(reopened.ModelFile(reopened.Current)));
        Assert.Equal([2, 2], File.ReadAllBytes(reopened.CheckpointFile(reopened.Current)));
    }

    [Fact]
    public void A_rollback_outlives_a_restart_deletes_nothing_and_refuses_what_is_damaged()
    {
        var store = Open();
        string[] ids = [Promote(store, 1).Id, Promote(store, 2).Id, Promote(store, 3).Id];
        Assert.Equal(ids[1], store.RollBack(ids[1]).Id);
        Assert.Equal(ids[1], Open().Current!.Id);
        File.AppendAllText(Path.Combine(folder["snapshots"], ids[0], "model.checkpoint"), "x");
        Assert.Contains("model.checkpoint has SHA-256", Assert.Throws<InvalidDataException>(() => store.RollBack(ids[0])).Message);
        Assert.Throws<InvalidDataException>(() => store.RollBack("s000009-00000000"));
        Assert.Equal(ids[1], Open().Current!.Id);

        Directory.CreateDirectory(folder["snapshots/s000004-00000000.tmp"]);
        var seen = SnapshotStore.Look(folder["snapshots"]);
        Assert.Equal([(ids[0], true, false), (ids[1], false, true), (ids[2], false, false)], seen.Select(s => (s.Id, s.Manifest is null, s.IsCurrent)));
        Assert.True(Directory.Exists(folder["snapshots/s000004-00000000.tmp"])); // Looked at, not swept.
        Assert.Equal("s000004", Promote(store, 4).Id[..7]);
    }

    [Fact]
    public void What_is_tried_and_what_is_promoted_meanwhile_runs_for_this_process_only_and_the_way_back_is_not_pruned()
    {
        var store = Open();
        string[] ids = [Promote(store, 1).Id, Promote(store, 2).Id];
        store.Try(ids[0]);
        var third = Promote(store, 3);
        var last = Enumerable.Range(4, 4).Select(seed => Promote(store, (byte)seed)).ToList()[^1];
        Assert.Equal(last.Id, store.Current!.Id);
        Assert.DoesNotContain(third.Id, store.List().Select(s => s.Id)); // More were promoted than are kept.
        Assert.Equal(ids[1], Open().Current!.Id);
        store.TakeBack(store.List()[^2]);
        Assert.Equal(ids[1], Open().Current!.Id);

        store.Try(last.Id);
        store.Keep();
        Assert.Equal(last.Id, Open().Current!.Id);
        Assert.Equal(Promote(store, 9).Id, Open().Current!.Id); // As ever.
        store.Keep();
        Assert.Equal("s000008", Open().Current!.Id[..7]);
    }

    [Fact]
    public void A_promotion_that_is_taken_back_leaves_the_one_before_running_here_and_after_a_restart()
    {
        var store = Open();
        var first = Promote(store, 1);
        var second = Promote(store, 2);
        store.TakeBack(first);
        Assert.Same(first, store.Current);
        Assert.Equal(first.Id, Open().Current!.Id);
        Assert.Equal([first.Id, second.Id], store.List().Select(s => s.Id));

        var third = Promote(store, 3);
        Directory.CreateDirectory(Path.Combine(folder["snapshots"], "current.tmp")); // The new name needs this first.
        Assert.Throws<IOException>(() => store.TakeBack(first));
        Assert.Same(first, store.Current); // It is what runs, whatever the disk says.
        Assert.Equal(third.Id, Open().Current!.Id);
    }

    [Fact]
    public void Where_the_named_snapshot_is_damaged_a_look_shows_the_one_that_would_run()
    {
        var store = Open();
        string[] ids = [Promote(store, 1).Id, Promote(store, 2).Id];
        File.Delete(Path.Combine(folder["snapshots"], ids[1], "model.onnx"));
        Assert.Equal(ids[0], SnapshotStore.Look(folder["snapshots"]).Single(s => s.IsCurrent).Id);
        Assert.Equal(ids[1], File.ReadAllText(Path.Combine(folder["snapshots"], "current")));
        Assert.Empty(SnapshotStore.Look(folder["nowhere"]));
    }

    [Fact]
    public void A_graph_in_less_than_float32_belongs_to_its_snapshot_and_runs_where_it_is_wanted()
    {
        var store = Open();
        var plain = Promote(store, 1);
        File.WriteAllBytes(folder["m"], Model(2));
        File.WriteAllBytes(folder["c"], [2]);
        File.WriteAllBytes(folder["r"], [7]);
        var both = store.Promote(folder["m"], folder["c"], plain, ("int8", folder["r"]));
        Assert.Equal([7], File.ReadAllBytes(store.RunningFile(both, "int8", out string runs)));
        Assert.Equal("int8", runs);
        Assert.Equal([7], File.ReadAllBytes(Open().RunningFile(Open().Current!, "int8", out _)));
        foreach (var (snapshot, wanted) in new[] { (both, "float32"), (both, "float16"), (plain, "int8") })
        {
            Assert.Equal(store.ModelFile(snapshot), store.RunningFile(snapshot, wanted, out runs));
            Assert.Equal("float32", runs);
        }

        File.AppendAllText(store.RunningFile(both, "int8", out _), "x");
        Assert.Contains("model.int8.onnx has SHA-256", Assert.Single(Open().Damaged));
    }

    [Fact]
    public void Ids_sort_by_age()
    {
        var store = new SnapshotStore(folder["snapshots"], 100);
        string[] promoted = [.. Enumerable.Range(1, 12).Select(round => Promote(store, round).Id)];
        Assert.Equal(promoted.Order(StringComparer.Ordinal), promoted);
        Assert.Equal(promoted, store.List().Select(s => s.Id));
        Assert.StartsWith("s000012-", promoted[^1]);
    }

    [Fact]
    public void A_million_promotions_take_one_more_digit_and_nothing_else()
    {
        var store = new SnapshotStore(folder["snapshots"], 3);
        var old = Promote(store, 1);
        string last = $"s999999{old.Id[7..]}";
        Directory.Move(Path.Combine(folder["snapshots"], old.Id), Path.Combine(folder["snapshots"], last));
        store = new SnapshotStore(folder["snapshots"], 3);
        string[] promoted = [Promote(store, 2).Id, Promote(store, 3).Id, Promote(store, 4).Id, Promote(store, 5).Id];
        Assert.StartsWith("s1000000-", promoted[0]);
        Assert.StartsWith("s1000003-", promoted[3]);
        Assert.Equal(promoted[1..], store.List().Select(s => s.Id)); // The oldest are pruned.
        Assert.Equal(promoted[3], new SnapshotStore(folder["snapshots"], 3).Current!.Id);
    }

    [Fact]
    public void Older_snapshots_than_are_to_be_kept_are_deleted_at_promotion()
    {
        var store = Open();
        string[] promoted = [.. Enumerable.Range(1, 5).Select(round => Promote(store, round).Id)];
        Assert.Equal(promoted[^3..], store.List().Select(s => s.Id));
        Assert.Equal(promoted[^3..].Append("current"), Directory.GetFileSystemEntries(folder["snapshots"]).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).OrderBy(name => name == "current"));
        Assert.Equal("s000006", Promote(Open(), 6).Id[..7]);
    }

    [Theory]
    [InlineData("model.onnx", "model.onnx has SHA-256")]
    [InlineData("model.checkpoint", "model.checkpoint has SHA-256")]
    [InlineData("manifest.json", "its manifest is damaged or of another version")]
    [InlineData("manifest.sha256", "its manifest is damaged or of another version")]
    public void A_flipped_byte_anywhere_falls_back_to_the_newest_good_snapshot_and_says_what_was_wrong(string file, string expected)
    {
        for (int place = 0; place < 3; place++)
        {
            using var own = new TempFolder();
            var store = new SnapshotStore(own["snapshots"], 3);
            SnapshotManifest[] promoted = [Promote(store, 1), Promote(store, 2), Promote(store, 3)];
            string path = Path.Combine(own["snapshots"], promoted[2].Id, file);
            byte[] bytes = File.ReadAllBytes(path);
            bytes[place * (bytes.Length - 1) / 2] ^= 1;
            File.WriteAllBytes(path, bytes);

            var reopened = new SnapshotStore(own["snapshots"], 3);
            Assert.Equal(promoted[1].Id, reopened.Current!.Id);
            Assert.StartsWith($"{promoted[2].Id}: {expected}", Assert.Single(reopened.Damaged));
            Assert.Equal(promoted[1].Id, File.ReadAllText(Path.Combine(own["snapshots"], "current")));
            Assert.StartsWith("s000004-", Promote(reopened, 4).Id);
        }
    }

    [Fact]
    public void Whatever_byte_of_the_newest_snapshot_or_of_its_naming_is_flipped_a_good_one_is_used()
    {
        var store = Open();
        SnapshotManifest[] promoted = [Promote(store, 1), Promote(store, 2)];
        string[] files = [.. Directory.GetFiles(Path.Combine(folder["snapshots"], promoted[1].Id)), Path.Combine(folder["snapshots"], "current")];
        Assert.Equal(5, files.Length);
        foreach (string file in files)
        {
            byte[] whole = File.ReadAllBytes(file);
            for (int at = 0; at < whole.Length; at += 3)
            {
                byte[] flipped = [.. whole];
                flipped[at] ^= (byte)(1 << at % 8);
                File.WriteAllBytes(file, flipped);
                var reopened = Open();
                Assert.NotNull(reopened.Current);
                Assert.Equal(Path.GetFileName(file) == "current" ? promoted[1].Id : promoted[0].Id, reopened.Current.Id);
                Assert.Equal(Model(reopened.Current.Round), File.ReadAllBytes(reopened.ModelFile(reopened.Current)));
                File.WriteAllBytes(file, whole);
                File.WriteAllText(Path.Combine(folder["snapshots"], "current"), promoted[1].Id);
            }

            File.WriteAllBytes(file, whole[..(whole.Length / 2)]); // Torn.
            Assert.Equal(Path.GetFileName(file) == "current" ? promoted[1].Id : promoted[0].Id, Open().Current!.Id);
            File.WriteAllBytes(file, whole);
            File.WriteAllText(Path.Combine(folder["snapshots"], "current"), promoted[1].Id);
        }
    }

    [Fact]
    public void Snapshots_beyond_the_bytes_that_may_be_kept_are_deleted_but_never_the_running_one_and_the_one_before()
    {
        var store = new SnapshotStore(folder["snapshots"], 10, 250_000);
        string[] ids = [.. Enumerable.Range(1, 4).Select(round => store.Promote(Candidate(round, 100_000), Manifest(round)).Id)];
        Assert.Equal(ids[2..], store.List().Select(s => s.Id));
        var tight = new SnapshotStore(folder["snapshots"], 10, 1);
        string last = tight.Promote(Candidate(5, 100_000), Manifest(5)).Id;
        Assert.Equal([ids[3], last], tight.List().Select(s => s.Id));
    }

    [Fact]
    public void An_old_snapshot_that_cannot_be_deleted_stays_until_the_next_promotion_and_the_new_one_runs()
    {
        var store = new SnapshotStore(folder["snapshots"], 2);
        string first = Promote(store, 1).Id;
        Promote(store, 2);
        File.WriteAllText(folder["snapshots"] + $"/{first}.tmp", "a file where it would be moved to");
        string third = Promote(store, 3).Id;
        Assert.Equal((third, 3), (store.Current!.Id, store.List().Count));
        File.Delete(folder["snapshots"] + $"/{first}.tmp");
        Assert.Equal([third, Promote(store, 4).Id], store.List().Select(snapshot => snapshot.Id));
    }

    [Fact]
    public void A_promotion_after_a_roll_back_keeps_what_ran_until_then_and_can_be_taken_back_to_it()
    {
        var store = new SnapshotStore(folder["snapshots"], 2);
        var oldest = Promote(store, 1);
        Promote(store, 2);
        var ran = store.RollBack(oldest.Id);
        string next = Promote(store, 3).Id;
        Assert.Equal([oldest.Id, next], store.List().Select(snapshot => snapshot.Id));
        store.TakeBack(ran);
        Assert.Equal(oldest.Id, Open().Current!.Id);
    }

    [Fact]
    public void A_damaged_snapshot_takes_no_place_from_a_good_one()
    {
        var store = Open();
        SnapshotManifest[] promoted = [Promote(store, 1), Promote(store, 2), Promote(store, 3)];
        File.WriteAllBytes(Path.Combine(folder["snapshots"], promoted[2].Id, "model.onnx"), [1]);
        var reopened = Open();
        var next = Promote(reopened, 4);
        Assert.Equal([promoted[0].Id, promoted[1].Id, next.Id], reopened.List().Select(s => s.Id));
    }

    [Fact]
    public void A_missing_model_is_said_and_no_good_snapshot_is_none()
    {
        var only = Promote(Open(), 1);
        File.Delete(Path.Combine(folder["snapshots"], only.Id, SnapshotStore.ModelFileName));
        var reopened = Open();
        Assert.Null(reopened.Current);
        Assert.Equal($"{only.Id}: model.onnx is missing", Assert.Single(reopened.Damaged));
    }

    [Fact]
    public void The_file_that_names_the_current_one_decides_and_without_it_the_newest()
    {
        var store = Open();
        SnapshotManifest[] promoted = [Promote(store, 1), Promote(store, 2)];
        File.WriteAllText(Path.Combine(folder["snapshots"], "current"), promoted[0].Id + "\n");
        Assert.Equal(promoted[0].Id, Open().Current!.Id); // A crash between the snapshot's appearance and its naming.
        File.Delete(Path.Combine(folder["snapshots"], "current"));
        Assert.Equal(promoted[1].Id, Open().Current!.Id);
        Assert.Equal(promoted[1].Id, File.ReadAllText(Path.Combine(folder["snapshots"], "current")));
        File.WriteAllText(Path.Combine(folder["snapshots"], "current"), "s000009-deadbeef");
        Assert.Equal(promoted[1].Id, Open().Current!.Id);
    }

    [Fact]
    public void Torn_temporary_folders_are_removed_at_start_and_strange_ones_left_alone()
    {
        var good = Promote(Open(), 1);
        Directory.CreateDirectory(Path.Combine(folder["snapshots"], "s000002-00000000.tmp", "deep"));
        Directory.CreateDirectory(Path.Combine(folder["snapshots"], "notes"));
        var reopened = Open();
        Assert.Equal(good.Id, reopened.Current!.Id);
        Assert.Empty(Directory.GetDirectories(folder["snapshots"], "*.tmp"));
        Assert.True(Directory.Exists(Path.Combine(folder["snapshots"], "notes")));
    }

    [Fact]
    public void A_manifest_of_another_version_is_refused()
    {
        var store = Open();
        var first = Promote(store, 1);
        var second = store.Promote(Candidate(2), Manifest(2) with { Schema = 2 });
        var reopened = Open();
        Assert.Equal(first.Id, reopened.Current!.Id);
        Assert.StartsWith(second.Id, Assert.Single(reopened.Damaged));
    }

    [Fact]
    public void A_full_disk_leaves_the_running_snapshot_as_it_was_and_the_next_try_succeeds()
    {
        using var disk = SmallDisk.Mount(1);
        var store = new SnapshotStore(disk["snapshots"], 3);
        var first = Promote(store, 1);
        string candidate = Candidate(2, modelBytes: 300_000);
        disk.LeaveFree(200_000);
        Assert.Throws<IOException>(() => store.Promote(candidate, Manifest(2)));
        Assert.Equal(first.Id, store.Current!.Id);
        Assert.Equal(first.Id, Assert.Single(store.List()).Id);
        Assert.Empty(Directory.GetDirectories(disk["snapshots"], "*.tmp"));
        disk.Clear();
        Assert.StartsWith("s000002-", store.Promote(candidate, Manifest(2)).Id);
        Assert.Equal(store.Current.Id, new SnapshotStore(disk["snapshots"], 3).Current!.Id);
    }

    private static byte[] Model(int round, int bytes = 100) => [.. Enumerable.Range(0, bytes).Select(i => (byte)(round * 31 + i))];

    private static SnapshotManifest Manifest(int round) => new()
    {
        Id = "",
        ParentId = "parent",
        CreatedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Classes = ["a", "b"],
        Window = new WindowShape(9, 128, 50),
        EmbeddingLength = 64,
        Round = round,
        AnchorAccuracy = 87.5,
    };

    private SnapshotStore Open() => new(folder["snapshots"], 3);

    private SnapshotManifest Promote(SnapshotStore store, int round) => store.Promote(Candidate(round), Manifest(round));

    private string Candidate(int round, int modelBytes = 100)
    {
        string path = folder[$"candidate{round}"];
        Directory.CreateDirectory(path);
        File.WriteAllBytes(Path.Combine(path, SnapshotStore.ModelFileName), Model(round, modelBytes));
        File.WriteAllBytes(Path.Combine(path, SnapshotStore.CheckpointFileName), [(byte)round, (byte)round]);
        return path;
    }
}
