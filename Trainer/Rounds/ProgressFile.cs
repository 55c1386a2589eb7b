using System.Security.Cryptography;
using System.Text;
using Edge.Storage;
using Edge.Trainer.Methods;
using static TorchSharp.torch;

namespace Edge.Trainer.Rounds;

/// <summary>
/// Where an unfinished round stands, <c>progress.checkpoint</c> in its folder: magic <c>EDGU</c>, version u32, SHA-256 of what the round is made from (the build of the trainer, the number of threads, and the
/// folder's plan, samples, parent and anchors), count i32 of numbers, per number its name and a float64, count i32 of typed tensors (<see cref="CheckpointTensor"/>); last a CRC-32C of all before.
/// Little-endian. It is replaced whole, after at least the interval, and removed when the candidate is complete.
/// </summary>
/// <param name="folder">The round.</param>
/// <param name="interval">Least time between two writes; null: nothing is read or written.</param>
/// <param name="time">Clock.</param>
/// <remarks>A file that is torn, flipped, of another version or of another round counts as none: the round starts over. A disk that refuses it costs the progress, not the round.</remarks>
internal sealed class ProgressFile(RoundFolder folder, TimeSpan? interval, TimeProvider time) : IRoundProgress
{
    private const uint Magic = 0x55474445; // "EDGU"
    private const uint Version = 1;
    private const int HeaderBytes = 8 + SHA256.HashSizeInBytes;
    private readonly byte[] origin = interval is null ? [] : Origin(folder);
    private long written = time.GetTimestamp();

    /// <inheritdoc/>
    public bool IsDue => interval is { } least && time.GetElapsedTime(written) >= least;

    /// <inheritdoc/>
    public UnfinishedRound? Read()
    {
        if (interval is null || !File.Exists(folder.ProgressFile)) return null;
        byte[] bytes = File.ReadAllBytes(folder.ProgressFile);
        if (bytes.Length < HeaderBytes + sizeof(uint) || BitConverter.ToUInt32(bytes, 0) != Magic || BitConverter.ToUInt32(bytes, 4) != Version) return null;
        if (!bytes.AsSpan(8, origin.Length).SequenceEqual(origin)) return null;
        if (Crc32C.Of(bytes.AsSpan(0, bytes.Length - sizeof(uint))) != BitConverter.ToUInt32(bytes, bytes.Length - sizeof(uint))) return null;
        using var reader = new BinaryReader(new MemoryStream(bytes, HeaderBytes, bytes.Length - HeaderBytes - sizeof(uint)), Encoding.UTF8);
        var numbers = new Dictionary<string, double>(StringComparer.Ordinal);
        for (int left = reader.ReadInt32(); left > 0; left--) numbers.Add(reader.ReadString(), reader.ReadDouble());
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            var (name, value) = CheckpointTensor.ReadTyped(reader);
            tensors.Add(name, value.DetachFromDisposeScope());
        }

        return new UnfinishedRound(numbers, tensors);
    }

    /// <inheritdoc/>
    public void Keep(UnfinishedRound state)
    {
        if (interval is null) return;
        try
        {
            DurableFile.Replace(folder.ProgressFile, ToBytes(state));
        }
        catch (IOException)
        {
            // A full disk: weather. What was kept before stands.
        }

        written = time.GetTimestamp();
    }

    /// <summary>Removes the file.</summary>
    public void Remove() => File.Delete(folder.ProgressFile);

    private byte[] ToBytes(UnfinishedRound state)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(origin);
        writer.Write(state.Numbers.Count);
        foreach (var (name, value) in state.Numbers.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            writer.Write(name);
            writer.Write(value);
        }

        writer.Write(state.Tensors.Count);
        foreach (var (name, value) in state.Tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal)) CheckpointTensor.WriteTyped(writer, name, value);
        writer.Flush();
        writer.Write(Crc32C.Of(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        return stream.ToArray();
    }

    private static byte[] Origin(RoundFolder folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(typeof(ProgressFile).Assembly.ManifestModule.ModuleVersionId.ToByteArray());
        hash.AppendData(BitConverter.GetBytes(get_num_threads()));
        foreach (string file in (string[])[folder.PlanFile, folder.SamplesFile, folder.ParentCheckpointFile, folder.AnchorsFile])
        {
            byte[] bytes = File.Exists(file) ? File.ReadAllBytes(file) : [];
            hash.AppendData(BitConverter.GetBytes(bytes.LongLength));
            hash.AppendData(bytes);
        }

        return hash.GetHashAndReset();
    }
}
