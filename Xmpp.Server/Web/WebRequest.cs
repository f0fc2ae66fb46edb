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

    public Stream Content => context.Request.Body;

    public Stream Response => context.Response.Body;

    public string? Query(string name) => context.Request.Query.TryGetValue(name, out var value) ? value.ToString() : null;

    public string? Header(string name) => context.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;

    public void AllowContent(long length) =>
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = length;

    public void Respond(int status) => context.Response.StatusCode = status;

    public void SetHeader(string name, string value) => context.Response.Headers[name] = value;

    public Task SendFileAsync(string file, long offset, long length, CancellationToken cancellationToken) =>
        context.Response.SendFileAsync(file, offset, length, cancellationToken);
}
