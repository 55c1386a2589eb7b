using System.Text;
using Edge.Storage;
using Edge.Trainer.Backbones;
using static TorchSharp.torch;

namespace Edge.Trainer.Rounds;

/// <summary>
/// A learner's weights as a file, <c>model.checkpoint</c>: magic <c>EDGC</c>, version u32, backbone name, channels i32, length i32 (samples per channel, 0: any), trained steps i64, name of the head's kind, count i32 of classes, per class its
/// name and whether training has met it u8, count i32 of tensors and the float32 tensors; then the method's state: its name, count i32 of tensors and the typed tensors (see
/// <see cref="CheckpointTensor"/>); last a CRC-32C of all before. Little-endian; a name is its UTF-8 length (7 bits per byte) and bytes.
/// </summary>
/// <remarks>
/// An own format: the same weights give the same bytes, and a torn or foreign file is told apart before anything is allocated for it. Version 1 is read as well: it has no length, a cosine head, no flags of the
/// classes (none counts as met) and no method's state.
/// </remarks>
public static class LearnerCheckpoint
{
    private const uint Magic = 0x43474445; // "EDGC"
    private const uint FirstVersion = 1, Version = 2;
    private const string HeadPrefix = "head.";
    private const string Remedy = "Restore the snapshot that it belongs to, or remove it to begin with an untrained one.";

    /// <summary>The file's bytes.</summary>
    /// <param name="net">The weights.</param>
    /// <param name="method">What the method remembers; null or no tensors: nothing.</param>
    public static byte[] ToBytes(LearnerNet net, MethodState? method = null)
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
        writer.Write(net.Head.Kind.ToString());
        writer.Write(net.Classes.Count);
        foreach (var (name, isSeen) in net.Classes.Zip(net.IsSeen))
        {
            writer.Write(name);
            writer.Write(isSeen);
        }

        var state = net.state_dict();
        writer.Write(state.Count);
        foreach (var (name, value) in state.OrderBy(pair => pair.Key, StringComparer.Ordinal)) CheckpointTensor.Write(writer, name, value);
        writer.Write(method?.Method ?? "");
        writer.Write(method?.Tensors.Count ?? 0);
        foreach (var (name, value) in (method?.Tensors ?? new Dictionary<string, Tensor>()).OrderBy(pair => pair.Key, StringComparer.Ordinal)) CheckpointTensor.WriteTyped(writer, name, value);
        writer.Flush();
        writer.Write(Crc32C.Of(stream.GetBuffer().AsSpan(0, (int)stream.Length)));
        return stream.ToArray();
    }

    /// <summary>Reads a file, with a head for <paramref name="classes"/>: rows of classes that the file knows are taken over by name, the others begin at random.</summary>
    /// <param name="file">The file.</param>
    /// <param name="classes">Names of the head's rows.</param>
    /// <param name="headKind">The head that is wanted; where the file has another, the head begins anew, no class counts as met, and backbone and projector are kept. Null: the file's.</param>
    /// <exception cref="InvalidDataException">Torn, flipped, foreign, or of another version; the message names the file and the remedy.</exception>
    public static LearnerNet Read(string file, IReadOnlyList<string> classes, HeadKind? headKind = null) => Read(file, contents =>
    {
        var net = new LearnerNet(BackboneCatalogue.Create(contents.Backbone, contents.ChannelCount, Math.Max(contents.Length, 1)), classes, headKind ?? contents.Head) { TrainedStepCount = contents.TrainedStepCount };
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        bool keepsHead = net.Head.Kind == contents.Head;
        if (keepsHead) net.See(Enumerable.Range(0, classes.Count).Where(row => contents.Classes.Any(c => c.IsSeen && c.Name == classes[row])));
        var state = net.state_dict();
        int expected = state.Keys.Count(name => keepsHead || !IsOfHead(name)), found = 0;
        foreach (var (name, value) in contents.Weights)
        {
            if (IsOfHead(name) && !keepsHead) continue;
            var target = state[name];
            if (IsOfHead(name)) CopyRows(value, contents.Classes, target, classes);
            else if (target.shape.SequenceEqual(value.shape)) target.copy_(value);
            else throw new InvalidDataException($"tensor {name} is [{string.Join(", ", value.shape)}], expected [{string.Join(", ", target.shape)}].");
            found++;
        }

        return found == expected ? net : throw new InvalidDataException($"it has {found} tensors, a {contents.Backbone} learner has {expected}.");
    });

    /// <summary>Reads the method's state of a file; null when it has none, as every file of version 1.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Read(string, IReadOnlyList{string}, HeadKind?)"/>.</exception>
    public static MethodState? ReadMethodState(string file) => Read(file, contents =>
        contents.State.Count == 0 ? null : new MethodState(contents.Method, [.. contents.Classes.Select(c => c.Name)], contents.State.ToDictionary(s => s.Name, s => s.Value.clone(), StringComparer.Ordinal)));

    private static T Read<T>(string file, Func<Contents, T> use)
    {
        byte[] bytes = File.ReadAllBytes(file);
        if (bytes.Length < 12 || BitConverter.ToUInt32(bytes, 0) != Magic) throw new InvalidDataException($"{file} is not a checkpoint: it does not begin with EDGC. {Remedy}");
        uint version = BitConverter.ToUInt32(bytes, 4);
        if (version is < FirstVersion or > Version) throw new InvalidDataException($"{file} has version {version}, this program reads {FirstVersion} and {Version}. Use the version that wrote it.");
        if (Crc32C.Of(bytes.AsSpan(0, bytes.Length - sizeof(uint))) != BitConverter.ToUInt32(bytes, bytes.Length - sizeof(uint)))
            throw new InvalidDataException($"{file} fails its checksum: it is torn or flipped ({bytes.Length} bytes). {Remedy}");
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes, 8, bytes.Length - 8 - sizeof(uint)), Encoding.UTF8);
            using var contents = Contents.Of(reader, version);
            return use(contents);
        }
        catch (Exception e) when (e is EndOfStreamException or ArgumentException or KeyNotFoundException or InvalidDataException or OverflowException)
        {
            throw new InvalidDataException($"{file} does not hold what its header says: {e.Message} {Remedy}", e);
        }
    }

    private static bool IsOfHead(string tensorName) => tensorName.StartsWith(HeadPrefix, StringComparison.Ordinal);

    private static void CopyRows(Tensor rows, IReadOnlyList<(string Name, bool IsSeen)> knownClasses, Tensor target, IReadOnlyList<string> classes)
    {
        for (int known = 0; known < knownClasses.Count; known++)
        {
            for (int row = 0; row < classes.Count; row++)
            {
                if (classes[row] == knownClasses[known].Name) target[row].copy_(rows[known]);
            }
        }
    }

    private sealed record Contents(
        string Backbone,
        int ChannelCount,
        int Length,
        long TrainedStepCount,
        HeadKind Head,
        IReadOnlyList<(string Name, bool IsSeen)> Classes,
        IReadOnlyList<(string Name, Tensor Value)> Weights,
        string Method,
        IReadOnlyList<(string Name, Tensor Value)> State) : IDisposable
    {
        public static Contents Of(BinaryReader reader, uint version)
        {
            using var scope = NewDisposeScope(); // Frees what was read when the rest cannot be.
            bool isFirst = version == FirstVersion;
            var contents = new Contents(
                reader.ReadString(),
                reader.ReadInt32(),
                isFirst ? 0 : reader.ReadInt32(),
                reader.ReadInt64(),
                isFirst ? HeadKind.Cosine : Enum.Parse<HeadKind>(reader.ReadString()),
                [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => (reader.ReadString(), !isFirst && reader.ReadBoolean()))],
                [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => CheckpointTensor.Read(reader))],
                isFirst ? "" : reader.ReadString(),
                isFirst ? [] : [.. Enumerable.Range(0, reader.ReadInt32()).Select(_ => CheckpointTensor.ReadTyped(reader))]);
            foreach (var (_, value) in contents.Weights.Concat(contents.State)) value.DetachFromDisposeScope();
            return contents;
        }

        public void Dispose()
        {
            foreach (var (_, value) in Weights.Concat(State)) value.Dispose();
        }
    }
}
