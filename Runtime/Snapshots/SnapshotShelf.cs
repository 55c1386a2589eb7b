using System.Globalization;
using Edge.Runtime.Stages;
using Edge.Storage;

namespace Edge.Runtime.Snapshots;

/// <summary>The snapshots of a device as they lie on the disk, to be named by a person.</summary>
/// <param name="data">The device's folder.</param>
/// <param name="names">What classes are called on the disk and now; null: they are shown as they lie there.</param>
public sealed class SnapshotShelf(DataDirectory data, ClassNames? names = null)
{
    /// <summary>All of them, oldest first, damaged ones too.</summary>
    public IReadOnlyList<StoredSnapshot> All { get; } =
        [.. SnapshotStore.Look(data.Snapshots).Select(snapshot => names is not null && snapshot.Manifest is { } manifest ? snapshot with { Manifest = names.FromStored(manifest) } : snapshot)];

    /// <summary>The running one; null before the first.</summary>
    public StoredSnapshot? Current => All.FirstOrDefault(snapshot => snapshot.IsCurrent);

    /// <summary>The one that the running one came from, where it is kept and good: what ran before it. Else the newest good one that is older; null where there is none.</summary>
    public StoredSnapshot? Previous => Current is { } current
        ? All.LastOrDefault(snapshot => snapshot.Manifest is not null && snapshot.Id == current.Manifest?.ParentId) ?? All.LastOrDefault(snapshot => snapshot.Manifest is not null && string.CompareOrdinal(snapshot.Id, current.Id) < 0)
        : null;

    /// <summary>The one that is meant.</summary>
    /// <param name="name"><c>current</c>, <c>previous</c>, an id, the beginning of one, or its number.</param>
    /// <exception cref="InvalidDataException">None is, or several are; the message says what is there.</exception>
    public StoredSnapshot Named(string name)
    {
        if (All.Count == 0) throw new InvalidDataException($"there is no snapshot in '{data.Snapshots}'. Name the device's configuration with --config; 'edge run' makes the first.");
        if (name == "current") return Current ?? throw new InvalidDataException($"every snapshot in '{data.Snapshots}' is damaged. 'edge snapshot list' says how; the next start of the service makes a first one.");
        if (name == "previous") return Previous ?? throw new InvalidDataException($"there is no good snapshot older than {Current?.Id ?? "all that are damaged"}. promotion.keepSnapshots says how many are kept.");
        string beginning = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? $"s{number:D6}-" : name;
        StoredSnapshot[] meant = [.. All.Where(snapshot => snapshot.Id.StartsWith(beginning, StringComparison.Ordinal))];
        string there = string.Join(", ", All.Select(snapshot => snapshot.Id));
        return meant switch
        {
            [var one] => one,
            [] => throw new InvalidDataException($"there is no snapshot '{name}' in '{data.Snapshots}'; there are {there}. Or write current or previous."),
            _ => throw new InvalidDataException($"'{name}' may be {string.Join(" or ", meant.Select(snapshot => snapshot.Id))}. Write more of it."),
        };
    }

    /// <summary>The one that is meant, with its manifest.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Named"/>; or it is damaged, and the message says how.</exception>
    public (StoredSnapshot Snapshot, SnapshotManifest Manifest) Good(string name) =>
        Named(name) is { } named && named.Manifest is { } manifest ? (named, manifest) : throw new InvalidDataException($"{Named(name).Id}: {Named(name).Flaw}. Name another; 'edge snapshot list' says which are good.");
}
