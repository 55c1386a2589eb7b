using System.Text;

namespace Edge.Config;

/// <summary>A document as UTF-8 bytes without a byte order mark, and where in it a byte stands.</summary>
internal sealed class ConfigText
{
    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    public ConfigText(ReadOnlySpan<byte> utf8) => Utf8 = (utf8.StartsWith(ByteOrderMark) ? utf8[ByteOrderMark.Length..] : utf8).ToArray();

    /// <summary>The bytes.</summary>
    public byte[] Utf8 { get; }

    /// <summary>1-based line and column of the character at byte <paramref name="offset"/>; the column counts Unicode characters.</summary>
    public (int Line, int Column) Locate(int offset)
    {
        ReadOnlySpan<byte> before = Utf8.AsSpan(0, Math.Clamp(offset, 0, Utf8.Length));
        ReadOnlySpan<byte> line = before[(before.LastIndexOf((byte)'\n') + 1)..];
        int column = 1;
        foreach (byte b in line)
        {
            column += IsContinuation(b) ? 0 : 1;
        }

        return (before.Count((byte)'\n') + 1, column);
    }

    /// <summary>Byte at which the 0-based <paramref name="line"/> begins.</summary>
    public int LineStart(long line)
    {
        int start = 0;
        for (; line > 0; line--)
        {
            int length = Utf8.AsSpan(start).IndexOf((byte)'\n');
            if (length < 0)
            {
                break;
            }

            start += length + 1;
        }

        return start;
    }

    /// <summary>Byte at which the text stops being UTF-8, or -1.</summary>
    public int FirstBrokenByte()
    {
        int offset = 0;
        while (offset < Utf8.Length)
        {
            if (Rune.DecodeFromUtf8(Utf8.AsSpan(offset), out _, out int length) != System.Buffers.OperationStatus.Done)
            {
                return offset;
            }

            offset += length;
        }

        return -1;
    }

    private static bool IsContinuation(byte b) => (b & 0xC0) == 0x80;
}
