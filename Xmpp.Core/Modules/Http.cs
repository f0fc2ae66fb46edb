using System.IO.Pipelines;
using System.Net;

namespace Xmpp.Core.Modules;

/// <summary>Answers a request. What it throws is logged as a bug and answered with status 500, if nothing was sent yet.</summary>
public delegate ValueTask HttpHandler(IHttpExchange exchange, CancellationToken cancellationToken);

/// <summary>What a module serves by HTTP, on all of the server's HTTP listeners and for every host.</summary>
/// <param name="Path">
/// Begins with "/". One that ends with "/" stands for everything below it, any other for itself only; the longest one counts. It
/// stands in the log as it is here: what is below may be secret.
/// </param>
/// <param name="Methods">Those that are answered; others get status 405. "GET" lets "HEAD" in.</param>
public sealed record HttpRoute(string Path, IReadOnlyList<string> Methods, HttpHandler Handler)
{
    /// <summary>Whether scripts of web pages from anywhere may use it (CORS).</summary>
    public bool IsForAnyOrigin { get; init; }

    /// <summary>Headers that such scripts may send.</summary>
    public IReadOnlyList<string> AllowedHeaders { get; init; } = [];
}

/// <summary>A request by HTTP, and the response to it.</summary>
public interface IHttpExchange
{
    /// <summary>The virtual host whose name the client used.</summary>
    string Host { get; }

    /// <summary>The client, behind the proxies that are trusted.</summary>
    IPAddress Client { get; }

    /// <summary>In upper case.</summary>
    string Method { get; }

    /// <summary>The path behind that of the route, with its escapes resolved but those of slashes.</summary>
    string Path { get; }

    /// <summary>A parameter of the query, or null.</summary>
    string? Query(string name);

    /// <summary>A header of the request, or null; several of the same name with commas.</summary>
    string? Header(string name);

    /// <summary>How many bytes of content the client announces; null when it doesn't say.</summary>
    long? ContentLength { get; }

    /// <summary>Takes content up to this length, in bytes; before any of it is read. Without it, content is limited to 64 KB.</summary>
    void AllowContent(long length);

    /// <summary>The content of the request. Who sends too slowly loses the connection.</summary>
    PipeReader Content { get; }

    /// <summary>Begins the response; headers follow, then its content.</summary>
    void Respond(int status);

    /// <summary>Sets a header of the response, before its content.</summary>
    void SetHeader(string name, string value);

    /// <summary>The content of the response.</summary>
    Stream Response { get; }

    /// <summary>Sends a part of a file.</summary>
    Task SendFileAsync(string file, long offset, long length, CancellationToken cancellationToken);
}

/// <summary>How the server is reached by HTTP.</summary>
public interface IHttpAddresses
{
    /// <summary>The address of a path, such as "https://example.org:5443/upload"; null when nothing is served by HTTP.</summary>
    /// <param name="path">Begins with "/".</param>
    string? UrlOf(string host, string path);
}
