using System.Buffers.Binary;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Edge.Telemetry.Tests.Metrics;

/// <summary>One call of a collector.</summary>
/// <param name="Protocol">Version of HTTP.</param>
/// <param name="Method">Verb.</param>
/// <param name="Path">Service and method of gRPC.</param>
/// <param name="ContentType">Kind of the body.</param>
/// <param name="Compression">First byte of the gRPC message: 0, not compressed.</param>
/// <param name="Length">Its next four: bytes that follow.</param>
/// <param name="Text">These bytes, one character each.</param>
internal sealed record GrpcExport(string Protocol, string Method, string Path, string? ContentType, int Compression, int Length, string Text);

/// <summary>A collector of OTLP over gRPC on 127.0.0.1, without TLS: HTTP/2 from the first byte, one message in, an empty one out, and the status in the trailers.</summary>
internal sealed class GrpcCollector : IAsyncDisposable
{
    private readonly Channel<GrpcExport> _exports = Channel.CreateUnbounded<GrpcExport>();
    private readonly WebApplication _server;

    private GrpcCollector(WebApplication server) => _server = server;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_server.Urls.Single());

    /// <summary>What it has received.</summary>
    public ChannelReader<GrpcExport> Exports => _exports.Reader;

    public static async Task<GrpcCollector> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0, end => end.Protocols = HttpProtocols.Http2));
        GrpcCollector collector = new(builder.Build());
        collector._server.Run(collector.AnswerAsync);
        await collector._server.StartAsync(TestContext.Current.CancellationToken);
        return collector;
    }

    public async ValueTask DisposeAsync() => await _server.DisposeAsync();

    private async Task AnswerAsync(HttpContext call)
    {
        using MemoryStream body = new();
        await call.Request.Body.CopyToAsync(body, call.RequestAborted);
        byte[] bytes = body.ToArray();
        call.Response.ContentType = "application/grpc";
        await call.Response.Body.WriteAsync(new byte[5], call.RequestAborted); // Not compressed, no bytes.
        call.Response.AppendTrailer("grpc-status", "0");
        HttpRequest request = call.Request;
        await _exports.Writer.WriteAsync(
            new GrpcExport(request.Protocol, request.Method, request.Path, request.ContentType, bytes[0], BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(1)), Encoding.Latin1.GetString(bytes, 5, bytes.Length - 5)), call.RequestAborted);
    }
}
