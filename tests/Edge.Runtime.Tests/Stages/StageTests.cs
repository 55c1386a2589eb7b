using Edge.Runtime.Stages;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Edge.Runtime.Tests.Stages;

/// <summary>A bug in a stage, or in a part of one, ends the service with a record; being asked to stop does not.</summary>
public class StageTests
{
    private readonly FaultRecord faults = new();
    private readonly ApplicationLifetime lifetime = new(NullLogger<ApplicationLifetime>.Instance);

    [Fact]
    public async Task A_bug_is_recorded_and_stops_the_service()
    {
        using var stage = new Work(faults, lifetime, _ => throw new InvalidOperationException("the first"));
        await RunAsync(stage);
        Assert.StartsWith("Work: System.InvalidOperationException: the first", faults.First);
        Assert.True(lifetime.ApplicationStopping.IsCancellationRequested);
    }

    [Fact]
    public async Task A_bug_in_one_part_is_recorded_though_the_other_part_goes_on()
    {
        using var stage = new Work(faults, lifetime, async stopping => await Task.FromException(new InvalidOperationException("half")), stopping => Task.Delay(Timeout.Infinite, stopping));
        await stage.StartAsync(TestContext.Current.CancellationToken);
        var stopped = new TaskCompletionSource();
        using var registration = lifetime.ApplicationStopping.Register(stopped.SetResult);
        await stopped.Task.WaitAsync(TestContext.Current.CancellationToken); // Without the record this waits for ever.
        Assert.Contains("half", faults.First);
        Assert.False(stage.ExecuteTask!.IsCompleted);
        await stage.StopAsync(TestContext.Current.CancellationToken);
        Assert.True(stage.ExecuteTask.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Being_asked_to_stop_is_no_fault()
    {
        var begun = new TaskCompletionSource();
        using var stage = new Work(faults, lifetime, stopping =>
        {
            begun.SetResult();
            return Task.Delay(Timeout.Infinite, stopping);
        });
        await stage.StartAsync(TestContext.Current.CancellationToken);
        await begun.Task.WaitAsync(TestContext.Current.CancellationToken);
        await stage.StopAsync(TestContext.Current.CancellationToken);
        Assert.Null(faults.First);
        Assert.True(stage.ExecuteTask!.IsCompletedSuccessfully);
    }

    [Fact]
    public void The_first_bug_is_the_one_that_is_told()
    {
        faults.Record("ClassifierStage", new InvalidDataException("cause"));
        faults.Record("LearningStage", new InvalidDataException("effect"));
        Assert.Contains("cause", faults.First);
        Assert.DoesNotContain("effect", faults.First);
    }

    private static async Task RunAsync(Work stage)
    {
        await stage.StartAsync(TestContext.Current.CancellationToken);
        await stage.ExecuteTask!;
    }

    private sealed class Work(FaultRecord faults, ApplicationLifetime lifetime, params Func<CancellationToken, Task>[] parts) : Stage(faults, lifetime)
    {
        // One part throws where it stands, before there is a task; several run side by side.
        protected override Task RunAsync(CancellationToken stopping) => parts.Length == 1 ? parts[0](stopping) : SideBySideAsync(stopping, [.. parts.Select(part => part(stopping))]);
    }
}
