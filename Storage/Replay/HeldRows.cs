using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// What a store holds, so that an import does not take it twice: class, start and samples, whatever the id. A row is held when a record has exactly its samples, or has, in a kind that rounds, what the row would be rounded to.
/// 16 to 32 bytes an example, for as long as an import lasts.
/// </summary>
internal sealed class HeldRows(ReplayBufferOptions options)
{
    private static readonly PayloadKind[] s_rounding = [PayloadKind.Float16, PayloadKind.Int16];
    private readonly HashSet<UInt128> keys = [];

    /// <summary>A record that the store holds.</summary>
    public void Add(Example example, byte[] record)
    {
        keys.Add(KeyOf(example, PayloadKind.Float32));
        keys.Add(KeyOf(example, ExampleRecord.KindOf(record)));
    }

    /// <summary>Takes a row in; false when it is held.</summary>
    public bool Take(Example row)
    {
        if (keys.Contains(KeyOf(row, PayloadKind.Float32)) || s_rounding.Any(kind => Stored(row, kind) is var (rounded, record) && ExampleRecord.KindOf(record) == kind && keys.Contains(KeyOf(rounded, kind)))) return false;
        var (held, own) = Stored(row, options.Payload);
        Add(held, own);
        return true;
    }

    private (Example Example, byte[] Record) Stored(Example row, PayloadKind kind)
    {
        byte[] record = ExampleRecord.Write(row, kind, options.ChannelsOf(row.Samples.Length));
        return (ExampleRecord.Read(record, row.Id)!, record);
    }

    private static UInt128 KeyOf(Example example, PayloadKind kind)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([(byte)kind]);
        hash.AppendData(Encoding.UTF8.GetBytes(example.Class + "\0"));
        hash.AppendData(BitConverter.GetBytes(example.StartSeconds));
        hash.AppendData(MemoryMarshal.AsBytes<float>(example.Samples));
        return BinaryPrimitives.ReadUInt128LittleEndian(hash.GetHashAndReset());
    }
}
