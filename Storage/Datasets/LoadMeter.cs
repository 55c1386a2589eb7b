namespace Edge.Storage;

/// <summary>Counts the bytes of a load, says so at most ten times a second and once at the end, and stops it when asked to.</summary>
internal sealed class LoadMeter(IProgress<LoadProgress>? progress, TimeProvider time, CancellationToken cancel)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private readonly long started = time.GetTimestamp();
    private long reportedAt = -1;
    private long done, total;
    private string latest = "";

    /// <summary>Adds to what there is to read.</summary>
    public void Expect(long bytes) => total += bytes;

    /// <summary>Bytes have been read.</summary>
    /// <exception cref="OperationCanceledException">The caller asked to stop.</exception>
    public void Advance(string file, int bytes)
    {
        cancel.ThrowIfCancellationRequested();
        (done, latest) = (done + bytes, file);
        if (progress is null || (reportedAt >= 0 ? time.GetElapsedTime(reportedAt) : time.GetElapsedTime(started)) < s_pause) return;
        reportedAt = time.GetTimestamp();
        progress.Report(new LoadProgress(file, Math.Min(done, total), total));
    }

    /// <summary>All has been read.</summary>
    public void Finish() => progress?.Report(new LoadProgress(latest, total, total));

    /// <summary>A stream over <paramref name="inner"/> whose reads are counted, and whose failures name the file.</summary>
    public Stream Over(Stream inner, string file) => new MeteredStream(inner, file, this);

    private sealed class MeteredStream(Stream inner, string file, LoadMeter meter) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            try
            {
                int read = inner.Read(buffer);
                meter.Advance(file, read);
                return read;
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"{file} cannot be unpacked: {e.Message} Download it again.", e);
            }
        }

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
