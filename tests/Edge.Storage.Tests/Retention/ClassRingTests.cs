namespace Edge.Storage.Tests.Retention;

public class ClassRingTests
{
    [Fact]
    public void The_newest_of_each_class_are_kept_in_equal_shares()
    {
        var ring = new ClassRing(new RetentionBudget(9));
        Offer(ring, string.Concat(Enumerable.Repeat("aabac", 40)));
        Assert.Equal("a 196 197 199; b 188 193 198; c 190 195 200", Content(ring));
    }

    [Fact]
    public void What_is_kept_of_a_class_is_its_newest_at_every_moment()
    {
        var ring = new ClassRing(new RetentionBudget(13));
        var random = new Random(5);
        var offered = new Dictionary<char, List<ulong>>();
        for (ulong id = 1; id <= 600; id++)
        {
            char name = id < 200 ? 'a' : random.Next(10) == 0 ? 'r' : "abc"[random.Next(3)];
            if (!offered.TryGetValue(name, out var ids)) offered.Add(name, ids = []);
            ids.Add(id);
            Assert.True(ring.Offer(new ExampleFacts(id, name.ToString())).Admitted);
            foreach (var (kept, theirs) in ring.Kept) Assert.Equal(offered[kept[0]].TakeLast(theirs.Count), theirs);
        }

        Assert.Equal([3, 3, 3, 4], ring.Kept.Values.Select(ids => ids.Count).Order());
    }

    [Fact]
    public void A_class_that_comes_last_takes_its_share_from_the_largest_and_a_scarce_one_stays()
    {
        var ring = new ClassRing(new RetentionBudget(12));
        Offer(ring, "rr" + new string('a', 50));
        Assert.Equal((2, 10), (ring.Kept["r"].Count, ring.Kept["a"].Count));
        Offer(ring, new string('b', 50), 52);
        Assert.Equal("a 48 49 50 51 52; b 98 99 100 101 102; r 1 2", Content(ring));
    }

    [Fact]
    public void With_more_classes_than_places_the_newest_classes_are_kept()
    {
        var ring = new ClassRing(new RetentionBudget(2));
        Offer(ring, "abc");
        Assert.Equal("b 2; c 3", Content(ring));
    }

    [Fact]
    public void A_lowered_capacity_lets_the_oldest_of_the_largest_class_go()
    {
        var ring = new ClassRing(new RetentionBudget(4));
        for (ulong id = 1; id <= 7; id++) ring.Restore(new ExampleFacts(id, id % 3 == 0 ? "b" : "a"));
        Assert.Equal([1ul, 2, 4], ring.Trim());
    }

    private static void Offer(ClassRing ring, string classes, int offered = 0)
    {
        for (int i = 0; i < classes.Length; i++) ring.Offer(new ExampleFacts((ulong)(offered + i + 1), classes[i].ToString()));
    }

    private static string Content(ClassRing ring) => string.Join("; ", ring.Kept.Where(p => p.Value.Count > 0).OrderBy(p => p.Key).Select(p => $"{p.Key} {string.Join(" ", p.Value)}"));
}
