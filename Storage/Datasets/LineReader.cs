namespace Edge.Storage;

/// <summary>Lines of a byte stream without their line feed, through one buffer that grows to the longest line and no further than <paramref name="largestBytes"/>.</summary>
/// <param name="stream">Read to its end and disposed with the reader.</param>
/// <param name="name">What it is, for messages.</param>
/// <param name="largestBytes">A line has fewer bytes than this.</param>
internal sealed class LineReader(Stream stream, string name, int largestBytes = 1 << 20) : IDisposable
{
    private byte[] buffer = new byte[Math.Min(16 * 1024, largestBytes)];
    private int start, end;
    private bool drained;

    /// <summary>Lines read so far: the number, from 1, of the latest.</summary>
    public int LineNumber { get; private set; }

    /// <summary>The next line; valid until the next call. False at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">A line is too long; the message says where.</exception>
    public bool Read(out ReadOnlySpan<byte> line)
    {
        for (int searched = start; ;)
        {
            int feed = buffer.AsSpan(searched, end - searched).IndexOf((byte)'\n');
            if (feed >= 0)
            {
                line = buffer.AsSpan(start, searched + feed - start);
                start = searched + feed + 1;
                LineNumber++;
                return true;
            }

            if (drained)
            {
                line = buffer.AsSpan(start, end - start);
                start = end;
                if (line.IsEmpty) return false;
                LineNumber++;
                return true;
            }

            int kept = end - start;
            if (kept == largestBytes) throw new InvalidDataException($"{name}, line {LineNumber + 1}: expected fewer than {largestBytes} bytes, there are more.");
            if (kept == buffer.Length) Array.Resize(ref buffer, (int)Math.Min(buffer.Length * 2L, largestBytes));
            buffer.AsSpan(start, kept).CopyTo(buffer);
            (start, end, searched) = (0, kept, kept);
            int read = stream.Read(buffer, end, buffer.Length - end);
            end += read;
            drained = read == 0;
        }
    }

    public void Dispose() => stream.Dispose();
}
