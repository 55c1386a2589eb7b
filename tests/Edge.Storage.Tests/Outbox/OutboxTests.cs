using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Edge.Storage.Tests.Outboxes;

/// <summary>What an outbox promises of its records.</summary>
public sealed class OutboxTests : IDisposable
{
    private readonly TempFolder folder = new();

    private string File1 => folder["outbox.db"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_record_is_on_disk_when_its_task_says_so()
    {
        using var first = Open(new Owner());
        Assert.True(await first.Add(first.FirstId, Bytes("alarm"), isUrgent: true));

        using var copied = new TempFolder(); // As a kill at this moment would leave it.
        foreach (string file in Directory.GetFiles(folder.Path)) File.Copy(file, copied[Path.GetFileName(file)]);
        var owner = new Owner();
        using var second = Outbox.Open(new OutboxOptions { Path = copied["outbox.db"] }, owner, TimeProvider.System);
        Assert.Equal(["alarm"], owner.Records.Values);
    }

    [Fact]
    public async Task Records_come_back_in_order_until_they_are_removed_and_ids_rise_over_every_restart()
    {
        long last = 0;
        for (int life = 0; life < 4; life++)
        {
            var owner = new Owner();
            using var outbox = Open(owner);
            Assert.True(outbox.FirstId > last);
            Assert.Equal(life == 0 ? [] : [$"{life - 1}.1", $"{life - 1}.2"], owner.Records.Values);
            foreach (long id in owner.Records.Keys) outbox.Remove(id);
            for (int i = 0; i < 3; i++) await outbox.Add(last = outbox.FirstId + i, Bytes($"{life}.{i}"), isUrgent: true);
            outbox.Remove(outbox.FirstId);
        }
    }

    [Fact]
    public void A_record_that_is_removed_before_its_time_never_touches_the_disk()
    {
        using (var outbox = Open(new Owner()))
        {
            outbox.IsReachable = true;
            for (int i = 0; i < 1000; i++)
            {
                outbox.Add(outbox.FirstId + i, Bytes("event"), isUrgent: false);
                outbox.Remove(outbox.FirstId + i);
            }
        }

        Assert.False(File.Exists(File1));
    }

    [Fact]
    public async Task An_urgent_record_that_is_acknowledged_from_afar_within_the_grace_is_safe_without_a_write()
    {
        using var outbox = Outbox.Open(new OutboxOptions { Path = File1, Grace = TimeSpan.FromMinutes(1) }, new Owner(), TimeProvider.System);
        outbox.IsReachable = true;
        var safe = outbox.Add(outbox.FirstId, Bytes("alarm"), isUrgent: true);
        Assert.False(safe.IsCompleted);

        outbox.Remove(outbox.FirstId);
        Assert.True(await safe);
        Assert.Equal(0, outbox.Health.ChangeCount);
    }

    [Fact]
    public async Task Where_the_far_end_is_slower_than_the_grace_urgent_records_are_written_at_once_until_it_is_prompt_again()
    {
        using var outbox = Outbox.Open(new OutboxOptions { Path = File1, Grace = TimeSpan.FromSeconds(3), RemoveDelay = TimeSpan.FromHours(1) }, new Owner(), TimeProvider.System);
        outbox.IsReachable = true;
        long id = outbox.FirstId;
        Assert.True(await outbox.Add(id, Bytes("waits in vain"), isUrgent: true));
        Assert.Equal(1, outbox.Health.ChangeCount);
        await OneAfterTheOtherAsync().WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken); // With the grace ten minutes.
        Assert.Equal(201, outbox.Health.ChangeCount);

        await Task.Delay(TimeSpan.FromSeconds(3.1), TestContext.Current.CancellationToken);
        outbox.Remove(id + 1); // The one that was watched, and it came late: the next one is.
        Assert.True(await outbox.Add(id + 201, Bytes("at once, and watched"), isUrgent: true));
        outbox.Remove(id + 201);
        var waits = outbox.Add(id + 202, Bytes("waits again"), isUrgent: true);
        Assert.False(waits.IsCompleted);
        outbox.Remove(id + 202);
        Assert.True(await waits);
        Assert.Equal(202, outbox.Health.ChangeCount);

        async Task OneAfterTheOtherAsync()
        {
            for (int i = 1; i <= 200; i++) Assert.True(await outbox.Add(id + i, Bytes("at once"), isUrgent: true));
        }
    }

    [Fact]
    public async Task A_clean_end_writes_what_still_waits()
    {
        using (var outbox = Open(new Owner()))
        {
            outbox.IsReachable = true;
            await outbox.Add(outbox.FirstId, Bytes("event"), isUrgent: false);
        }

        var owner = new Owner();
        using var next = Open(owner);
        Assert.Equal(["event"], owner.Records.Values);
    }

    [Fact]
    public async Task Records_are_read_back_whether_written_or_still_waiting()
    {
        using var outbox = Open(new Owner());
        await outbox.Add(outbox.FirstId, Bytes("written"), isUrgent: true);
        outbox.IsReachable = true;
        await outbox.Add(outbox.FirstId + 1, Bytes("waiting"), isUrgent: false);

        var found = await outbox.FindAsync([outbox.FirstId, outbox.FirstId + 1, outbox.FirstId + 2]);
        Assert.Equal(["waiting", "written"], found.Values.Select(Encoding.UTF8.GetString).Order());
    }

    [Fact]
    public async Task An_empty_file_that_was_long_is_begun_anew()
    {
        using var outbox = Open(new Owner());
        await Task.WhenAll(Enumerable.Range(0, 300).Select(i => outbox.Add(outbox.FirstId + i, () => new byte[8000], isUrgent: true)));
        Assert.True(outbox.Health.FileBytes > 2 << 20);
        for (int i = 0; i < 300; i++) outbox.Remove(outbox.FirstId + i);

        await Holds(() => outbox.Health is { Count: 0, FileBytes: 0 });
        Assert.True(await outbox.Add(outbox.FirstId + 300, Bytes("after"), isUrgent: true));
    }

    [Theory]
    [InlineData(6 * 8192)]
    [InlineData(500)] // Less than a page: LiteDB alone takes it for a file that it is to begin.
    public async Task A_file_that_is_no_outbox_is_put_aside_and_said_and_another_is_begun(int length)
    {
        byte[] noise = new byte[length];
        new Random(1).NextBytes(noise);
        File.WriteAllBytes(File1, noise);
        var owner = new Owner();
        using (var outbox = Open(owner))
        {
            Assert.True(await outbox.Add(outbox.FirstId, Bytes("alarm"), isUrgent: true));
            Assert.Equal((1, null), (outbox.Health.DamagedCount, outbox.Health.Problem));
            Assert.Contains("how many are lost is not known", Assert.Single(owner.Damages), StringComparison.Ordinal);
        }

        Assert.Equal(noise, File.ReadAllBytes(Assert.Single(Directory.GetFiles(folder.Path, "outbox.db.bad-*"))));
        var next = new Owner();
        using var again = Open(next);
        Assert.Equal(["alarm"], next.Records.Values);
    }

    [Fact]
    public async Task Of_a_damaged_file_every_record_on_a_whole_page_is_salvaged_and_only_the_others_are_lost()
    {
        long firstId;
        using (var outbox = Open(new Owner()))
        {
            firstId = outbox.FirstId;
            await Task.WhenAll(Enumerable.Range(0, 40).Select(i => outbox.Add(firstId + i, () => Encoding.UTF8.GetBytes($"{i} {new string('x', 3000)}"), isUrgent: true)));
        }

        byte[] bytes = File.ReadAllBytes(File1);
        int at = bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes("17 xxx"));
        bytes[at + 100] ^= 1;
        File.WriteAllBytes(File1, bytes);
        var owner = new Owner();
        using (var outbox = Open(owner))
        {
            Assert.Equal(Enumerable.Range(0, 40).Where(i => i != 17), owner.Records.Values.Select(record => int.Parse(record.Split(' ')[0])));
            Assert.True(outbox.FirstId > firstId + 39);
            Assert.Equal(1, outbox.Health.DamagedCount);
        }

        var next = new Owner();
        using var again = Open(next);
        Assert.Equal(39, next.Records.Count); // The salvaged ones are in the new file.
        Assert.Empty(next.Damages);
    }

    [Fact]
    public async Task Flipped_bits_anywhere_never_give_a_wrong_record_and_never_end_the_outbox()
    {
        using (var outbox = Open(new Owner()))
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(i => outbox.Add(outbox.FirstId + i, () => Encoding.UTF8.GetBytes($"{i} {new string('x', 500)}"), isUrgent: true)));
        }

        byte[] good = File.ReadAllBytes(File1);
        var random = new Random(5);
        for (int trial = 0; trial < 20; trial++)
        {
            byte[] bytes = [.. good];
            for (int flip = 0; flip < 3; flip++) bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            foreach (string file in Directory.GetFiles(folder.Path, "outbox*").Where(name => !name.EndsWith(".ids", StringComparison.Ordinal))) File.Delete(file);
            File.WriteAllBytes(File1, bytes);
            var owner = new Owner();
            using var outbox = Open(owner);
            Assert.All(owner.Records.Values, record => Assert.Equal(record, $"{record.Split(' ')[0]} {new string('x', 500)}"));
            Assert.True(await outbox.Add(outbox.FirstId, Bytes("after"), isUrgent: true), $"trial {trial}: {outbox.Health.Problem}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // What the system refuses then is no input or output but an access, also to the superuser.
    public async Task A_damaged_file_that_may_not_be_put_aside_is_said_with_a_remedy_and_the_outbox_goes_on(bool isJournal)
    {
        var time = new StandingClock();
        var owner = new Owner();
        using var outbox = Outbox.Open(new OutboxOptions { Path = File1, MaxPause = TimeSpan.FromSeconds(0.5) }, owner, time);
        long id = outbox.FirstId;
        for (int i = 0; i < 20; i++) Assert.True(await outbox.Add(id + i, () => new byte[1 << 20], isUrgent: true)); // Enough that the file is closed in between.
        string obstacle = isJournal ? folder["outbox-log.db"] : $"{File1}.bad-{time.GetUtcNow():yyyyMMddTHHmmssfff}"; // A folder: no file can take its name, nor be deleted by it.
        File.Delete(folder["outbox-log.db"]);
        Directory.CreateDirectory(Path.Combine(obstacle, "in it"));
        File.WriteAllBytes(File1, new byte[500]);

        string refused = "";
        await Holds(async () =>
        {
            try
            {
                for (int i = 0; i < 20; i++) await outbox.FindAsync([id + i]); // Some is held open still.
            }
            catch (IOException e)
            {
                refused = e.Message;
            }

            return refused.Contains("cannot be put aside", StringComparison.Ordinal);
        });
        Assert.Contains($"Give the service's user the right to write in '{folder.Path}'", refused, StringComparison.Ordinal);
        Assert.Equal(refused, outbox.Health.Problem);
        Assert.False(await outbox.Add(id + 20, Bytes("waits"), isUrgent: true));

        Directory.Delete(obstacle, recursive: true);
        await Holds(() => outbox.Health is { Problem: null, Count: > 0 });
        Assert.Equal(["refuses", "well"], owner.Changes);
        Assert.Equal("waits", Encoding.UTF8.GetString((await outbox.FindAsync([id + 20]))[id + 20]));
    }

    [Fact]
    public async Task A_full_disk_is_said_at_once_and_everything_is_written_when_it_has_room_again()
    {
        using var disk = SmallDisk.Mount(4);
        var options = new OutboxOptions { Path = disk["outbox.db"], ReserveBytes = 0, MaxPause = TimeSpan.FromSeconds(0.5) };
        var owner = new Owner();
        long first;
        using (var outbox = Outbox.Open(options, owner, TimeProvider.System))
        {
            first = outbox.FirstId;
            Assert.True(await outbox.Add(first, Bytes("0"), isUrgent: true));
            disk.LeaveFree(0);
            for (int i = 1; i < 10; i++) Assert.False(await outbox.Add(first + i, Bytes($"{i}"), isUrgent: true));
            Assert.Contains("cannot grow", outbox.Health.Problem, StringComparison.Ordinal);
            Assert.Equal(["refuses"], owner.Changes);

            disk.Clear();
            await Holds(() => outbox.Health is { Problem: null, Count: 10 });
            Assert.Equal(["refuses", "well"], owner.Changes);
        }

        var next = new Owner();
        using var again = Outbox.Open(options, next, TimeProvider.System);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), next.Records.Values);
        GC.Collect();
        GC.WaitForPendingFinalizers(); // A transaction that LiteDB left behind would end the process here.
    }

    [Fact]
    public async Task Some_of_the_disk_is_left_to_others()
    {
        using var outbox = Outbox.Open(new OutboxOptions { Path = File1, ReserveBytes = long.MaxValue }, new Owner(), TimeProvider.System);
        Assert.False(await outbox.Add(outbox.FirstId, Bytes("alarm"), isUrgent: true));
        Assert.Contains("are left to others", outbox.Health.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Behind_a_record_that_waits_for_a_disk_that_refuses_those_that_are_removed_are_let_go()
    {
        using var outbox = Outbox.Open(new OutboxOptions { Path = File1, ReserveBytes = long.MaxValue }, new Owner(), TimeProvider.System);
        Assert.False(await outbox.Add(outbox.FirstId, Bytes("parked"), isUrgent: true));
        await outbox.Add(outbox.FirstId + 1, Bytes("parked"), isUrgent: false);
        var removed = new List<WeakReference>();
        for (int i = 2; i < 20_002; i++) removed.Add(AddAndRemove(outbox, outbox.FirstId + i, isUrgent: i % 2 == 0));
        GC.Collect();
        Assert.InRange(removed.Count(one => one.IsAlive), 0, 4000);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference AddAndRemove(Outbox outbox, long id, bool isUrgent)
        {
            byte[] content = new byte[100];
            _ = outbox.Add(id, () => content, isUrgent);
            outbox.Remove(id);
            return new WeakReference(content);
        }
    }

    private static Func<byte[]> Bytes(string text) => () => Encoding.UTF8.GetBytes(text);

    private static Task Holds(Func<bool> condition) => Holds(() => Task.FromResult(condition()));

    private static async Task Holds(Func<Task<bool>> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "It never came true.");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private Outbox Open(Owner owner) => Outbox.Open(new OutboxOptions { Path = File1 }, owner, TimeProvider.System);

    private sealed class StandingClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    }

    private sealed class Owner : IOutboxOwner
    {
        public SortedDictionary<long, string> Records { get; } = [];

        public ConcurrentQueue<string> Damages { get; } = [];

        public ConcurrentQueue<string> Changes { get; } = [];

        public void Found(long id, ReadOnlySpan<byte> record)
        {
            Assert.True(Records.Count == 0 || id > Records.Keys.Max());
            Records.Add(id, Encoding.UTF8.GetString(record));
        }

        public void Written(IReadOnlyCollection<long> ids)
        {
        }

        public void Lost(IReadOnlyCollection<long> ids)
        {
        }

        public void Changed(OutboxHealth health) => Changes.Enqueue(health.Problem is null ? "well" : "refuses");

        public void Damaged(string what) => Damages.Enqueue(what);
    }
}
