using System.Text;

namespace Edge.Storage.Tests.Replay;

/// <summary>A class that is called otherwise now: the file keeps its first name, whoever asks hears the name of now, and a start without the entry finds everything under the first.</summary>
public sealed class RenamedClassTests : IDisposable
{
    private static readonly ReplayBufferOptions s_before = Samples.Options with { Capacity = 200, AnchorShare = 0.3, AnchorCapacity = 60 };
    private static readonly ReplayBufferOptions s_now = s_before with { Names = ClassNames.Of(new Dictionary<string, string> { ["old"] = "new" }) };
    private readonly TempFolder folder = new();

    private string Data => folder["replay.db"];

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Everything_goes_on_under_the_new_name_and_what_comes_meanwhile_is_there_under_the_old_one_again()
    {
        ReplayCounts before;
        using (var buffer = Samples.Open(Data, s_before))
        {
            await buffer.OfferAsync([.. Samples.Many("old", 1, 60), .. Samples.Many("other", 100, 60)], Bank(ClassNames.Same, ("old", 60), ("other", 60)));
            before = buffer.Counts;
        }

        byte[] file = File.ReadAllBytes(Data);
        using (var buffer = Samples.Open(Data, s_now))
        {
            Assert.Equal((before.Replay["old"], before.Anchors["old"]), (buffer.Counts.Replay["new"], buffer.Counts.Anchors["new"]));
            Assert.Equal(["new", "other"], Names(await buffer.ListAsync()));
            Assert.Equal(["new", "other"], Names(await buffer.TrainableAsync()));
            Assert.Equal(["new", "other"], Names(await buffer.AnchorsAsync()));
            Assert.Equal("new", (await buffer.FindAsync(1))!.Class);
            Assert.Equal(["new", "other"], buffer.Windows.Classes.Select(its => its.Name).Order());
            Assert.Equal(60, (await buffer.PrototypesAsync())!.Counts["new"]);
        }

        Assert.Equal(file, File.ReadAllBytes(Data)); // A change of name writes nothing.
        using (var buffer = Samples.Open(Data, s_now))
        {
            var bank = (await buffer.PrototypesAsync())!;
            bank.Add("new", [1, 0]);
            var stored = await buffer.OfferAsync(Samples.Many("new", 300, 1), bank);
            Assert.Equal("new", Assert.Single(stored).Class);
        }

        Assert.False(File.ReadAllBytes(Data).AsSpan().IndexOf(Encoding.UTF8.GetBytes("new")) >= 0);
        using var back = Samples.Open(Data, s_before);
        Assert.Equal(["old", "other"], Names(await back.ListAsync()));
        Assert.Equal("old", (await back.FindAsync(121))!.Class);
        Assert.Equal(61, (await back.PrototypesAsync())!.Counts["old"]);
    }

    [Fact]
    public async Task Which_examples_stay_does_not_depend_on_a_name()
    {
        var small = s_before with { Capacity = 12 };
        using (var plain = Samples.Open(folder["plain.db"], small)) await OfferAsync(plain, "old");
        using (var renamed = Samples.Open(folder["renamed.db"], small with { Names = s_now.Names })) await OfferAsync(renamed, "new");
        using var one = Samples.Open(folder["plain.db"], small);
        using var other = Samples.Open(folder["renamed.db"], small);
        Assert.Equal((await one.ListAsync()).Select(e => (e.Id, e.Class, e.Role)), (await other.ListAsync()).Select(e => (e.Id, e.Class, e.Role)));

        static async Task OfferAsync(ReplayBuffer buffer, string name)
        {
            for (int i = 0; i < 10; i++) await buffer.OfferAsync([.. Samples.Many(name, 1 + (40 * i), 10), .. Samples.Many("other", 20 + (40 * i), 10)], null);
            await buffer.SettleAsync(200);
        }
    }

    [Fact]
    public async Task What_was_stored_under_the_new_name_before_it_was_declared_counts_as_well_and_stays_apart_on_the_disk()
    {
        using (var buffer = Samples.Open(Data, s_before))
            await buffer.OfferAsync([.. Samples.Many("old", 1, 20), .. Samples.Many("new", 100, 30)], Bank(ClassNames.Same, ("old", 3), ("new", 4)));
        using (var buffer = Samples.Open(Data, s_now))
        {
            Assert.Equal(50, (await buffer.ListAsync()).Count(e => e.Class == "new"));
            Assert.Equal(50, buffer.Counts.Replay["new"] + buffer.Counts.Anchors["new"]);
            var bank = (await buffer.PrototypesAsync())!;
            Assert.Equal(7, bank.Counts["new"]);
            bank.Add("new", [1, 0]);
            await buffer.OfferAsync(Samples.Many("new", 300, 1), bank);
        }

        using var back = Samples.Open(Data, s_before);
        Assert.Equal(["new 30", "old 21"], (await back.ListAsync()).GroupBy(e => e.Class).Select(its => $"{its.Key} {its.Count()}").Order());
        Assert.Equal((4L, 4L), ((await back.PrototypesAsync())!.Counts["old"], (await back.PrototypesAsync())!.Counts["new"]));
    }

    [Theory]
    [InlineData("old")]
    [InlineData("new")]
    public async Task Either_name_forgets_what_lies_under_both(string name)
    {
        using (var buffer = Samples.Open(Data, s_before))
            await buffer.OfferAsync([.. Samples.Many("old", 1, 20), .. Samples.Many("new", 100, 20), .. Samples.Many("other", 200, 20)], Bank(ClassNames.Same, ("old", 1), ("new", 1), ("other", 1)));
        using (var buffer = Samples.Open(Data, s_now)) Assert.Equal(40, await buffer.ForgetAsync(name));
        using var back = Samples.Open(Data, s_before);
        Assert.Equal(["other"], Names(await back.ListAsync()));
        Assert.Equal(["other"], (await back.PrototypesAsync())!.Counts.Keys);
        Assert.Equal(["other"], back.Counts.Replay.Keys.Concat(back.Counts.Anchors.Keys).Distinct());
    }

    [Fact]
    public async Task An_import_does_not_take_what_is_held_under_the_other_name()
    {
        using (var buffer = Samples.Open(Data, s_before)) await buffer.OfferAsync([.. Samples.Many("old", 1, 5), .. Samples.Many("new", 10, 5)], null);
        using (var buffer = Samples.Open(Data, s_now))
            Assert.Equal(new ImportedBatch(1, 10, 1), await buffer.ImportAsync([.. Samples.Many("new", 1, 5), .. Samples.Many("new", 10, 5), Samples.One("new", 70)], "file", 11));
        using var back = Samples.Open(Data, s_before);
        Assert.Equal("old", (await back.FindAsync(11))!.Class);
    }

    [Fact]
    public void A_prototype_is_that_of_both_sums()
    {
        var stored = Bank(ClassNames.Same, ("old", 0), ("new", 0));
        stored.Add("old", [1, 0]);
        stored.Add("new", [0, 1]);
        var bank = stored.Under(s_now.Names);
        Assert.Equal([MathF.Sqrt(0.5f), MathF.Sqrt(0.5f)], bank.ToMatrix(["new"]).Values, (x, y) => MathF.Abs(x - y) < 1e-7f);
        Assert.Equal(1, bank.ToMatrix(["new"]).KnownCount);
        Assert.Equal(stored.ToBytes(), bank.ToBytes());
        Assert.Equal([0f, 1f], PrototypeBank.FromBytes(bank.ToBytes())!.ToMatrix(["new"]).Values);
    }

    [Fact]
    public void Names_go_there_and_back_and_cost_nothing_where_none_changed()
    {
        var names = s_now.Names;
        Assert.Equal(("new", "new", "other"), (names.FromStored("old"), names.FromStored("new"), names.FromStored("other")));
        Assert.Equal(("old", "other"), (names.ToStored("new"), names.ToStored("other")));
        Assert.Equal(["old", "new"], names.AllStored("old"));
        Assert.Equal(["old", "new"], names.AllStored("new"));
        Assert.Equal(["other"], names.AllStored("other"));

        var example = Samples.One("walking", 1);
        Assert.Same(ClassNames.Same, ClassNames.Of(new Dictionary<string, string>()));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) _ = (ClassNames.Same.FromStored("walking"), ClassNames.Same.ToStored("walking"), ClassNames.Same.FromStored(example), ClassNames.Same.ToStored(example));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static PrototypeBank Bank(ClassNames names, params (string Class, int Count)[] counts)
    {
        var bank = new PrototypeBank("s000001-00000000", 2, names);
        foreach (var (name, count) in counts)
            for (int i = 0; i < count; i++) bank.Add(name, [1, 0]);
        return bank;
    }

    private static IEnumerable<string> Names(IEnumerable<Example> examples) => examples.Select(e => e.Class).Distinct().Order();
}
