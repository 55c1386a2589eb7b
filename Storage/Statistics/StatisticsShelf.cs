using System.Security.Cryptography;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// Sums of features that are not computed now, laid aside beside the file that is counted into: for <c>statistics.bin</c> they are <c>statistics-HASH.bin</c>, HASH being the first 16 hexadecimal digits of the SHA-256 of the features'
/// identity. Whoever computes those features again goes on with them. At most <see cref="Capacity"/> are kept; those that count the fewest examples go first, so that what was counted over months outlives what a few trials have counted.
/// Files are moved by rename, so that after a crash at any moment each of them is whole under one of its two names.
/// </summary>
/// <param name="path">The file that is counted into.</param>
public sealed class StatisticsShelf(string path)
{
    /// <summary>Files kept.</summary>
    public const int Capacity = 3;

    /// <summary>Most bytes of all of them, 64 MiB; the one that counts most stays whatever it takes. Six classes of 737 features take 13 MB.</summary>
    public const long MaxBytes = 64L << 20;

    private readonly string directory = Path.GetDirectoryName(Path.GetFullPath(path))!, name = Path.GetFileNameWithoutExtension(path), extension = Path.GetExtension(path);

    /// <summary>Full paths of what lies aside, in ordinal order.</summary>
    public IReadOnlyList<string> Files => Directory.Exists(directory) ? [.. Directory.GetFiles(directory, $"{name}-????????????????{extension}").Order(StringComparer.Ordinal)] : [];

    /// <summary>Where sums of these features lie aside.</summary>
    public string FileOf(string featureBankId) => Path.Combine(directory, $"{name}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(featureBankId)))[..16]}{extension}");

    /// <summary>Lays the file aside that is counted into, and lets go of what finds no room.</summary>
    /// <param name="featureBankId">Identity of the features that it counts.</param>
    /// <exception cref="IOException">The disk refused; it lies where it lay.</exception>
    public void LayAside(string featureBankId)
    {
        DurableFile.Rename(path, FileOf(featureBankId));
        long bytes = 0;
        int count = 0;
        foreach (string file in Files.OrderByDescending(CountIn).ThenByDescending(file => file == FileOf(featureBankId)))
        {
            bytes += new FileInfo(file).Length;
            if (++count == 1 || count <= Capacity && bytes <= MaxBytes) continue;
            File.Delete(file);
        }
    }

    /// <summary>Puts sums of these features in the place of the file that is counted into, which must not be there.</summary>
    /// <returns>Whether there were any.</returns>
    /// <exception cref="IOException">The disk refused; they lie where they lay.</exception>
    public bool TakeUp(string featureBankId)
    {
        string file = FileOf(featureBankId);
        if (!File.Exists(file)) return false;
        DurableFile.Rename(file, path);
        return true;
    }

    private static long CountIn(string file)
    {
        using var stream = File.OpenRead(file);
        return StatisticsRecord.ReadHead(stream)?.Count ?? -1; // What is damaged goes first.
    }
}
