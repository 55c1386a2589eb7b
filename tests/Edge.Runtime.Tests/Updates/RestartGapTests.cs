using Edge.Runtime.Updates;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Updates;

/// <summary>What a restart of the pipeline costs, in windows.</summary>
public sealed class RestartGapTests
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1.28);
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void Between_the_last_window_before_and_the_first_one_after_lie_as_many_periods_of_which_one_is_none_lost()
    {
        var gap = new RestartGap(time);
        gap.Begin();
        gap.Stopped(time.GetTimestamp());
        time.Advance(4 * s_period);
        Assert.Null(gap.Windows);
        Assert.True(gap.Arrived(time.GetTimestamp(), s_period));
        Assert.Equal(3, gap.Windows);
        Assert.False(gap.Arrived(time.GetTimestamp(), s_period)); // Once.

        // The way back costs as well.
        gap.Stopped(time.GetTimestamp());
        time.Advance(2 * s_period);
        gap.Arrived(time.GetTimestamp(), s_period);
        Assert.Equal(4, gap.Windows);
        gap.Begin();
        Assert.Null(gap.Windows);
    }

    [Fact]
    public void A_pipeline_that_came_to_no_window_is_part_of_the_gap()
    {
        var gap = new RestartGap(time);
        gap.Begin();
        gap.Stopped(time.GetTimestamp());
        time.Advance(10 * s_period);
        gap.Stopped(null);
        time.Advance(10 * s_period);
        gap.Arrived(time.GetTimestamp(), s_period);
        Assert.Equal(19, gap.Windows);
    }

    [Fact]
    public void A_stream_that_waits_loses_nothing_and_neither_does_a_change_without_a_restart()
    {
        var gap = new RestartGap(time);
        gap.Begin();
        gap.Stopped(time.GetTimestamp());
        time.Advance(s_period);
        gap.Arrived(time.GetTimestamp(), TimeSpan.Zero);
        Assert.Equal(0, gap.Windows);
        gap.Begin();
        gap.None();
        Assert.Equal(0, gap.Windows);
        Assert.False(gap.Arrived(time.GetTimestamp(), s_period));
    }
}
