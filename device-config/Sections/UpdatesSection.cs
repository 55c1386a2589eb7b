using System.ComponentModel.DataAnnotations;

namespace Edge.Config;

/// <summary>Which configuration is accepted over the air, and what it must prove before it stays. A document is tried by the limits that it sets itself: whoever may sign configuration is trusted with them.</summary>
public sealed record UpdatesSection
{
    /// <summary>Whether a desired configuration is taken from the broker at all.</summary>
    /// <value>Default true: what is signed by a trusted key; without any trusted key what comes unsigned from a broker on the loopback interface, and the device says so loudly. False: nothing is, and only the device's own file can change that; hence it is not changed over the air.</value>
    [Change(ConfigChange.Process)]
    public bool Accept { get; init; } = true;

    /// <summary>File with the public keys that are trusted, as <c>edge config keyring</c> writes it. Keys that were added or retired over the air stand in the data directory and count when their version is higher.</summary>
    /// <value>Empty (default): none but those in the data directory.</value>
    [Change(ConfigChange.Process)]
    [StringLength(4096)]
    public string KeysFile { get; init; } = "";

    /// <summary>Whether a change that needs another snapshot is taken over the air; the sender may say so in the same document.</summary>
    /// <value>Default false: such a change is refused. True: the device begins anew with a first snapshot, or with the newest one on its disk that fits, and says "unknown" until it has learnt.</value>
    [Change(ConfigChange.Live)]
    public bool AcceptNewSnapshot { get; init; }

    /// <summary>Whether snapshots that are offered over the air are fetched, judged on this device's own anchors, and run when they are at least as good.</summary>
    /// <value>Default false. True: those that a trusted key with the role <c>snapshots</c> has signed, for this device, its groups or its fleet; nothing unsigned ever.</value>
    [Change(ConfigChange.Pipeline)]
    public bool AcceptSnapshots { get; init; }

    /// <summary>Largest snapshot that is fetched, MiB.</summary>
    /// <value>Default 64; one of the default backbone takes a few MiB. While it is fetched and put together it takes twice as much below <c>incoming</c>.</value>
    [Range(1, 4096)]
    [Change(ConfigChange.Pipeline)]
    public int MaxSnapshotMiB { get; init; } = 64;

    /// <summary>How long a new configuration is on trial before it becomes the last good one, seconds.</summary>
    /// <value>Default 60. 0: it stays as soon as it runs and windows arrive. Longer: a fault that shows late still leads back, and the next change waits longer.</value>
    [Change(ConfigChange.Live)]
    [Range(0, 86_400)]
    public double TrialSeconds { get; init; } = 60;

    /// <summary>How much longer the first window and the broker may take before the trial counts as failed, seconds.</summary>
    /// <value>Default 30. Together with <c>trialSeconds</c> it must cover a start and the time that a window takes to fill, or sound configuration is rolled back.</value>
    [Change(ConfigChange.Live)]
    [Range(1, 3600)]
    public double GraceSeconds { get; init; } = 30;

    /// <summary>How often a trial is begun: a crash, an exit and a power failure each cost one.</summary>
    /// <value>Default 2. 1: whatever ends the process during a trial rolls the configuration back.</value>
    [Change(ConfigChange.Live)]
    [Range(1, 100)]
    public int TrialAttempts { get; init; } = 2;

    /// <summary>Largest 99th percentile of a window's latency during a trial, milliseconds.</summary>
    /// <value>Default 250. Below what the device needs while it trains, sound configuration is rolled back.</value>
    [Change(ConfigChange.Live)]
    [Range(0.1, 60_000)]
    public double MaxLatencyP99Ms { get; init; } = 250;

    /// <summary>Largest share of windows that may be broken or lost during a trial, percent.</summary>
    /// <value>Default 5. 0: a single one rolls back; 100: none does.</value>
    [Change(ConfigChange.Live)]
    [Range(0, 100)]
    public double MaxErrorPercent { get; init; } = 5;

    /// <summary>How many points the accuracy on the anchor set may lie below the one before the change, as far as it was measured during the trial.</summary>
    /// <value>Default 5. 100: accuracy never rolls back.</value>
    [Change(ConfigChange.Live)]
    [Range(0, 100)]
    public double MaxAccuracyDropPoints { get; init; } = 5;
}
