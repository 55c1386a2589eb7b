using Microsoft.Extensions.Hosting;

namespace Edge.Runtime.Stages;

/// <summary>
/// A stage of the pipeline: reads one queue, calls, writes the next. A bug in one ends the service with a record and a non-zero exit code (the host alone would exit 0), so that systemd
/// starts it again.
/// </summary>
public abstract class Stage(FaultRecord faults, IHostApplicationLifetime lifetime) : BackgroundService
{
    /// <summary>The first bug that ended the service, if one did.</summary>
    protected string? Fault => faults.First;

    /// <summary>With this a stage can end the service.</summary>
    protected IHostApplicationLifetime Lifetime => lifetime;

    /// <inheritdoc/>
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // Start-up of the next stage does not wait for this one's first await.
        await GuardAsync(() => RunAsync(stoppingToken), stoppingToken);
    }

    /// <summary>The stage's work until the service stops.</summary>
    protected abstract Task RunAsync(CancellationToken stopping);

    /// <summary>For a stage that does several things side by side: all of them to their end. A bug in one ends the service at once, though the others would go on.</summary>
    protected Task SideBySideAsync(CancellationToken stopping, params Task[] parts) => Task.WhenAll(parts.Select(part => GuardAsync(() => part, stopping)));

    private async Task GuardAsync(Func<Task> work, CancellationToken stopping)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested || lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // Asked to stop, or its neighbour was a moment earlier and has ended the queue between them.
        }
        catch (Exception e)
        {
            faults.Record(GetType().Name, e);
            lifetime.StopApplication();
        }
    }
}

/// <summary>The first bug that ended the service.</summary>
public sealed class FaultRecord
{
    private string? first;

    /// <summary>What happened; null while nothing has.</summary>
    public string? First => Volatile.Read(ref first);

    /// <summary>Notes a bug; the first one counts.</summary>
    public void Record(string where, Exception what) => Interlocked.CompareExchange(ref first, $"{where}: {what}", null);
}
