using Edge.Runtime.Labelling;
using Edge.Storage;

namespace Edge.Runtime.Tests.Labelling;

/// <summary>A label that is delivered twice is learnt once, as long as its window is in the ring.</summary>
public class LabelledWindowSetTests
{
    [Fact]
    public void A_label_is_found_on_its_way_and_when_it_is_durable()
    {
        var labelled = new LabelledWindowSet(4);
        Assert.Null(labelled.Find(1));
        labelled.Set(Of(1, "sitting"));
        Assert.Equal("sitting", labelled.Find(1)!.Request.Class);
        Assert.Null(labelled.Find(1)!.Example);
        labelled.Set(Of(1, "sitting") with { RefusedBecause = "marks the second" });
        Assert.Equal("marks the second", labelled.Find(1)!.RefusedBecause);
    }

    [Fact]
    public void What_the_disk_refused_can_be_labelled_again()
    {
        var labelled = new LabelledWindowSet(4);
        labelled.Set(Of(1));
        labelled.Abandon(1);
        Assert.Null(labelled.Find(1));
        labelled.Abandon(2); // Never labelled: nothing to forget.
    }

    [Fact]
    public void A_window_labelled_again_after_a_refusal_is_kept_as_long_as_the_others()
    {
        var labelled = new LabelledWindowSet(2);
        labelled.Set(Of(8));
        labelled.Abandon(8);
        labelled.Set(Of(8));
        labelled.Set(Of(9));
        Assert.NotNull(labelled.Find(8));
        Assert.NotNull(labelled.Find(9));
    }

    [Fact]
    public void Of_all_labelled_windows_the_latest_are_known_in_whatever_order_they_were_labelled()
    {
        // The ring holds the four latest of 30 windows; each is labelled at some moment while it is in the ring.
        const int capacity = 4;
        var random = new Random(5);
        var labelled = new LabelledWindowSet(capacity);
        var given = new HashSet<ulong>();
        for (ulong newest = 1; newest <= 30; newest++)
        {
            ulong[] ring = [.. Enumerable.Range(0, capacity).Select(i => newest - (ulong)i).Where(id => id is > 0 and <= 30)];
            random.Shuffle(ring);
            foreach (ulong id in ring.Take(2))
            {
                if (given.Add(id)) labelled.Set(Of(id));
            }

            Assert.All(ring.Where(given.Contains), id => Assert.NotNull(labelled.Find(id)));
        }

        Assert.Equal(capacity, Enumerable.Range(1, 30).Count(id => labelled.Find((ulong)id) is not null)); // Bounded.
    }

    [Fact]
    public void Who_labels_a_window_while_an_equal_label_is_on_its_way_is_answered_with_that_one()
    {
        var labelled = new LabelledWindowSet(4);
        Assert.Empty(labelled.Set(Of(7)));
        var second = new LabelRequest(7, "walking", "mqtt", "second");
        Assert.Null(labelled.Join(second));
        Assert.Null(labelled.Join(second)); // Redelivered: waits once.
        Assert.Null(labelled.Join(Of(7).Request)); // The first, redelivered: its answer will do.
        Assert.Equal([second], labelled.Set(Of(7) with { Example = Durable(7) }));
        Assert.Equal((second, 42ul), (labelled.Join(second)!.Request, labelled.Join(second)!.Example!.Id)); // It is durable: answered at once.
        Assert.Empty(labelled.Set(Of(7) with { Example = Durable(7) })); // Nobody waits any more.
    }

    [Fact]
    public void Who_waits_for_a_label_that_the_disk_refuses_is_answered_too_and_may_send_it_again()
    {
        var labelled = new LabelledWindowSet(4);
        labelled.Set(Of(7));
        var second = new LabelRequest(7, "walking", "mqtt", "second");
        Assert.Null(labelled.Join(second));
        Assert.Equal([second], labelled.Abandon(7));
        Assert.Contains("send it again", labelled.Join(second)!.RefusedBecause, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_so_many_wait_for_one_label()
    {
        var labelled = new LabelledWindowSet(4);
        labelled.Set(Of(7));
        for (int i = 0; i < LabelledWindowSet.MaxWaiting; i++) Assert.Null(labelled.Join(new LabelRequest(7, "walking", "mqtt", $"{i}")));
        Assert.Contains("16 others wait", labelled.Join(new LabelRequest(7, "walking", "mqtt", "one more"))!.RefusedBecause, StringComparison.Ordinal);
        Assert.Equal(LabelledWindowSet.MaxWaiting, labelled.Set(Of(7) with { Example = Durable(7) }).Count);
    }

    private static Example Durable(ulong windowId) => new() { Id = 42, WindowId = windowId, Class = "walking", StartSeconds = 1, LabelledAt = DateTimeOffset.UnixEpoch, Samples = [] };

    private static LabelOutcome Of(ulong windowId, string name = "walking") => new(new LabelRequest(windowId, name, "mqtt"), null, null);
}
