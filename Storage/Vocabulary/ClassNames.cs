namespace Edge.Storage;

/// <summary>
/// Names of classes on the disk and in the running program. On the disk a class keeps the name under which it was first stored, whatever it is called now (<c>labels.renamed</c>): a change of name writes nothing, so there is nothing
/// that a crash or a roll back could leave half done. Who reads or writes what outlives the program asks here; everybody else knows the names of now. Immutable.
/// </summary>
/// <remarks>Of a class that was renamed before this was declared, examples may lie under both names. Both are the class; what is new is stored under the first.</remarks>
public sealed class ClassNames
{
    private readonly Dictionary<string, string> nowOf, storedOf;

    private ClassNames(IReadOnlyDictionary<string, string> renamed)
    {
        nowOf = new Dictionary<string, string>(renamed, StringComparer.Ordinal);
        storedOf = renamed.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
    }

    /// <summary>No class was renamed.</summary>
    public static ClassNames Same { get; } = new(new Dictionary<string, string>());

    /// <summary>Whether no class was renamed.</summary>
    public bool AreSame => nowOf.Count == 0;

    /// <summary>The names as <c>labels.renamed</c> has them: as stored to now, one to one.</summary>
    public static ClassNames Of(IReadOnlyDictionary<string, string> renamed) => renamed.Count == 0 ? Same : new ClassNames(renamed);

    /// <summary>What a class is called now, from the name on the disk, of a sensor, or of whoever does not know of the change.</summary>
    public string FromStored(string stored) => AreSame ? stored : nowOf.GetValueOrDefault(stored, stored);

    /// <summary>The name of a class on the disk.</summary>
    public string ToStored(string now) => AreSame ? now : storedOf.GetValueOrDefault(now, now);

    /// <summary>Every name under which something of a class may lie on the disk, that of what is new first.</summary>
    /// <param name="name">Either name.</param>
    public IReadOnlyList<string> AllStored(string name) => FromStored(name) is var now && ToStored(now) is var stored && stored == now ? [now] : [stored, now];

    /// <summary>Several names at once, in their order.</summary>
    public IReadOnlyList<string> FromStored(IReadOnlyList<string> stored) => AreSame ? stored : [.. stored.Select(FromStored)];

    /// <inheritdoc cref="FromStored(IReadOnlyList{string})"/>
    public IReadOnlyList<string> ToStored(IReadOnlyList<string> now) => AreSame ? now : [.. now.Select(ToStored)];

    /// <summary>An example as it is known now.</summary>
    public Example FromStored(Example stored) => FromStored(stored.Class) is var now && now == stored.Class ? stored : stored with { Class = now };

    /// <summary>An example as it is written.</summary>
    public Example ToStored(Example example) => ToStored(example.Class) is var stored && stored == example.Class ? example : example with { Class = stored };

    /// <summary>A snapshot as it is known now.</summary>
    public SnapshotManifest FromStored(SnapshotManifest stored) => AreSame ? stored : stored with { Classes = FromStored(stored.Classes) };

    /// <summary>A snapshot as it is written.</summary>
    public SnapshotManifest ToStored(SnapshotManifest snapshot) => AreSame ? snapshot : snapshot with { Classes = ToStored(snapshot.Classes) };

    /// <summary>Numbers by stored name as numbers by the names of now; of two names of one class the sum.</summary>
    public IReadOnlyDictionary<string, int> FromStored(IReadOnlyDictionary<string, int> counts) =>
        AreSame ? counts : counts.GroupBy(pair => FromStored(pair.Key), StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Sum(pair => pair.Value), StringComparer.Ordinal);
}
