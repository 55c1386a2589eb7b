using Edge.Runtime.Learning;
using Edge.Runtime.Sensors;
using Edge.Runtime.Stages;
using Edge.Runtime.Windowing;
using Edge.Storage;

namespace Edge.Runtime.Tests.Learning;

/// <summary>Whoever waits for the learner is not let go while a round is asked for or running.</summary>
public class RoundGateTests
{
    private readonly Flows flows = new(true, new ServiceState(TimeProvider.System), new SampleBlockPool(1, 1), new WindowPool(new WindowShape(1, 1, 1)));

    [Fact]
    public void It_is_quiet_before_the_first_round_and_after_the_last()
    {
        var gate = new RoundGate(flows);
        Assert.True(gate.Quiet.IsCompleted);
        Assert.True(gate.Ask(RoundSchedule.Examples));
        Assert.False(gate.Quiet.IsCompleted);
        Take();
        Assert.False(gate.Quiet.IsCompleted); // Running.
        gate.Clear();
        Assert.True(gate.Quiet.IsCompleted);
    }

    [Fact]
    public void A_second_request_before_the_first_has_begun_is_told_so_and_changes_nothing()
    {
        var gate = new RoundGate(flows);
        Assert.True(gate.Ask(RoundSchedule.Drift));
        Assert.False(gate.Ask(RoundSchedule.Examples));
        Assert.Equal(RoundSchedule.Drift, Take());
        gate.Clear();
        Assert.True(gate.Quiet.IsCompleted);
    }

    [Fact]
    public void A_round_asked_for_while_another_runs_keeps_those_who_wait()
    {
        var gate = new RoundGate(flows);
        gate.Ask(RoundSchedule.Drift);
        Take();
        Assert.True(gate.Ask(RoundSchedule.Examples));
        var quiet = gate.Quiet;
        gate.Clear();
        Assert.False(quiet.IsCompleted); // The second is still in the queue.
        Take();
        Assert.False(gate.Quiet.IsCompleted);
        gate.Clear();
        Assert.True(quiet.IsCompleted);
        Assert.True(gate.Quiet.IsCompleted);
    }

    private string Take() => flows.RoundDue.Reader.TryRead(out string? reason) ? reason : throw new InvalidOperationException("nothing was asked for");
}
