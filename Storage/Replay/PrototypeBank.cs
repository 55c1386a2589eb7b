using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// Class prototypes: per class the sum of the L2-normalised embeddings of every label seen since the running snapshot came, and their number. The nearest-class-mean read-out (Mensink 2013;
/// iCaRL, Rebuffi 2017) uses the normalised sum, so a label counts the moment it arrives. Not thread-safe: one stage owns it and publishes <see cref="ToMatrix"/>.
/// </summary>
/// <param name="snapshotId">The snapshot whose embeddings these are.</param>
/// <param name="embeddingLength">Length of one embedding.</param>
/// <param name="names">What classes are called on the disk and now; null: the same. Of a class that lies there under two names both sums stay apart, so that another configuration finds each, and the prototype is that of both.</param>
public sealed class PrototypeBank(string snapshotId, int embeddingLength, ClassNames? names = null)
{
    private const byte Version = 1;
    private readonly Dictionary<string, (long Count, double[] Sum)> classes = new(StringComparer.Ordinal); // By the names on the disk.
    private readonly ClassNames names = names ?? ClassNames.Same;

    /// <summary>The snapshot whose embeddings these are; those of another mean nothing.</summary>
    public string SnapshotId { get; } = snapshotId;

    /// <summary>Length of one embedding.</summary>
    public int EmbeddingLength { get; } = embeddingLength;

    /// <summary>The newest example that is counted in; the store sets it when it makes the bank durable.</summary>
    public ulong ThroughExampleId { get; set; }

    /// <summary>Labels counted, by class.</summary>
    public IReadOnlyDictionary<string, long> Counts => classes.GroupBy(pair => names.FromStored(pair.Key), StringComparer.Ordinal).ToDictionary(its => its.Key, its => its.Sum(pair => pair.Value.Count), StringComparer.Ordinal);

    /// <summary>Counts one labelled embedding in.</summary>
    /// <param name="className">Its class.</param>
    /// <param name="embedding">[embedding length] float32 of norm 1.</param>
    public void Add(string className, ReadOnlySpan<float> embedding)
    {
        if (embedding.Length != EmbeddingLength) throw new ArgumentException($"an embedding of {SnapshotId} has {EmbeddingLength} values, not {embedding.Length}", nameof(embedding));
        string stored = names.ToStored(className);
        if (!classes.TryGetValue(stored, out var entry)) entry = (0, new double[EmbeddingLength]);
        for (int i = 0; i < embedding.Length; i++) entry.Sum[i] += embedding[i];
        classes[stored] = (entry.Count + 1, entry.Sum);
    }

    /// <summary>Forgets a class; says whether it was there.</summary>
    public bool Remove(string className) => names.AllStored(className).Aggregate(false, (was, stored) => classes.Remove(stored) | was);

    /// <summary>The same sums where classes are called otherwise; both count on in the same memory, and only one of them may.</summary>
    public PrototypeBank Under(ClassNames names)
    {
        if (ReferenceEquals(names, this.names)) return this;
        var bank = new PrototypeBank(SnapshotId, EmbeddingLength, names) { ThroughExampleId = ThroughExampleId };
        foreach (var (name, entry) in classes) bank.classes.Add(name, entry);
        return bank;
    }

    /// <summary>The same prototypes under the id that the snapshot was given when it was accepted.</summary>
    public PrototypeBank For(string acceptedId)
    {
        var bank = new PrototypeBank(acceptedId, EmbeddingLength, names) { ThroughExampleId = ThroughExampleId };
        foreach (var (name, entry) in classes) bank.classes.Add(name, (entry.Count, [.. entry.Sum]));
        return bank;
    }

    /// <summary>The prototypes as the exported graph takes them, in the order of <paramref name="classNames"/>.</summary>
    public PrototypeMatrix ToMatrix(IReadOnlyList<string> classNames)
    {
        float[] values = new float[classNames.Count * EmbeddingLength];
        float[] bias = new float[classNames.Count];
        int known = 0;
        for (int c = 0; c < classNames.Count; c++)
        {
            if (SumOf(classNames[c]) is not { } sum)
            {
                bias[c] = PrototypeMatrix.AbsentBias;
                continue;
            }

            known++;
            double norm = Math.Sqrt(TensorPrimitives.SumOfSquares<double>(sum));
            for (int i = 0; i < EmbeddingLength; i++) values[c * EmbeddingLength + i] = (float)(norm > 0 ? sum[i] / norm : 0);
        }

        return new PrototypeMatrix(values, bias, known);
    }

    private double[]? SumOf(string className)
    {
        double[]? sum = classes.GetValueOrDefault(names.ToStored(className)).Sum;
        if (names.AreSame || names.ToStored(className) == className || classes.GetValueOrDefault(className).Sum is not { } other) return sum;
        if (sum is null) return other;
        double[] both = [.. sum];
        TensorPrimitives.Add(both, other, both);
        return both;
    }

    /// <summary>The bank's bytes: version u8, snapshot id, embedding length i32, through id u64, class count i32, then per class name, count i64, sum f64[]; CRC-32C last. Strings: length in UTF-8 bytes as a 7-bit encoded integer (LEB128), then UTF-8.</summary>
    public byte[] ToBytes()
    {
        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Version);
            writer.Write(SnapshotId);
            writer.Write(EmbeddingLength);
            writer.Write(ThroughExampleId);
            writer.Write(classes.Count);
            foreach (var (name, entry) in classes.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                writer.Write(name);
                writer.Write(entry.Count);
                foreach (double value in entry.Sum) writer.Write(value);
            }

            writer.Flush();
            writer.Write(Crc32C.Of(memory.GetBuffer().AsSpan(0, (int)memory.Length)));
        }

        return memory.ToArray();
    }

    /// <summary>Reads a bank's bytes; null when they are torn, flipped or of another version.</summary>
    public static PrototypeBank? FromBytes(byte[] bytes)
    {
        if (bytes.Length < sizeof(uint) + 1 || bytes[0] != Version) return null;
        if (Crc32C.Of(bytes.AsSpan(0, bytes.Length - sizeof(uint))) != BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - sizeof(uint)))) return null;
        using var reader = new BinaryReader(new MemoryStream(bytes, 1, bytes.Length - 1), Encoding.UTF8);
        var bank = new PrototypeBank(reader.ReadString(), reader.ReadInt32()) { ThroughExampleId = reader.ReadUInt64() };
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            string name = reader.ReadString();
            long count = reader.ReadInt64();
            double[] sum = new double[bank.EmbeddingLength];
            for (int i = 0; i < sum.Length; i++) sum[i] = reader.ReadDouble();
            bank.classes.Add(name, (count, sum));
        }

        return bank;
    }
}

/// <summary>Prototypes frozen for one moment, as inputs of the exported graph.</summary>
/// <param name="Values">[classes, embedding length] float32, rows of norm 1, or 0 for a class without a prototype.</param>
/// <param name="ClassBias">[classes] float32: 0, or <see cref="AbsentBias"/> for a class without a prototype.</param>
/// <param name="KnownCount">Classes that have a prototype.</param>
public sealed record PrototypeMatrix(float[] Values, float[] ClassBias, int KnownCount)
{
    /// <summary>Added to the cosine of a class that has no prototype yet, so that it is never chosen.</summary>
    public const float AbsentBias = -1e9f;
}
