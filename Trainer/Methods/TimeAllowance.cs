namespace Edge.Trainer.Methods;

/// <summary>The time that a round may take. Training ends when one more step like the slowest so far would pass nine tenths of it; the rest is for judging and writing the candidate.</summary>
/// <param name="budget">The whole.</param>
/// <param name="time">Clock.</param>
/// <param name="started">Its timestamp when the round began.</param>
public sealed class TimeAllowance(TimeSpan budget, TimeProvider time, long started)
{
    private const double TrainingShare = 0.9;
    private TimeSpan slowestStep;
    private long? before;

    /// <summary>Whether another step might end too late.</summary>
    public bool IsSpent => time.GetElapsedTime(started) + slowestStep > budget * TrainingShare;

    /// <summary>To be called before the first step and after every one.</summary>
    public void Count()
    {
        long now = time.GetTimestamp();
        if (before is { } then && time.GetElapsedTime(then, now) is var took && took > slowestStep) slowestStep = took;
        before = now;
    }
}
