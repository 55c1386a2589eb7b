using System.Runtime.InteropServices;
using System.Text;
using Edge.Storage;
using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Rounds;

/// <summary>
/// A learner's weights as a file, <c>model.checkpoint</c>: magic <c>EDGC</c>, version u32, backbone name, channels i32, length i32 (samples per channel, 0: any), trained steps i64, count i32 and names of the classes, count i32 of tensors,
/// then per tensor (parameters and buffers) its name, rank i32, dimensions i64, float32 values; last a CRC-32C of all before. Version 1 has no length. Little-endian; a name is its UTF-8 length (7 bits per byte) and bytes.
/// </summary>
/// <remarks>An own format: the same weights give the same bytes, and a torn or foreign file is told apart before anything is allocated for it.</remarks>
public static class LearnerCheckpoint
{
    private const uint Magic = 0x43474445; // "EDGC"
    private const uint Version = 2;
    private const uint VersionWithoutLength = 1;
    private const string Remedy = "Restore the snapshot that it belongs to, or remove it to begin with an untrained one.";

    /// <summary>The file's bytes.</summary>
    public static byte[] ToBytes(LearnerNet net)
    {
        using var scope = NewDisposeScope();
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(net.Backbone.GetName());
        writer.Write(net.Backbone.ChannelCount);
        writer.Write(net.Backbone.FixedLength ?? 0);
        writer.Write(net.TrainedStepCount);
        writer.Write(net.Classes.Count);
        foreach (string name in net.Classes) writer.Write(name);
        var state = net.state_dict();
        writer.Write(state.Count);
        foreach (var (name, value) in state.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            writer.Write(name);
            writer.Write(value.shape.Length);
            foreach (long dimension in value.shape) writer.Write(dimension);
            writer.Write(MemoryMarshal.AsBytes(value.detach().contiguous().data<float>().ToArray().AsSpan()));
        }

        writer.Flush();
        writer.Write(Crc32C.Of(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        return stream.ToArray();
    }

    /// <summary>Reads a file, with a head for <paramref name="classes"/>: rows of classes that the file knows are taken over by name, the others begin at random.</summary>
    /// <exception cref="InvalidDataException">Torn, flipped, foreign, or of another version; the message names the file and the remedy.</exception>
    public static LearnerNet Read(string file, IReadOnlyList<string> classes)
    {
        byte[] bytes = File.ReadAllBytes(file);
        if (bytes.Length < 12 || BitConverter.ToUInt32(bytes, 0) != Magic) throw new InvalidDataException($"{file} is not a checkpoint: it does not begin with EDGC. {Remedy}");
        uint version = BitConverter.ToUInt32(bytes, 4);
        if (version is not (Version or VersionWithoutLength)) throw new InvalidDataException($"{file} has version {version}, this program reads {VersionWithoutLength} and {Version}. Use the version that wrote it.");
        if (Crc32C.Of(bytes.AsSpan(0, bytes.Length - sizeof(uint))) != BitConverter.ToUInt32(bytes, bytes.Length - sizeof(uint)))
            throw new InvalidDataException($"{file} fails its checksum: it is torn or flipped ({bytes.Length} bytes). {Remedy}");
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes, 8, bytes.Length - 8 - sizeof(uint)), Encoding.UTF8);
            return Read(reader, version, classes);
        }
        catch (Exception e) when (e is EndOfStreamException or ArgumentException or KeyNotFoundException or InvalidDataException)
        {
            throw new InvalidDataException($"{file} does not hold what its header says: {e.Message} {Remedy}", e);
        }
    }

    private static LearnerNet Read(BinaryReader reader, uint version, IReadOnlyList<string> classes)
    {
        string name = reader.ReadString();
        int channelCount = reader.ReadInt32(), length = version == VersionWithoutLength ? 0 : reader.ReadInt32();
        var backbone = BackboneCatalogue.Create(name, channelCount, Math.Max(length, 1));
        long trainedStepCount = reader.ReadInt64();
        string[] knownClasses = [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => reader.ReadString())];
        var net = new LearnerNet(backbone, classes) { TrainedStepCount = trainedStepCount };
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var state = net.state_dict();
        int count = reader.ReadInt32();
        if (count != state.Count) throw new InvalidDataException($"it has {count} tensors, a {backbone.GetName()} learner has {state.Count}.");
        for (int i = 0; i < count; i++)
        {
            string tensorName = reader.ReadString();
            long[] shape = [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => reader.ReadInt64())];
            float[] values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(values.AsSpan()));
            var target = state[tensorName];
            var value = tensor(values, shape);
            if (tensorName == $"{nameof(LearnerNet.Head).ToLowerInvariant()}.weight") CopyRows(value, knownClasses, target, classes);
            else if (target.shape.SequenceEqual(shape)) target.copy_(value);
            else throw new InvalidDataException($"tensor {tensorName} is [{string.Join(", ", shape)}], expected [{string.Join(", ", target.shape)}].");
        }

        return net;
    }

    private static void CopyRows(Tensor rows, string[] knownClasses, Tensor target, IReadOnlyList<string> classes)
    {
        for (int row = 0; row < classes.Count; row++)
        {
            int known = Array.IndexOf(knownClasses, classes[row]);
            if (known >= 0) target[row].copy_(rows[known]);
        }
    }
}
