using Edge.Config;
using Edge.Runtime.Stages;
using Edge.Runtime.Updates;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Stages;

/// <summary>A period that is changed over the air, at any moment.</summary>
public sealed class LiveTimerTests
{
    private readonly DeviceConfig start = new();

    [Fact]
    public async Task The_period_follows_the_configuration()
    {
        var time = new FakeTimeProvider();
        var live = new LiveConfig(start);
        using var timer = new LiveTimer(live, PeriodOf, time);
        live.Swap(Every(100));
        Assert.Equal(TimeSpan.FromSeconds(100), timer.Period);
        var tick = timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(99));
        Assert.False(tick.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await tick);
    }

    [Fact]
    public void Another_change_does_not_begin_the_period_anew()
    {
        var time = new FakeTimeProvider();
        var live = new LiveConfig(Every(10));
        using var timer = new LiveTimer(live, PeriodOf, time);
        var tick = timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(9));
        live.Swap(Every(10) with { Drift = start.Drift with { Threshold = 9 } });
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(tick.IsCompleted);
    }

    [Fact]
    public void An_exchange_that_meets_the_end_changes_nothing_and_does_not_fail()
    {
        var live = new LiveConfig(start);
        LiveTimer? timer = null;
        live.Swapped += _ => timer!.Dispose(); // Before the timer's own handler, which is called all the same.
        timer = new LiveTimer(live, PeriodOf, TimeProvider.System);
        live.Swap(Every(100));
        Assert.Equal(100, live.Current.Telemetry.SummarySeconds);
    }

    private static TimeSpan PeriodOf(DeviceConfig config) => TimeSpan.FromSeconds(config.Telemetry.SummarySeconds);

    private DeviceConfig Every(double seconds) => start with { Telemetry = start.Telemetry with { SummarySeconds = seconds } };
}
