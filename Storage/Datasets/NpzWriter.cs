using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace Edge.Storage;

/// <summary>
/// Writes windows as a .npz that numpy.load and <see cref="DatasetReader"/> read: <c>X</c> float32 [N, C, T], <c>y</c> int32 [N], <c>classes</c> text [K], <c>subject</c> int32 [N], <c>domain</c> int32 [N],
/// <c>domains</c> text [D], <c>sample_rate_hz</c> float64. The same windows give the same bytes.
/// </summary>
public static class NpzWriter
{
    /// <summary>Writes a file whole: under a temporary name beside it, then renamed.</summary>
    /// <exception cref="IOException">The disk is full or the folder not writable; an older file stands.</exception>
    public static void Write(string path, LabelledWindows windows)
    {
        string temporary = path + ".tmp";
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                Write(file, windows);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(temporary)) File.Delete(temporary); // On a full disk a torn file would take the room that is missing.
            throw;
        }
    }

    /// <summary>Writes to a stream, which stays open. It need not seek.</summary>
    public static void Write(Stream stream, LabelledWindows windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        int count = windows.Count;
        Array(zip, "X", "<f4", MemoryMarshal.AsBytes<float>(windows.Values), count, windows.Window.ChannelCount, windows.Window.Length);
        Array(zip, "y", "<i4", MemoryMarshal.AsBytes<int>(windows.Classes), count);
        Texts(zip, "classes", windows.ClassNames);
        Array(zip, "subject", "<i4", MemoryMarshal.AsBytes<int>(windows.Subjects), count);
        Array(zip, "domain", "<i4", MemoryMarshal.AsBytes<int>(windows.Domains), count);
        Texts(zip, "domains", windows.DomainNames);
        byte[] rate = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(rate, windows.Window.SampleRateHz);
        Array(zip, "sample_rate_hz", "<f8", rate);
    }

    /// <summary>UTF-32, every text as long as the longest, the rest zeros.</summary>
    internal static void Texts(ZipArchive zip, string name, IReadOnlyList<string> texts)
    {
        int letters = Math.Max(1, texts.Select(t => Encoding.UTF32.GetByteCount(t) / 4).DefaultIfEmpty().Max());
        byte[] bytes = new byte[texts.Count * letters * 4];
        for (int i = 0; i < texts.Count; i++) Encoding.UTF32.GetBytes(texts[i], bytes.AsSpan(i * letters * 4));
        Array(zip, name, $"<U{letters}", bytes, texts.Count);
    }

    /// <summary>Writes one array.</summary>
    internal static void Array(ZipArchive zip, string name, string descr, ReadOnlySpan<byte> elements, params ReadOnlySpan<int> shape)
    {
        using var stream = Begin(zip, name, descr, shape);
        stream.Write(elements);
    }

    /// <summary>Begins an array: magic, version 1.0, header padded with blanks to a multiple of 64 bytes and a line feed. The elements follow; then the stream is closed.</summary>
    internal static Stream Begin(ZipArchive zip, string name, string descr, params ReadOnlySpan<int> shape)
    {
        var lengths = new StringBuilder();
        foreach (int length in shape) lengths.Append(lengths.Length > 0 ? " " : "").Append(length).Append(',');
        string header = $"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({(shape.Length > 1 ? lengths.ToString(0, lengths.Length - 1) : lengths)}), }}";
        int padded = (10 + header.Length + 1 + 63) / 64 * 64;
        byte[] start = new byte[padded];
        start.AsSpan().Fill((byte)' ');
        start[0] = 0x93;
        "NUMPY"u8.CopyTo(start.AsSpan(1));
        (start[6], start[7]) = (1, 0);
        BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(8), (ushort)(padded - 10));
        Encoding.ASCII.GetBytes(header, start.AsSpan(10));
        start[^1] = (byte)'\n';

        var entry = zip.CreateEntry(name + ".npy", CompressionLevel.Fastest);
        entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var stream = entry.Open();
        stream.Write(start);
        return stream;
    }
}
