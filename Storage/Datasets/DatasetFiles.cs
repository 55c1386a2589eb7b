using System.IO.Compression;

namespace Edge.Storage;

/// <summary>One file on disk or in a zip.</summary>
/// <param name="Name">Its path within the folder or zip, with slashes.</param>
/// <param name="Display">What messages call it.</param>
/// <param name="LengthBytes">Unpacked size.</param>
/// <param name="Open">A stream from its start; of a file on disk it can seek.</param>
internal sealed record DatasetFile(string Name, string Display, long LengthBytes, Func<Stream> Open)
{
    /// <summary>Its lines, counted by <paramref name="meter"/>.</summary>
    public LineReader Lines(LoadMeter meter, int largestLineBytes) => new(meter.Over(Open(), Display), Display, largestLineBytes);
}

/// <summary>The files at a place: a folder (four levels deep), a zip, or one file alone.</summary>
internal sealed class DatasetFiles : IDisposable
{
    private const int MostFiles = 10_000;
    private readonly ZipArchive? zip;

    private DatasetFiles(string path, IReadOnlyList<DatasetFile> all, bool isOneFile, ZipArchive? zip)
    {
        (Path, All, IsOneFile, this.zip) = (path, all, isOneFile, zip);
        Name = System.IO.Path.GetFileNameWithoutExtension(path.TrimEnd('/', System.IO.Path.DirectorySeparatorChar));
    }

    /// <summary>The place as it was given.</summary>
    public string Path { get; }

    /// <summary>Last part of the path, without ending.</summary>
    public string Name { get; }

    /// <summary>The files, ordered by name.</summary>
    public IReadOnlyList<DatasetFile> All { get; }

    /// <summary>Whether the place is itself a data file.</summary>
    public bool IsOneFile { get; }

    /// <exception cref="FileNotFoundException">There is nothing at the path.</exception>
    /// <exception cref="InvalidDataException">It is a broken zip, or holds more than 10,000 files.</exception>
    public static DatasetFiles Open(string path)
    {
        if (Directory.Exists(path)) return new DatasetFiles(path, Folder(path), false, null);
        if (!File.Exists(path)) throw new FileNotFoundException($"there is no file or folder at {System.IO.Path.GetFullPath(path)}.", path);
        if (!path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) && !StartsLikeAZip(path)) return new DatasetFiles(path, [OnDisk(path)], true, null);
        var zip = OpenZip(path);
        if (zip.Entries.Any(e => e.FullName.EndsWith(".npy", StringComparison.Ordinal) && !e.FullName.Contains('/')))
        {
            zip.Dispose();
            return new DatasetFiles(path, [OnDisk(path)], true, null);
        }

        var files = zip.Entries.Where(e => e.Name.Length > 0 && !e.FullName.StartsWith("__MACOSX/", StringComparison.Ordinal))
            .Select(e => new DatasetFile(e.FullName, $"{path}: {e.FullName}", e.Length, () => OpenEntry(e, $"{path}: {e.FullName}")));
        return new DatasetFiles(path, Ordered(path, files), false, zip);
    }

    public void Dispose() => zip?.Dispose();

    /// <summary>An entry's content.</summary>
    /// <exception cref="InvalidDataException">Its header is damaged; the message calls it <paramref name="display"/>.</exception>
    public static Stream OpenEntry(ZipArchiveEntry entry, string display)
    {
        try
        {
            return entry.Open();
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{display} cannot be unpacked: {e.Message} Download it again.", e);
        }
    }

    private static DatasetFile OnDisk(string path) => new(System.IO.Path.GetFileName(path), path, new FileInfo(path).Length, () => File.OpenRead(path));

    private static List<DatasetFile> Folder(string path) => Ordered(path, Directory
        .EnumerateFiles(path, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 4, IgnoreInaccessible = true })
        .Select(file => OnDisk(file) with { Name = System.IO.Path.GetRelativePath(path, file).Replace(System.IO.Path.DirectorySeparatorChar, '/') }));

    private static List<DatasetFile> Ordered(string path, IEnumerable<DatasetFile> files)
    {
        List<DatasetFile> all = [.. files.Take(MostFiles + 1).OrderBy(f => f.Name, StringComparer.Ordinal)];
        return all.Count <= MostFiles ? all : throw new InvalidDataException($"{path} holds more than {MostFiles} files. Name the folder or zip of the data set itself.");
    }

    private static ZipArchive OpenZip(string path)
    {
        ZipArchive? zip = null;
        try
        {
            zip = ZipFile.OpenRead(path);
            _ = zip.Entries.Count; // The directory is read at the first look, not at the opening.
            return zip;
        }
        catch (InvalidDataException e)
        {
            zip?.Dispose();
            throw new InvalidDataException($"{path} is not a readable zip: {e.Message} Download it again.", e);
        }
    }

    private static bool StartsLikeAZip(string path)
    {
        Span<byte> magic = stackalloc byte[4];
        using var file = File.OpenRead(path);
        return file.ReadAtLeast(magic, 4, throwOnEndOfStream: false) == 4 && (magic.SequenceEqual("PK\u0003\u0004"u8) || magic.SequenceEqual("PK\u0005\u0006"u8));
    }
}
