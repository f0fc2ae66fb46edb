using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Xmpp.Core.Modules;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Web;

/// <summary>A request as a module sees it.</summary>
/// <param name="path">Behind the route's.</param>
internal sealed class WebRequest(HttpContext context, WebClient client, string host, string path) : IHttpExchange
{
    /// <summary>Read and sent at a time of a file. Each time costs turns of two threads, which fewer bytes notice.</summary>
    private const int SendBytes = 256 * 1024;

    /// <summary>For what the server itself serves.</summary>
    public HttpContext Context => context;

    public string Host => host;

    public IPAddress Client => client.Address;

    /// <summary>For a stream by this request; null when others can read what passes.</summary>
    public TlsInfo? Tls => client.IsProtected ? StreamsOverHttp.Https : null;

    /// <summary>Whether the client came by way of a proxy.</summary>
    public bool IsForwarded => client.IsForwarded;

    public string Method => context.Request.Method;

    public string Path => path;

    public long? ContentLength => context.Request.ContentLength;

    public PipeReader Content => context.Request.BodyReader;

    public Stream Response => context.Response.Body;

    public string? Query(string name) => context.Request.Query.TryGetValue(name, out var value) ? value.ToString() : null;

    public string? Header(string name) => context.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;

    public void AllowContent(long length) =>
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = length;

    public void Respond(int status) => context.Response.StatusCode = status;

    public void SetHeader(string name, string value) => context.Response.Headers[name] = value;

    public async Task SendFileAsync(string file, long offset, long length, CancellationToken cancellationToken)
    {
        using var handle = File.OpenHandle(file);
        var output = context.Response.BodyWriter;
        // Read to where it is sent from. That the file is longer than said is no reason to send more.
        for (var sent = 0L; sent < length;)
        {
            var room = output.GetMemory(SendBytes);
            var count = RandomAccess.Read(handle, room.Span[..(int)Math.Min(room.Length, length - sent)], offset + sent);
            if (count == 0)
                throw new EndOfStreamException("The file has become shorter.");
            output.Advance(count);
            sent += count;
            if ((await output.FlushAsync(cancellationToken)).IsCompleted)
                return;
        }
    }
}
