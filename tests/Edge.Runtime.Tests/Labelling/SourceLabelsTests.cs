using Edge.Runtime.Inference;
using Edge.Runtime.Labelling;

namespace Edge.Runtime.Tests.Labelling;

/// <summary>A sensor that knows the truth hands in labels like an operator: for a share of the windows, late.</summary>
public class SourceLabelsTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1, 1000, 1000)]
    [InlineData(0.3, 260, 340)]
    public void A_share_of_the_windows_gets_a_label(double share, int least, int most) => Assert.InRange(Labelled(share, seed: 1).Count, least, most);

    [Fact]
    public void The_same_seed_labels_the_same_windows_and_another_seed_others()
    {
        Assert.Equal(Labelled(0.3, 1), Labelled(0.3, 1));
        Assert.NotEqual(Labelled(0.3, 1), Labelled(0.3, 2));
    }

    [Fact]
    public void A_window_without_truth_gets_none_and_changes_nothing_for_the_others()
    {
        var source = new SourceLabels(0.5, 0, 1);
        var plain = new SourceLabels(0.5, 0, 1);
        for (ulong id = 1; id <= 100; id++)
        {
            source.Note(Of(id, 0, null));
            source.Note(Of(id, 0));
            plain.Note(Of(id, 0));
        }

        Assert.Equal(Drain(plain), Drain(source));
    }

    [Fact]
    public void A_label_is_due_after_its_delay_in_stream_time_and_not_before()
    {
        var source = new SourceLabels(1, 2, 1);
        source.Note(Of(1, 10));
        source.Note(Of(2, 11.28));
        Assert.Null(source.NextDue(11.99));
        Assert.Equal(2, source.WaitingCount);
        Assert.Equal(new LabelRequest(1, "walking", "sensor"), source.NextDue(12));
        Assert.Null(source.NextDue(12));
        Assert.Equal(2ul, source.NextDue(double.PositiveInfinity)!.WindowId); // The end of a stream carries time past all of them.
        Assert.Equal(0, source.WaitingCount);
    }

    private static List<ulong> Labelled(double share, int seed)
    {
        var source = new SourceLabels(share, 0, seed);
        for (ulong id = 1; id <= 1000; id++) source.Note(Of(id, 0));
        return Drain(source);
    }

    private static List<ulong> Drain(SourceLabels source)
    {
        var ids = new List<ulong>();
        while (source.NextDue(0) is { } label) ids.Add(label.WindowId);
        return ids;
    }

    private static Prediction Of(ulong id, double endSeconds, string? truth = "walking") => new(id, endSeconds, Prediction.Unknown, 0, 1, truth);
}
