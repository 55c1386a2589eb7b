using Edge.Runtime.Stages;

namespace Edge.Runtime.Learning;

/// <summary>
/// The door to the learner: asks for training rounds, and tells whether one is asked for or running. A lossless stream waits for it when the fresh examples find no room, and a recorded one
/// before it takes stock; a live one never does. Safe from any thread.
/// </summary>
public sealed class RoundGate(Flows flows)
{
    private readonly Lock gate = new();
    private TaskCompletionSource? ahead;
    private int openCount;

    /// <summary>Completes when no round is asked for or running.</summary>
    public Task Quiet
    {
        get
        {
            lock (gate) return ahead?.Task ?? Task.CompletedTask;
        }
    }

    /// <summary>Asks for a round.</summary>
    /// <returns>False when one is asked for already and has not begun.</returns>
    public bool Ask(string reason)
    {
        lock (gate)
        {
            if (!flows.RoundDue.Writer.TryWrite(reason)) return false;
            openCount++;
            ahead ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return true;
        }
    }

    /// <summary>One that was asked for has ended, or there was no cause for it. To be called once for each that was taken from the queue.</summary>
    public void Clear()
    {
        TaskCompletionSource? done = null;
        lock (gate)
        {
            if (--openCount == 0) (done, ahead) = (ahead, null);
        }

        done?.SetResult();
    }
}
