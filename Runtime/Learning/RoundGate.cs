namespace Edge.Runtime.Learning;

/// <summary>Whether a training round is asked for or running. A lossless stream waits for it when the fresh examples find no room; a live one never does.</summary>
public sealed class RoundGate
{
    private readonly Lock gate = new();
    private TaskCompletionSource? ahead;

    /// <summary>Completes when no round is asked for or running.</summary>
    public Task Quiet
    {
        get
        {
            lock (gate) return ahead?.Task ?? Task.CompletedTask;
        }
    }

    /// <summary>A round was asked for.</summary>
    public void Announce()
    {
        lock (gate) ahead ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>It ended, or there was no cause for it.</summary>
    public void Clear()
    {
        TaskCompletionSource? done;
        lock (gate) (done, ahead) = (ahead, null);
        done?.SetResult();
    }
}
