using Edge.Config;
using Edge.Storage;

namespace Edge.Runtime.Learning;

/// <summary>The snapshot that <c>promotion.pinnedSnapshot</c> names, if any.</summary>
public static class PinnedSnapshot
{
    /// <summary>Why the snapshot that a configuration pins cannot run; null when it can, and when it pins none. Nothing is changed.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="directory">Folder of the snapshots.</param>
    public static string? WhyNot(DeviceConfig config, string directory)
    {
        string id = config.Promotion.PinnedSnapshot;
        if (id.Length == 0) return null;
        string there = string.Join(", ", SnapshotStore.Look(directory).Where(kept => kept.Manifest is not null).Select(kept => kept.Id));
        if (!there.Split(", ").Contains(id)) return $"promotion.pinnedSnapshot is '{id}', and this device does not hold it, or it is damaged; it holds {(there.Length > 0 ? there : "none")}. Name one of them, or empty it";
        var manifest = SnapshotFolder.Check(Path.Combine(directory, id), id, out _)!;
        return manifest.Window.Length == config.Window.Length && manifest.Window.SampleRateHz == config.Sensor.SampleRateHz
            ? null
            : $"promotion.pinnedSnapshot is '{id}', which takes windows {manifest.Window}; window.length is {config.Window.Length} and sensor.sampleRateHz {config.Sensor.SampleRateHz:0.###}. Set them to what it takes in the same document, or name another";
    }

    /// <summary>Makes it the running one. While its configuration is on trial for this process only, so that after a roll back the one before runs again.</summary>
    /// <returns>Why it does not run; empty when it does, and when none is pinned.</returns>
    /// <exception cref="InvalidDataException">It does not run, and its configuration is on trial.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    public static string Run(DeviceConfig config, WindowShape window, SnapshotStore snapshots, bool isOnTrial)
    {
        string id = config.Promotion.PinnedSnapshot;
        if (id.Length == 0) return "";
        try
        {
            if (snapshots.List().FirstOrDefault(kept => kept.Id == id) is { } pinned && pinned.Window != window) throw new InvalidDataException($"{id} takes windows {pinned.Window}, this device cuts {window}.");
            if (isOnTrial) snapshots.Try(id);
            else snapshots.RollBack(id);
            return "";
        }
        catch (InvalidDataException e) when (!isOnTrial)
        {
            return e.Message; // Another one is better than none, and none is promoted.
        }
    }
}
