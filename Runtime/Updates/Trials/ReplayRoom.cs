using Edge.Config;

namespace Edge.Runtime.Updates.Trials;

/// <summary>
/// How much the replay buffer keeps while a configuration is on trial: of each capacity the larger of the last good one and the one on trial. What a smaller one would let go at the start no roll back could bring back; so it is let go
/// when the configuration stays (<see cref="Stages.Resize"/>).
/// </summary>
public static class ReplayRoom
{
    /// <summary>The section on trial with the capacities of both.</summary>
    /// <param name="good">Of the last good configuration.</param>
    /// <param name="tried">Of the one on trial.</param>
    public static ReplaySection DuringTrial(ReplaySection good, ReplaySection tried) => tried with
    {
        Capacity = Math.Max(good.Capacity, tried.Capacity),
        CapacityKiB = good.CapacityKiB == 0 || tried.CapacityKiB == 0 ? 0 : Math.Max(good.CapacityKiB, tried.CapacityKiB), // 0: no limit.
        AnchorCapacity = Math.Max(good.AnchorCapacity, tried.AnchorCapacity),
        FreshCapacity = Math.Max(good.FreshCapacity, tried.FreshCapacity),
        KeepCopies = Math.Max(good.KeepCopies, tried.KeepCopies),
    };
}
