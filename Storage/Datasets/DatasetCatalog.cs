using System.Text.RegularExpressions;

namespace Edge.Storage;

/// <summary>A data set as files: one per split, or the numbered batches of one.</summary>
internal sealed record DatasetSource(string Name, IReadOnlyList<DatasetFile> Train, DatasetFile? Test, bool IsUciHar = false);

/// <summary>Which data sets the files at a place make. <c>X_TRAIN.*</c> and <c>X_TEST.*</c> belong together, as do <c>batch1.dat</c>, <c>batch2.dat</c>, … of one folder; of one set in two formats the better told is taken.</summary>
internal static partial class DatasetCatalog
{
    private const StringComparison Anyhow = StringComparison.OrdinalIgnoreCase;

    /// <summary>Endings of data files, the better told formats first.</summary>
    private static readonly string[] s_endings = [".ts", ".npz", ".arff", ".csv", ".tsv", ".data", ".dat", ".libsvm", ".svm"];

    /// <summary>The sets at a place, ordered by name.</summary>
    public static IReadOnlyList<DatasetSource> List(DatasetFiles place)
    {
        if (place.IsOneFile) return [OneFile(place)];
        if (UciHarArchive.IsIn(place)) return [new DatasetSource("UCI HAR", [], null, IsUciHar: true)];
        var data = place.All.Where(f => Rank(f.Name) >= 0).ToList();
        var batches = data.Where(f => IsLibsvm(f.Name) && Batch().IsMatch(f.Name)).GroupBy(f => Batch().Match(f.Name).Groups["series"].Value + Path.GetExtension(f.Name)).ToList();
        List<(string Key, DatasetSource Source)> found = [.. batches.Select(series => (Folder(series.First().Name) + (batches.Count == 1 ? "" : Path.GetFileNameWithoutExtension(series.Key)), Series(place, series, batches.Count == 1)))];
        foreach (var set in data.Except(batches.SelectMany(b => b)).GroupBy(f => SetOf(f.Name), StringComparer.OrdinalIgnoreCase))
        {
            var whole = Best(set.Where(f => Role(f.Name) is "" or "_TRAIN"));
            var test = Best(set.Where(f => Role(f.Name) == "_TEST"));
            string name = set.Key[(set.Key.LastIndexOf('/') + 1)..];
            if (whole is not null) found.Add((set.Key, new DatasetSource(name, [whole], Role(whole.Name) == "_TRAIN" ? test : null)));
            else found.Add((set.Key + "_TEST", new DatasetSource(name + "_TEST", [test!], null)));
        }

        var clashes = found.GroupBy(f => f.Source.Name, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1).Select(g => g.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. found.Select(f => clashes.Contains(f.Source.Name) ? f.Source with { Name = f.Key } : f.Source).OrderBy(s => s.Name, StringComparer.Ordinal)];
    }

    /// <summary>The set that was named, or the only one.</summary>
    /// <exception cref="InvalidDataException">There is none of that name, or several and no name, or none at all; the message lists what is there.</exception>
    public static DatasetSource Choose(DatasetFiles place, string? name)
    {
        var sets = List(place);
        if (sets.Count == 0)
        {
            string[] zips = [.. place.All.Select(f => f.Name).Where(f => f.EndsWith(".zip", Anyhow))];
            throw new InvalidDataException($"{place.Path} holds no data set: none of its {place.All.Count} files is UCI HAR or ends in {string.Join(", ", s_endings)}."
                + (zips.Length > 0 ? $" It holds zips; name one of them: {MalformedFile.List(zips)}." : " Give a file, folder or zip that does."));
        }

        if (name is null && sets.Count == 1) return sets[0];
        string there = $"it holds {MalformedFile.List([.. sets.Select(s => s.Name)])}";
        if (name is null) throw new InvalidDataException($"{place.Path} holds {sets.Count} data sets, and none is named: {there}. Write {place.Path}#{sets[0].Name}.");
        return sets.FirstOrDefault(s => s.Name == name) ?? sets.FirstOrDefault(s => s.Name.Equals(name, Anyhow))
            ?? throw new InvalidDataException($"{place.Path} has no data set '{name}': {there}. Write {place.Path}#{sets[0].Name}.");
    }

    private static DatasetSource OneFile(DatasetFiles place)
    {
        var file = place.All[0];
        if (Role(file.Name) != "_TRAIN") return new DatasetSource(place.Name, [file], null);
        string folder = Path.GetDirectoryName(Path.GetFullPath(place.Path))!, stem = Path.GetFileNameWithoutExtension(place.Path)[..^"_TRAIN".Length];
        string? sibling = Directory.EnumerateFiles(folder, "*" + Path.GetExtension(place.Path)).FirstOrDefault(f => Path.GetFileNameWithoutExtension(f).Equals(stem + "_TEST", Anyhow));
        return new DatasetSource(stem, [file], sibling is null ? null : DatasetFiles.Open(sibling).All[0]);
    }

    private static DatasetSource Series(DatasetFiles place, IGrouping<string, DatasetFile> series, bool isOnly)
    {
        DatasetFile[] inOrder = [.. series.OrderBy(f => Batch().Match(f.Name).Groups["number"].Value.TrimStart('0').Length).ThenBy(f => Batch().Match(f.Name).Groups["number"].Value.TrimStart('0'), StringComparer.Ordinal)];
        string folder = Folder(inOrder[0].Name).TrimEnd('/');
        string name = isOnly ? folder.Length > 0 ? folder[(folder.LastIndexOf('/') + 1)..] : place.Name : Path.GetFileNameWithoutExtension(series.Key);
        return new DatasetSource(name, inOrder, null);
    }

    private static DatasetFile? Best(IEnumerable<DatasetFile> files) => files.OrderBy(f => Rank(f.Name)).FirstOrDefault();

    private static int Rank(string name) => Array.FindIndex(s_endings, ending => name.EndsWith(ending, Anyhow));

    private static bool IsLibsvm(string name) => Path.GetExtension(name).ToLowerInvariant() is ".dat" or ".libsvm" or ".svm";

    private static string Folder(string name) => name[..(name.LastIndexOf('/') + 1)];

    /// <summary>_TRAIN, _TEST or nothing.</summary>
    private static string Role(string name)
    {
        string stem = Path.GetFileNameWithoutExtension(name);
        return stem.EndsWith("_TRAIN", Anyhow) ? "_TRAIN" : stem.EndsWith("_TEST", Anyhow) ? "_TEST" : "";
    }

    private static string SetOf(string name) => Folder(name) + Path.GetFileNameWithoutExtension(name)[..^Role(name).Length];

    [GeneratedRegex(@"^(?<series>.*?)(?<number>[0-9]+)\.[^./]+$", RegexOptions.CultureInvariant)]
    private static partial Regex Batch();
}
