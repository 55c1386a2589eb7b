namespace Edge.Storage;

/// <summary>Lines of a byte stream without their line feed, through one buffer that grows to the longest line and no further than 1 MiB.</summary>
internal sealed class LineReader(Stream stream) : IDisposable
{
    private const int LongestLine = 1 << 20;
    private byte[] buffer = new byte[16 * 1024];
    private int start, end;
    private bool drained;

    /// <summary>The next line; valid until the next call. False at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">A line is longer than 1 MiB.</exception>
    public bool Read(out ReadOnlySpan<byte> line)
    {
        for (int searched = start; ;)
        {
            int feed = buffer.AsSpan(searched, end - searched).IndexOf((byte)'\n');
            if (feed >= 0)
            {
                line = buffer.AsSpan(start, searched + feed - start);
                start = searched + feed + 1;
                return true;
            }

            if (drained)
            {
                line = buffer.AsSpan(start, end - start);
                start = end;
                return line.Length > 0;
            }

            int kept = end - start;
            if (kept == LongestLine) throw new InvalidDataException($"a line is longer than {LongestLine} bytes");
            if (kept == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
            buffer.AsSpan(start, kept).CopyTo(buffer);
            (start, end, searched) = (0, kept, kept);
            int read = stream.Read(buffer, end, buffer.Length - end);
            end += read;
            drained = read == 0;
        }
    }

    public void Dispose() => stream.Dispose();
}
