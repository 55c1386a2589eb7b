namespace Edge.Storage.Tests.Replay;

/// <summary>Document -1 is the state, -2 the prototypes; ids above 0 are examples.</summary>
public class RestoreLossTests
{
    private static readonly long[] s_kept = [-1, -2, 5, 6];

    [Fact]
    public void Nothing_is_lost_when_the_copy_adds_up_to_what_the_ledger_says() =>
        AssertLoss(0, 0, [3, 4], Of([.. s_kept, 3, 4], s_kept, [3, 4]));

    [Fact]
    public void A_single_missing_record_is_picked_from_the_copy() => AssertLoss(0, 0, [4], Of([.. s_kept, 4], s_kept, [2, 3, 4]));

    [Fact]
    public void A_single_missing_record_that_the_copy_does_not_have_is_lost_and_nothing_is_brought_back() => AssertLoss(1, 1, [], Of([.. s_kept, 9], s_kept, [2, 3, 4]));

    [Fact]
    public void Prototypes_are_no_loss() => AssertLoss(0, 0, [4], Of([-1, -2, 5, 6, 4], [-1, 5, 6], [2, 4]));

    [Fact]
    public void Without_a_copy_the_loss_is_exact() => AssertLoss(2, 2, [], Of([.. s_kept, 8, 9], s_kept, []));

    [Fact]
    public void What_cannot_be_told_apart_is_brought_back_and_the_loss_told_as_a_range()
    {
        AssertLoss(0, 2, [2, 3, 4], Of([.. s_kept, 4, 9], s_kept, [2, 3, 4]));
        AssertLoss(1, 3, [3, 4], Of([.. s_kept, 4, 8, 9], s_kept, [3, 4]));
    }

    [Fact]
    public void Without_a_ledger_every_id_after_the_copy_may_be_lost_as_far_as_the_store_had_room()
    {
        AssertLoss(0, 1024 - 4 - 2, [3, 4], RestoreLoss.Of(null, Set(s_kept), Set([3, 4]), 1024, 5000));
        AssertLoss(0, 28, [3, 4], RestoreLoss.Of(null, Set(s_kept), Set([3, 4]), 1024, 30));
        AssertLoss(0, 1024 - 2, [], RestoreLoss.Of(null, Set(s_kept), Set([]), 1024, 5000));
        AssertLoss(0, 0, [], RestoreLoss.Of(null, Set([]), Set([]), 0, 5000));
    }

    private static RestoreLoss Of(long[] held, long[] kept, long[] wanted) => RestoreLoss.Of(held.Aggregate(default(ReplayLedger), (ledger, id) => ledger.With(id, id)), Set(kept), Set(wanted), 1024, 5000);

    private static HashSet<long> Set(long[] ids) => [.. ids];

    private static void AssertLoss(long least, long most, long[] returning, RestoreLoss loss)
    {
        Assert.Equal((least, most), (loss.LeastCount, loss.MostCount));
        Assert.Equal(returning, loss.Returning.Order());
    }
}
