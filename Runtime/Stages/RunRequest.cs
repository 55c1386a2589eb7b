using Edge.Runtime.Updates;
using Edge.Telemetry.Messages;

namespace Edge.Runtime.Stages;

/// <summary>What follows when the pipeline has stopped.</summary>
public enum AfterRun
{
    /// <summary>Nothing: it was stopped, or its stream has ended.</summary>
    Done,

    /// <summary>It starts again, with what came over the air or with the one before.</summary>
    Again,

    /// <summary>A fault ended it while a configuration was on trial: it starts again, which costs an attempt.</summary>
    AnotherAttempt,

    /// <summary>A fault ended it, and the process with it.</summary>
    Fault,
}

/// <summary>Why the service runs, and whether it is to start again with another configuration.</summary>
public sealed class RunRequest
{
    /// <summary>Whether it was started again by itself.</summary>
    public bool Restarted { get; private set; }

    /// <summary>Whether it is to start again when it has stopped. Of the run that is on, and of no later one: see <see cref="After"/>.</summary>
    public bool RestartWanted { get; private set; }

    /// <summary>The latest attempt to change the configuration.</summary>
    public ConfigAttempt? LastAttempt { get; set; }

    /// <summary>What restarts cost.</summary>
    public RestartGap Gap { get; } = new(TimeProvider.System);

    /// <summary>It is to start again when it has stopped.</summary>
    public void WantRestart() => RestartWanted = true;

    /// <summary>What follows a run. However it ended, what was wanted of it is not wanted of the next.</summary>
    /// <param name="hasFault">Whether a fault ended it.</param>
    /// <param name="isOnTrial">Whether a configuration is on trial.</param>
    /// <param name="isStopping">Whether the process is to end.</param>
    public AfterRun After(bool hasFault, bool isOnTrial, bool isStopping)
    {
        bool wanted = RestartWanted;
        RestartWanted = false;
        if (hasFault) return isOnTrial && !isStopping ? AfterRun.AnotherAttempt : AfterRun.Fault;
        Restarted = wanted;
        return wanted && !isStopping ? AfterRun.Again : AfterRun.Done;
    }
}
