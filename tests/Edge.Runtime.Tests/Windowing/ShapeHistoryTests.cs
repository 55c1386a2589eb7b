using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Tests.Windowing;

/// <summary>Which windows the examples on the disk are, over changes of the configuration.</summary>
public sealed class ShapeHistoryTests : IDisposable
{
    private static readonly WindowShape s_long = new(3, 32, 50), s_short = new(3, 16, 50), s_fast = new(3, 32, 100);
    private readonly DataFolder data = new();

    public void Dispose() => data.Dispose();

    [Fact]
    public void Examples_of_another_length_or_another_rate_do_not_fit_and_do_again_when_the_device_goes_back()
    {
        Noted(s_long, 0);
        Noted(s_short, 10);
        Noted(s_fast, 20);
        var history = Noted(s_long, 30);
        Assert.Equal([1ul, 11, 21, 31], history.Spans.Select(span => span.FromExampleId));
        Assert.True(history.HasOthers);
        Example[] all = [Of(1, s_long), Of(10, s_long), Of(11, s_short), Of(21, s_fast), Of(31, s_long)];
        Assert.Equal([1ul, 10, 31], history.Fitting(all, s_long).Select(e => e.Id));
        Assert.Equal([11ul], history.Fitting(all, s_short).Select(e => e.Id));
        Assert.Equal([21ul], history.Fitting(all, s_fast).Select(e => e.Id)); // As many values, other seconds.
        Assert.False(history.Fits(Of(12, s_long), s_long)); // Its id says short windows: it is none of ours.
    }

    [Fact]
    public void What_was_cut_before_there_was_a_file_is_what_the_snapshot_took()
    {
        var history = ShapeHistory.Load(data["shapes.json"]);
        history.Note(s_fast, 7, before: s_long);
        Assert.Equal([new ShapeSpan(1, s_long), new ShapeSpan(8, s_fast)], ShapeHistory.Load(data["shapes.json"]).Spans);
    }

    [Fact]
    public void Nothing_is_written_for_the_same_windows_a_buffer_begun_anew_forgets_and_a_damaged_file_is_read_as_none()
    {
        Noted(s_long, 0);
        byte[] bytes = File.ReadAllBytes(data["shapes.json"]);
        var written = File.GetLastWriteTimeUtc(data["shapes.json"]);
        Assert.False(Noted(s_long, 50).HasOthers);
        Assert.Equal(written, File.GetLastWriteTimeUtc(data["shapes.json"]));
        Assert.Equal("""{"schema":1,"spans":[{"fromExampleId":1,"window":{"channelCount":3,"length":32,"sampleRateHz":50,"valueCount":96}}]}""", System.Text.Encoding.UTF8.GetString(bytes)); // Bytes on a disk are for ever.
        Noted(s_short, 50);
        Assert.Equal([new ShapeSpan(1, s_long), new ShapeSpan(6, s_short)], Noted(s_short, 5).Spans); // Ids count from 1 again: the span from 51 on is gone.
        Directory.CreateDirectory(data["shapes.json.tmp"]); // The disk refuses.
        Assert.Equal(s_fast, Noted(s_fast, 9).Spans[^1].Window);
        File.WriteAllText(data["shapes.json"], "{");
        var unknown = ShapeHistory.Load(data["shapes.json"]);
        Assert.Empty(unknown.Spans);
        Assert.True(unknown.Fits(Of(3, s_fast), s_long)); // Only the number of values is known.
        Assert.False(unknown.Fits(Of(3, s_short), s_long));
    }

    [Fact]
    public void The_file_does_not_grow_for_ever()
    {
        for (int i = 0; i < 3 * ShapeHistory.Capacity; i++) Noted(i % 2 == 0 ? s_long : s_short, (ulong)i);
        Assert.Equal(ShapeHistory.Capacity, ShapeHistory.Load(data["shapes.json"]).Spans.Count);
    }

    private ShapeHistory Noted(WindowShape window, ulong lastExampleId)
    {
        var history = ShapeHistory.Load(data["shapes.json"]);
        history.Note(window, lastExampleId, null);
        return history;
    }

    private static Example Of(ulong id, WindowShape window) => new() { Id = id, WindowId = id, Class = "a", StartSeconds = id, LabelledAt = DateTimeOffset.UnixEpoch, Samples = new float[window.ValueCount] };
}
