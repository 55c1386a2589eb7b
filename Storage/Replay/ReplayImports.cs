using System.Text;

namespace Edge.Storage;

/// <summary>
/// How far the imports of the latest 64 files have come, in a document of the store. Version u8 = 1, count i32, per file its identity (length as a 7-bit encoded integer, UTF-8) and rows i64, oldest first; CRC-32C u32 last.
/// </summary>
internal sealed class ReplayImports
{
    private const byte Version = 1;
    private const int MostFiles = 64;
    private readonly List<(string Source, long Rows)> files = [];

    /// <summary>Rows of a file that are in.</summary>
    public long RowsOf(string source) => files.Find(file => file.Source == source).Rows;

    /// <summary>The same with another file, or another number of rows; the oldest goes when there are more than 64.</summary>
    public ReplayImports With(string source, long rows)
    {
        var next = new ReplayImports();
        next.files.AddRange(files.Where(file => file.Source != source).TakeLast(MostFiles - 1));
        next.files.Add((source, rows));
        return next;
    }

    public byte[] ToBytes()
    {
        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Version);
            writer.Write(files.Count);
            foreach (var (source, rows) in files)
            {
                writer.Write(source);
                writer.Write(rows);
            }

            writer.Flush();
            writer.Write(Crc32C.Of(memory.GetBuffer().AsSpan(0, (int)memory.Length)));
        }

        return memory.ToArray();
    }

    /// <summary>Reads it back; where it is missing or damaged nothing is known, and what is held is still told by <see cref="HeldRows"/>.</summary>
    public static ReplayImports FromBytes(byte[]? bytes)
    {
        var imports = new ReplayImports();
        if (bytes is null || !Crc32C.IsLast(bytes) || bytes[0] != Version) return imports;
        using var reader = new BinaryReader(new MemoryStream(bytes, 1, bytes.Length - 1), Encoding.UTF8);
        for (int left = reader.ReadInt32(); left > 0; left--) imports.files.Add((reader.ReadString(), reader.ReadInt64()));
        return imports;
    }
}

/// <summary>What became of a batch of imported rows.</summary>
/// <param name="OfferedCount">Rows that were offered to the store.</param>
/// <param name="KnownCount">Rows that were there already.</param>
/// <param name="KeptCount">Of those offered, the ones that the store keeps for now.</param>
public sealed record ImportedBatch(int OfferedCount, int KnownCount, int KeptCount);
