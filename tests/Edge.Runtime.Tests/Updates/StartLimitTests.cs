using Edge.Config;
using Edge.Runtime.Updates.Trials;
using Microsoft.Extensions.Time.Testing;

namespace Edge.Runtime.Tests.Updates;

/// <summary>A start on trial has the hold, the grace and a minute.</summary>
public sealed class StartLimitTests
{
    private static readonly UpdatesSection s_limits = new() { TrialSeconds = 60, GraceSeconds = 30, TrialAttempts = 3 };
    private readonly FakeTimeProvider time = new();
    private readonly List<TimeSpan> expired = [];

    [Fact]
    public void One_that_hangs_is_told_once_when_its_time_is_over()
    {
        using var limit = new StartLimit(s_limits, time, expired.Add);
        time.Advance(TimeSpan.FromSeconds(149.9));
        Assert.Empty(expired);
        time.Advance(TimeSpan.FromSeconds(0.2));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal([TimeSpan.FromSeconds(150)], expired);
    }

    [Fact]
    public void One_that_is_over_is_not()
    {
        using var limit = new StartLimit(s_limits, time, expired.Add);
        time.Advance(TimeSpan.FromSeconds(149));
        limit.Over();
        time.Advance(TimeSpan.FromHours(1));
        Assert.Empty(expired);
    }
}
