using Edge.Runtime.Fleet.Simulation;

namespace Edge.Runtime.Tests.Fleet;

/// <summary>How a simulated fleet ends.</summary>
public sealed class LivesTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(9)]
    public async Task When_one_fails_all_others_are_ended_and_its_failure_is_told(int failing)
    {
        using var lives = new Lives(endingAtOnce: 3);
        var fails = new TaskCompletionSource();
        int ended = 0;
        for (int i = 0; i < 10; i++) lives.Begin(i == failing ? _ => fails.Task : LiveAsync);
        Assert.False(lives.Failed.IsCancellationRequested);

        fails.SetException(new IOException("the disk refused"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Delay(Timeout.Infinite, lives.Failed));
        Assert.Equal("the disk refused", (await Assert.ThrowsAsync<IOException>(lives.EndAsync)).Message);
        Assert.Equal(9, ended);

        async Task LiveAsync(CancellationToken end)
        {
            try
            {
                await Task.Delay(Timeout.Infinite, end);
            }
            finally
            {
                Interlocked.Increment(ref ended);
            }
        }
    }

    [Fact]
    public async Task When_none_fails_the_end_is_quiet()
    {
        using var lives = new Lives(endingAtOnce: 3);
        for (int i = 0; i < 10; i++) lives.Begin(end => Task.Delay(Timeout.Infinite, end));
        await lives.EndAsync();
        Assert.False(lives.Failed.IsCancellationRequested);
    }
}
