using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// What a store holds, so that an import does not take it twice: class, start and samples, whatever the id. A row is held when a record has exactly its samples, or has, in a kind that rounds, what the row would be rounded to.
/// Rows without a start of their own are compared without it, each record with one row: of two equal rows both are taken, once. Some 200 bytes an example, for as long as an import lasts.
/// </summary>
/// <param name="options">How rows are stored.</param>
/// <param name="hasStarts">Whether the rows have starts of their own.</param>
internal sealed class HeldRows(ReplayBufferOptions options, bool hasStarts)
{
    private static readonly PayloadKind[] s_rounding = [PayloadKind.Float16, PayloadKind.Int16];
    private readonly Dictionary<UInt128, Stack<int>> records = []; // By key: records that have it.
    private readonly HashSet<int> spent = []; // Records that are some row's.
    private int count;

    /// <summary>Whether the rows that it is asked about have starts of their own.</summary>
    public bool HasStarts => hasStarts;

    /// <summary>A record that the store holds.</summary>
    public void Add(Example example, byte[] record)
    {
        int number = count++;
        foreach (var key in new[] { KeyOf(example, PayloadKind.Float32), KeyOf(example, ExampleRecord.KindOf(record)) }.Distinct())
        {
            if (!records.TryGetValue(key, out var its)) records.Add(key, its = new Stack<int>(1));
            its.Push(number);
        }
    }

    /// <summary>Takes a row in; false when it is held.</summary>
    public bool Take(Example row)
    {
        if (IsHeld(KeyOf(row, PayloadKind.Float32)) || s_rounding.Any(kind => Stored(row, kind) is var (rounded, record) && ExampleRecord.KindOf(record) == kind && IsHeld(KeyOf(rounded, kind)))) return false;
        if (!hasStarts) return true; // An equal row that follows is another example.
        var (held, own) = Stored(row, options.Payload);
        Add(held, own);
        return true;
    }

    private bool IsHeld(UInt128 key)
    {
        if (!records.TryGetValue(key, out var its)) return false;
        if (hasStarts) return true;
        while (its.TryPop(out int number))
        {
            if (spent.Add(number)) return true;
        }

        return false;
    }

    private (Example Example, byte[] Record) Stored(Example row, PayloadKind kind)
    {
        byte[] record = ExampleRecord.Write(row, kind, options.ChannelsOf(row.Samples.Length));
        return (ExampleRecord.Read(record, row.Id)!, record);
    }

    private UInt128 KeyOf(Example example, PayloadKind kind)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([(byte)kind]);
        hash.AppendData(Encoding.UTF8.GetBytes(example.Class + "\0"));
        if (hasStarts) hash.AppendData(BitConverter.GetBytes(example.StartSeconds));
        hash.AppendData(MemoryMarshal.AsBytes<float>(example.Samples));
        return BinaryPrimitives.ReadUInt128LittleEndian(hash.GetHashAndReset());
    }
}
