using Edge.Config;
using Edge.Runtime.Updates.Trials;

namespace Edge.Runtime.Fleet.Simulation;

/// <summary>What a trial finds on a simulated device: all well, or one of four ways to fail, by the device's number. The verdict is the service's own.</summary>
internal static class SimulatedHealth
{
    /// <summary>The evidence after <paramref name="elapsed"/>.</summary>
    /// <param name="number">Of the device; chooses how it fails.</param>
    /// <param name="failing">Whether it fails.</param>
    /// <param name="elapsed">Time since the trial began.</param>
    /// <param name="accuracyBefore">As the state has it.</param>
    /// <param name="limits">What the configuration on trial allows.</param>
    /// <param name="brokerMatters">Whether how the broker is reached was changed.</param>
    /// <param name="brokerProblem">Why the broker is not reached; null when it is. This is real.</param>
    internal static TrialEvidence Evidence(int number, bool failing, TimeSpan elapsed, double? accuracyBefore, UpdatesSection limits, bool brokerMatters, string? brokerProblem)
    {
        var well = new TrialEvidence
        {
            Elapsed = elapsed,
            Windows = 1 + (long)elapsed.TotalSeconds,
            Errors = 0,
            SinceWindow = TimeSpan.Zero,
            WindowPatience = TimeSpan.FromSeconds(5),
            LatencyP99Ms = 0.5,
            StoreProblem = null,
            AccuracyBeforePercent = accuracyBefore,
            AccuracyNowPercent = accuracyBefore,
            BrokerMatters = brokerMatters,
            BrokerProblem = brokerProblem,
        };
        return !failing ? well : (number % 4) switch
        {
            0 => well with { LatencyP99Ms = 4 * limits.MaxLatencyP99Ms },
            1 => well with { Errors = 99 * well.Windows },
            2 => well with { SinceWindow = 2 * well.WindowPatience },
            _ => well with { StoreProblem = "the simulated disk is full" },
        };
    }
}
