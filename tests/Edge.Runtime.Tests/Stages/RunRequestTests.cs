using Edge.Runtime.Stages;

namespace Edge.Runtime.Tests.Stages;

/// <summary>What follows when the pipeline has stopped.</summary>
public sealed class RunRequestTests
{
    private readonly RunRequest request = new();

    [Fact]
    public void A_restart_that_was_wanted_is_made_once()
    {
        request.WantRestart();
        Assert.Equal((AfterRun.Again, true), (request.After(hasFault: false, isOnTrial: true, isStopping: false), request.Restarted));
        Assert.Equal(AfterRun.Done, request.After(hasFault: false, isOnTrial: false, isStopping: false));
    }

    [Theory]
    [InlineData(true, false, AfterRun.AnotherAttempt)]
    [InlineData(true, true, AfterRun.Fault)]
    [InlineData(false, false, AfterRun.Fault)]
    public void A_fault_costs_an_attempt_of_a_trial_or_ends_the_process_and_the_restart_that_it_forestalled_is_not_made_later(bool isOnTrial, bool isStopping, AfterRun expected)
    {
        request.WantRestart();
        Assert.Equal((expected, false), (request.After(hasFault: true, isOnTrial, isStopping), request.RestartWanted));
        Assert.Equal(AfterRun.Done, request.After(hasFault: false, isOnTrial: false, isStopping: false));
    }

    [Fact]
    public void A_process_that_is_to_end_does_not_start_again()
    {
        request.WantRestart();
        Assert.Equal(AfterRun.Done, request.After(hasFault: false, isOnTrial: false, isStopping: true));
    }
}
