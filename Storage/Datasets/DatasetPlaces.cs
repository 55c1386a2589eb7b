namespace Edge.Storage;

/// <summary>Where the data sets with a short name usually lie.</summary>
internal static class DatasetPlaces
{
    private const string UeaPrefix = "uea:";
    private const string UeaFile = "uea_sensor_sets.zip";

    private static readonly Dictionary<string, string[]> s_files = new(StringComparer.OrdinalIgnoreCase)
    {
        ["uci-har"] = [UciHarArchive.FileName, UciHarArchive.FolderName],
        ["gas-drift"] = ["gas_sensor_array_drift_224_batches_1-6.zip"],
        ["wisdm"] = ["WISDM_ar_v1.1_transformed.zip"],
        ["eeg-eye"] = ["eeg_eye_state.zip"],
        ["robot"] = ["sensor_readings_24.zip"],
    };

    /// <summary>The short names.</summary>
    public static IReadOnlyList<string> ShortNames { get; } = [.. s_files.Keys, UeaPrefix + "<Name>"];

    /// <summary>The folders searched: the one in EDGE_DATA, then <c>../shared/data</c>.</summary>
    public static IReadOnlyList<string> Folders => [.. new[] { Environment.GetEnvironmentVariable("EDGE_DATA"), "../shared/data" }.OfType<string>().Where(f => f.Length > 0)];

    /// <summary>Takes a specification apart. A short name wins over a file of that name; write <c>./robot</c> for the file.</summary>
    /// <returns>Path of the file, folder or zip; the set within it, null where none was named; what to call it, null: by what is found.</returns>
    /// <exception cref="FileNotFoundException">Nothing is there; the message lists the places and the remedy.</exception>
    public static (string Path, string? Set, string? Name) Resolve(string spec, IReadOnlyList<string> folders)
    {
        if (s_files.TryGetValue(spec, out string[]? files)) return (Locate(spec, folders, files), null, spec.ToLowerInvariant());
        if (spec.StartsWith(UeaPrefix, StringComparison.OrdinalIgnoreCase)) return (Locate(spec, folders, UeaFile), spec[UeaPrefix.Length..], null);
        if (Exists(spec)) return (spec, null, null);
        int hash = spec.LastIndexOf('#');
        string path = hash < 0 ? spec : spec[..hash];
        if (hash > 0 && Exists(path)) return (path, spec[(hash + 1)..], null);
        throw new FileNotFoundException(
            $"there is no data set {(path.Length > 0 ? $"at {Path.GetFullPath(path)}" : $"of the name '{spec}'")}. Give a file, a folder or a zip, with #Name where it holds several, or one of {string.Join(", ", ShortNames)}.", path);
    }

    private static string Locate(string spec, IReadOnlyList<string> folders, params string[] files)
    {
        string[] places = [.. from folder in folders from file in files select Path.Combine(folder, file)];
        return places.FirstOrDefault(Exists) ?? throw new FileNotFoundException(
            $"the data set '{spec}' is not at {string.Join(" nor at ", places.Select(Path.GetFullPath).Distinct())}. Put it there, or set the environment variable EDGE_DATA to its folder.");
    }

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);
}
