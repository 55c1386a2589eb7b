using System.Net;
using System.Net.Sockets;
using MQTTnet.Channel;

namespace Edge.Telemetry.Mqtt;

/// <summary>Opens the TCP connection under the MQTT client as a <see cref="BatchingStream"/>.</summary>
internal sealed class BatchingStreamProvider : IMqttClientStreamProvider
{
    public async Task<Stream> ConnectAsync(EndPoint brokerEndPoint, CancellationToken cancellationToken)
    {
        Socket socket = brokerEndPoint is IPEndPoint { AddressFamily: var family } ? new Socket(family, SocketType.Stream, ProtocolType.Tcp) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(brokerEndPoint, cancellationToken).ConfigureAwait(false);
            return new BatchingStream(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

/// <summary>
/// A TCP stream that sends together what was written while the last send was under way, and reads ahead. The client writes and reads a few bytes at a time; a system call for each is most of what a small message costs. A write
/// is over when it is in the buffer, or, with 256 KiB in it, when the network has taken some; what goes wrong in a send is thrown by the next write and the next read.
/// </summary>
/// <remarks>Linux holds back its own acknowledgement of a short answer for 40 ms, and a broker whose socket has Nagle's algorithm on (RFC 896; Mosquitto's by default) holds back its next PUBACK until that acknowledgement comes: 25 messages a
/// second of one that hands over one after the other. So the kernel is told after every read of a few answers to acknowledge at once (tcp(7), TCP_QUICKACK, which does not last).</remarks>
internal sealed class BatchingStream(Socket socket) : Stream
{
    private const int TcpLevel = 6, QuickAck = 12; // As Linux numbers them.
    private const int FewAnswers = 64; // Bytes; where more come at once, many are in flight and nobody waits for one.
    private const int MostBytes = 256 << 10, FirstBytes = 16 << 10, CloseMilliseconds = 200;
    private static readonly bool s_isLinux = OperatingSystem.IsLinux();
    private static readonly byte[] s_one = BitConverter.GetBytes(1);
    private readonly Lock _gate = new();
    private readonly byte[] _ahead = new byte[16 << 10];
    private byte[] _filling = new byte[FirstBytes], _sending = new byte[FirstBytes];
    private int _filled, _aheadAt, _aheadEnd;
    private bool _isSending, _isDisposed;
    private Exception? _failure;
    private TaskCompletionSource? _room;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_aheadAt == _aheadEnd)
        {
            if (buffer.Length >= _ahead.Length) return await ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
            (_aheadAt, _aheadEnd) = (0, 0);
            _aheadEnd = await ReceiveAsync(_ahead, cancellationToken).ConfigureAwait(false);
        }

        int count = Math.Min(buffer.Length, _aheadEnd - _aheadAt);
        _ahead.AsMemory(_aheadAt, count).CopyTo(buffer);
        _aheadAt += count;
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task room;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, this);
                if (_failure is { } failure) throw new IOException(failure.Message, failure);
                if (_filled == 0 || _filled + buffer.Length <= MostBytes)
                {
                    if (_filled + buffer.Length > _filling.Length) Array.Resize(ref _filling, Math.Max(_filled + buffer.Length, _filling.Length * 2));
                    buffer.Span.CopyTo(_filling.AsSpan(_filled));
                    _filled += buffer.Length;
                    if (_isSending) return;
                    _isSending = true;
                    _ = Task.Run(SendAsync, CancellationToken.None);
                    return;
                }

                room = (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await room.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
        // Whatever is in the buffer is on its way.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Gives what is still in the buffer, a DISCONNECT perhaps, a moment to go.</summary>
    protected override void Dispose(bool disposing)
    {
        lock (_gate)
        {
            if (_isDisposed) return;
            _isDisposed = true;
        }

        SpinWait.SpinUntil(() => !Volatile.Read(ref _isSending), CloseMilliseconds);
        socket.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        int count = await socket.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (s_isLinux && count is > 0 and < FewAnswers) socket.SetRawSocketOption(TcpLevel, QuickAck, s_one);
        return count;
    }

    private async Task SendAsync()
    {
        while (true)
        {
            int count;
            lock (_gate)
            {
                (_filling, _sending, count, _filled) = (_sending, _filling, _filled, 0);
                if (count == 0 || _failure is not null) _isSending = false;
                _room?.TrySetResult();
                _room = null;
                if (!_isSending) return;
            }

            try
            {
                for (int sent = 0; sent < count;) sent += await socket.SendAsync(_sending.AsMemory(sent, count - sent)).ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                lock (_gate) _failure = e;
                socket.Dispose(); // Ends the read that waits.
            }
        }
    }
}
