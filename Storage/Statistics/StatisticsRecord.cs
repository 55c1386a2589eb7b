using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// The bytes of <see cref="ClassStatistics"/>. Version 1, little-endian. Head: version u8 = 1, head length i32 (with both, without its checksum), feature bank id, feature length i32, through id u64, class count i32,
/// then per class, in ordinal order, name, count i64, mass f64; CRC-32C u32 of the head. Body: per class in the same order sum f64[D], upper triangle of the Gram matrix f64[D (D + 1) / 2], row by row.
/// Last: CRC-32C u32 over everything before. Strings: length in UTF-8 bytes as a 7-bit encoded integer (LEB128), then UTF-8. The head has a checksum of its own, so that no memory is taken on the word of a flipped bit.
/// </summary>
internal static class StatisticsRecord
{
    private const byte Version = 1;
    private const string TooShort = "the statistics end too early; they were not written whole.";
    private const int MaximumHeadBytes = 1 << 20, FixedBytes = 1 + sizeof(int);

    public static void Write(ClassStatistics statistics, Stream stream)
    {
        byte[] head = Head(statistics);
        uint headChecksum = Crc32C.Of(head), checksum = headChecksum;
        stream.Write(head);
        WriteAndCount(stream, BitConverter.GetBytes(headChecksum), ref checksum);
        foreach (var moments in statistics.Stored.Values)
        {
            WriteAndCount(stream, MemoryMarshal.AsBytes(moments.Sum.AsSpan()), ref checksum);
            WriteAndCount(stream, MemoryMarshal.AsBytes(moments.Gram.Values.AsSpan()), ref checksum);
        }

        stream.Write(BitConverter.GetBytes(checksum));
    }

    /// <summary>Reads a record; without a feature bank, whatever it is of.</summary>
    public static ClassStatistics? Read(Stream stream, string? featureBankId, int featureLength, out string problem)
    {
        try
        {
            return HeadBytes(stream, out problem) is { } head ? Body(stream, head, featureBankId, featureLength, out problem) : null;
        }
        catch (EndOfStreamException)
        {
            problem = TooShort;
            return null;
        }
    }

    /// <summary>Reads what a record says of itself, without its sums; null when its head is torn, flipped or of another version.</summary>
    public static StatisticsHead? ReadHead(Stream stream)
    {
        try
        {
            if (HeadBytes(stream, out _) is not { } head) return null;
            using var reader = ReaderOf(head);
            var (bank, length, through) = (reader.ReadString(), reader.ReadInt32(), reader.ReadUInt64());
            long count = 0;
            for (int left = reader.ReadInt32(); left > 0; left--)
            {
                reader.ReadString();
                count += reader.ReadInt64();
                reader.ReadDouble();
            }

            return new StatisticsHead(bank, length, through, count);
        }
        catch (EndOfStreamException)
        {
            return null;
        }
    }

    private static BinaryReader ReaderOf(byte[] head) => new(new MemoryStream(head, FixedBytes, head.Length - FixedBytes), Encoding.UTF8);

    private static byte[]? HeadBytes(Stream stream, out string problem)
    {
        byte[] start = new byte[FixedBytes];
        stream.ReadExactly(start);
        int headBytes = BinaryPrimitives.ReadInt32LittleEndian(start.AsSpan(1));
        if (start[0] != Version || headBytes is < FixedBytes or > MaximumHeadBytes)
        {
            problem = $"the statistics are of version {start[0]} with a head of {headBytes} bytes; expected version {Version} and at most {MaximumHeadBytes} bytes.";
            return null;
        }

        byte[] head = new byte[headBytes + sizeof(uint)];
        start.CopyTo(head, 0);
        stream.ReadExactly(head.AsSpan(FixedBytes));
        bool isSound = Crc32C.Of(head.AsSpan(0, headBytes)) == BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(headBytes));
        problem = isSound ? "" : "the head of the statistics does not have its checksum; they are damaged.";
        return isSound ? head : null;
    }

    private static ClassStatistics? Body(Stream stream, byte[] head, string? featureBankId, int featureLength, out string problem)
    {
        using var reader = ReaderOf(head);
        string bank = reader.ReadString();
        int length = reader.ReadInt32();
        if (featureBankId is not null && (bank != featureBankId || length != featureLength))
        {
            problem = $"the statistics are of feature bank '{bank}' ({length} features); expected '{featureBankId}' ({featureLength} features).";
            return null;
        }

        var statistics = new ClassStatistics(bank, length) { ThroughExampleId = reader.ReadUInt64() };
        uint checksum = Crc32C.Of(head);
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            var moments = statistics.StoredMoments(reader.ReadString());
            moments.Count = reader.ReadInt64();
            moments.Mass = reader.ReadDouble();
            ReadAndCount(stream, MemoryMarshal.AsBytes(moments.Sum.AsSpan()), ref checksum);
            ReadAndCount(stream, MemoryMarshal.AsBytes(moments.Gram.Values.AsSpan()), ref checksum);
        }

        byte[] expected = new byte[sizeof(uint)];
        stream.ReadExactly(expected);
        problem = checksum == BinaryPrimitives.ReadUInt32LittleEndian(expected) ? "" : "the body of the statistics does not have its checksum; they are damaged.";
        return problem.Length == 0 ? statistics : null;
    }

    private static byte[] Head(ClassStatistics statistics)
    {
        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Version);
            writer.Write(0);
            writer.Write(statistics.FeatureBankId);
            writer.Write(statistics.FeatureLength);
            writer.Write(statistics.ThroughExampleId);
            writer.Write(statistics.Stored.Count);
            foreach (var (name, moments) in statistics.Stored)
            {
                writer.Write(name);
                writer.Write(moments.Count);
                writer.Write(moments.Mass);
            }
        }

        byte[] head = memory.ToArray();
        if (head.Length > MaximumHeadBytes) throw new InvalidOperationException($"the names of {statistics.Stored.Count} classes take more than {MaximumHeadBytes} bytes");
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(1), head.Length);
        return head;
    }

    private static void WriteAndCount(Stream stream, ReadOnlySpan<byte> bytes, ref uint checksum)
    {
        stream.Write(bytes);
        checksum = Crc32C.Continue(checksum, bytes);
    }

    private static void ReadAndCount(Stream stream, Span<byte> bytes, ref uint checksum)
    {
        stream.ReadExactly(bytes);
        checksum = Crc32C.Continue(checksum, bytes);
    }
}

/// <summary>What a record of <see cref="ClassStatistics"/> says of itself.</summary>
/// <param name="FeatureBankId">Identity of the features that it counts.</param>
/// <param name="FeatureLength">Their number.</param>
/// <param name="ThroughExampleId">The newest example that it counts.</param>
/// <param name="Count">Examples of all classes.</param>
public sealed record StatisticsHead(string FeatureBankId, int FeatureLength, ulong ThroughExampleId, long Count);
