using Edge.Runtime.Inference;
using Edge.Runtime.Stages;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Stages;

/// <summary>The counters that view, telemetry and summary read.</summary>
public class ServiceStateTests
{
    [Fact]
    public void A_process_that_was_stopped_for_an_hour_goes_on_counting()
    {
        var state = new ServiceState(TimeProvider.System);
        state.Count(Of("walking"), TimeSpan.FromHours(1));
        Assert.Equal(1, state.WindowsSeen);
        Assert.InRange(state.LatencyMs(99), 59_000, 61_000); // Shown as the longest that is tracked, a minute.
    }

    [Fact]
    public void Predictions_are_counted_by_class_since_they_were_last_taken()
    {
        var state = new ServiceState(TimeProvider.System);
        foreach (string name in new[] { "walking", "unknown", "walking" }) state.Count(Of(name), TimeSpan.FromMilliseconds(1));
        Assert.Equal(new Dictionary<string, long> { ["walking"] = 2, ["unknown"] = 1 }, state.TakeCounts());
        Assert.Empty(state.TakeCounts());
        Assert.Equal("walking", state.Latest!.Value.Class);
    }

    [Fact]
    public void The_rate_is_that_of_the_last_ten_seconds()
    {
        var time = new FakeTimeProvider();
        var state = new ServiceState(time);
        Assert.Equal(0, state.WindowsPerSecond());
        for (int second = 0; second < 60; second++)
        {
            for (int i = 0; i < (second < 30 ? 1 : 4); i++) state.Count(Of("walking"), TimeSpan.FromMilliseconds(1));
            time.Advance(TimeSpan.FromSeconds(1));
            state.WindowsPerSecond();
        }

        Assert.Equal(4, state.WindowsPerSecond(), 0.01);
    }

    private static Prediction Of(string name) => new(1, 1, name, 1, 0, null);
}
