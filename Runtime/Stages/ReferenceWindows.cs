using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Edge.Storage;

namespace Edge.Runtime.Stages;

/// <summary>
/// Samples of the windows that are the reference of what the drift watch sees through the model. A promotion ends what the watch knows of them; with the samples the next snapshot can encode the same windows anew, so that the
/// reference stays what the world was and is not what it has become. Bounded by 64 MiB. Safe from any thread.
/// </summary>
/// <param name="windowCount">Windows that make a reference; fewer are kept where more would not fit.</param>
/// <param name="valueCount">Numbers of a window.</param>
public sealed class ReferenceWindows(int windowCount, int valueCount)
{
    private const long MostBytes = 64L << 20;
    private const uint Magic = 0x57465245; // "ERFW"
    private const int Version = 1, HeadLength = 16, SumLength = 4;
    private readonly int capacity = (int)Math.Clamp(MostBytes / (sizeof(float) * (long)valueCount), 1, windowCount);
    private readonly Lock gate = new();
    private float[] samples = [];
    private int count;
    private long changes, restarts;

    /// <summary>Windows kept.</summary>
    public int Count
    {
        get
        {
            lock (gate) return count;
        }
    }

    /// <summary>Whether all that make a reference are there.</summary>
    public bool IsComplete => Count == capacity;

    /// <summary>Rises with every change.</summary>
    public long Changes
    {
        get
        {
            lock (gate) return changes;
        }
    }

    /// <summary>Windows that make it complete.</summary>
    public int Capacity => capacity;

    /// <summary>Keeps a copy of a window; where all are there it does nothing. Allocates with the first window only.</summary>
    /// <param name="window">[channels, length] float32, row-major.</param>
    public void Keep(ReadOnlySpan<float> window)
    {
        lock (gate)
        {
            if (count == capacity) return;
            if (samples.Length == 0) samples = new float[capacity * valueCount];
            window.CopyTo(RowOf(count++));
            changes++;
        }
    }

    /// <summary>Lets all windows go: the watch learns a new reference.</summary>
    public void Restart()
    {
        lock (gate) (count, changes, restarts) = (0, changes + 1, restarts + 1);
    }

    /// <summary>Copies a window, 0: the oldest; false where there is none.</summary>
    public bool CopySamples(int index, Span<float> window)
    {
        lock (gate)
        {
            if (index >= count) return false;
            RowOf(index).CopyTo(window);
            return true;
        }
    }

    /// <summary>All of it as bytes, little-endian: "ERFW", version, count, numbers of a window (4 bytes each), samples, CRC-32C of all before. Who classifies waits for the copy of one window at most.</summary>
    public byte[] Save()
    {
        while (true)
        {
            int stored;
            long restartsBefore;
            lock (gate) (stored, restartsBefore) = (count, restarts);
            byte[] bytes = new byte[HeadLength + stored * valueCount * sizeof(float) + SumLength];
            if (!TryCopy(MemoryMarshal.Cast<byte, float>(bytes.AsSpan(HeadLength..^SumLength)), stored, restartsBefore)) continue;
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), Version);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), stored);
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), valueCount);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - SumLength), Crc32C.Of(bytes.AsSpan(0, bytes.Length - SumLength)));
            return bytes;
        }
    }

    /// <summary>Takes what <see cref="Save"/> gave. What is damaged, of other windows, of more of them or of a later version is refused, and nothing is kept.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="refusal">Why it was refused; empty when it was taken.</param>
    public bool TryRestore(ReadOnlySpan<byte> bytes, out string refusal)
    {
        refusal = "";
        if (bytes.Length < HeadLength + SumLength || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic) refusal = $"{bytes.Length} bytes that are no reference of drift";
        else if (BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]) is var version && version != Version) refusal = $"version {version} of the format; this program reads {Version}";
        else if (Crc32C.Of(bytes[..^SumLength]) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^SumLength..])) refusal = "checksum does not match: the reference is damaged";
        else if (BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]) is var values && values != valueCount) refusal = $"windows of {values} numbers, now of {valueCount}";
        else if (BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]) is var stored && (stored < 0 || stored > capacity || bytes.Length != HeadLength + (long)stored * valueCount * sizeof(float) + SumLength))
            refusal = $"{stored} windows; at most {capacity} were expected";
        if (refusal.Length > 0) return false;
        lock (gate)
        {
            samples = new float[capacity * valueCount];
            count = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
            bytes[HeadLength..^SumLength].CopyTo(MemoryMarshal.AsBytes(samples.AsSpan()));
            return true;
        }
    }

    /// <summary>Copies the oldest windows, one at a time; false where another reference was begun meanwhile. What is only added to stays.</summary>
    private bool TryCopy(Span<float> copy, int windows, long restartsBefore)
    {
        for (int i = 0; i < windows; i++)
        {
            lock (gate)
            {
                if (restarts != restartsBefore) return false;
                RowOf(i).CopyTo(copy[(i * valueCount)..]);
            }
        }

        return true;
    }

    private Span<float> RowOf(int index) => samples.AsSpan(index * valueCount, valueCount);
}
