using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;

namespace Edge.Telemetry.Tests.Metrics;

/// <summary>One call of a collector.</summary>
/// <param name="Headers">The request's header block (RFC 7541), one character each byte; .NET's client compresses no text in it.</param>
/// <param name="Compression">First byte of the gRPC message: 0, not compressed.</param>
/// <param name="Length">Its next four: bytes that follow.</param>
/// <param name="Text">These bytes, one character each.</param>
internal sealed record GrpcExport(string Headers, int Compression, int Length, string Text);

/// <summary>
/// A collector of OTLP over gRPC on 127.0.0.1, without TLS: as much of HTTP/2 (RFC 9113, from the first byte) as a unary call needs. One message in, an empty one out, and the status in the trailers. By hand, because a reference to
/// the framework of web servers would put its assemblies in the place of those that the product ships.
/// </summary>
internal sealed class GrpcCollector : IAsyncDisposable
{
    private const byte Data = 0, Head = 1, Settings = 4, Ping = 6, WindowUpdate = 8;
    private const byte EndsStream = 1, Acknowledges = 1, EndsHead = 4;
    private const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    private static readonly byte[] s_answer = [0x88, 0x0F, 0x10, 16, .. "application/grpc"u8]; // :status 200; content-type, by its number in the static table.
    private static readonly byte[] s_trailers = [0x00, 11, .. "grpc-status"u8, 1, .. "0"u8];
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Channel<GrpcExport> _exports = Channel.CreateUnbounded<GrpcExport>();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;

    public GrpcCollector()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    /// <summary>What it has received.</summary>
    public ChannelReader<GrpcExport> Exports => _exports.Reader;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> serving = [];
        try
        {
            while (true) serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            NetworkStream stream = client.GetStream();
            try
            {
                byte[] preface = new byte[Preface.Length];
                await stream.ReadExactlyAsync(preface, _stop.Token);
                if (Encoding.ASCII.GetString(preface) != Preface) return; // Not HTTP/2: nothing is received, and the test says so.
                await WriteAsync(stream, Settings, 0, 0, []);
                await WriteAsync(stream, WindowUpdate, 0, 0, [0x3F, 0xFF, 0, 0]); // More than a test sends.
                await AnswerAsync(stream);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // Its end.
            }
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        string headers = "";
        using MemoryStream body = new();
        byte[] frame = new byte[9];
        while (true)
        {
            await stream.ReadExactlyAsync(frame, _stop.Token);
            byte[] content = new byte[(frame[0] << 16) | (frame[1] << 8) | frame[2]];
            await stream.ReadExactlyAsync(content, _stop.Token);
            var (kind, flags, number) = (frame[3], frame[4], BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(5)));
            if (kind is Settings or Ping && (flags & Acknowledges) == 0) await WriteAsync(stream, kind, Acknowledges, 0, kind == Ping ? content : []);
            if (kind == Head) headers = Encoding.Latin1.GetString(content);
            if (kind != Data) continue;
            body.Write(content);
            if ((flags & EndsStream) == 0) continue;
            await WriteAsync(stream, Head, EndsHead, number, s_answer);
            await WriteAsync(stream, Data, 0, number, new byte[5]); // A message of no bytes, not compressed.
            await WriteAsync(stream, Head, EndsHead | EndsStream, number, s_trailers);
            byte[] message = body.ToArray();
            body.SetLength(0); // The client sends one call after the other.
            _exports.Writer.TryWrite(new GrpcExport(headers, message[0], BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(1)), Encoding.Latin1.GetString(message, 5, message.Length - 5)));
        }
    }

    private async Task WriteAsync(NetworkStream stream, byte kind, int flags, int number, byte[] content)
    {
        byte[] frame = [0, (byte)(content.Length >> 8), (byte)content.Length, kind, (byte)flags, 0, 0, 0, 0, .. content];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), number);
        await stream.WriteAsync(frame, _stop.Token);
    }
}
