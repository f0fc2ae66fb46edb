using System.Net;
using Xmpp.Core.Modules;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Web;

/// <summary>What is served by HTTP/1.1, and how.</summary>
public sealed record HttpOptions
{
    /// <summary>None: nothing is served by HTTP, and no memory used for it.</summary>
    public IReadOnlyList<HttpListenerOptions> Listeners { get; init; } =
        [new() { Port = 5443 }, new() { Address = IPAddress.Loopback, Port = 5280, Tls = false }];

    /// <summary>
    /// Where clients find it, with "{host}" in place of the virtual host, such as "https://{host}"; null: at the port of the first
    /// listener with TLS, else of the first.
    /// </summary>
    [HttpUrl]
    public string? Url { get; init; }

    /// <summary>
    /// Where what people upload (XEP-0363) is kept: "disk", "mongodb", in the database that is the store, or "s3", in an S3 store.
    /// </summary>
    [NeedsRestart]
    [OneOf("disk", "mongodb", "s3")]
    public string UploadStore { get; init; } = "disk";

    /// <summary>The directory of what people upload, on the disk; of what has yet to go to an S3 store, too.</summary>
    [NeedsRestart]
    public string Uploads { get; init; } = "data/uploads";

    [NeedsRestart]
    public S3Options S3 { get; init; } = new();

    /// <summary>XMPP over BOSH.</summary>
    public BoshOptions Bosh { get; init; } = new();

    /// <summary>Whether each request is a line in the log: without what stands behind a route's path, queries and headers.</summary>
    public bool LogRequests { get; init; }

    /// <summary>Open connections of all clients, WebSockets among them.</summary>
    [Number(1, 10_000_000)]
    public int Connections { get; init; } = 100_000;

    /// <summary>From the first byte of a request to the end of its headers.</summary>
    [Duration("1s", "10m")]
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a connection may be idle between two requests.</summary>
    [Duration("1s", "1h")]
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Who sends or takes content more slowly, in bytes per second, loses the connection; 0: nobody.</summary>
    [Bytes(0, 1024 * 1024)]
    public int MinimumBytesPerSecond { get; init; } = 240;

    /// <summary>Bytes of the first line of a request and its headers together.</summary>
    [Bytes(4096, 1024 * 1024)]
    public int HeaderBytes { get; init; } = 16 * 1024;

    /// <summary>What clients put before a path; null when nothing is served.</summary>
    /// <param name="ports">The port that each listener has.</param>
    internal string? BaseOf(string host, Func<HttpListenerOptions, int> ports)
    {
        if (Listeners.Count == 0)
            return null;
        if (Url is not null)
            return Url.Replace("{host}", Transport.ServerNameMap.ToAscii(host), StringComparison.Ordinal).TrimEnd('/');
        var listener = Listeners.FirstOrDefault(listener => listener.Tls) ?? Listeners[0];
        return $"{(listener.Tls ? "https" : "http")}://{Transport.ServerNameMap.ToAscii(host)}:{ports(listener)}";
    }
}

public sealed record HttpListenerOptions
{
    /// <summary>"::" listens on every address of IPv6 and IPv4.</summary>
    public IPAddress Address { get; init; } = IPAddress.IPv6Any;

    /// <summary>0 lets the system choose (tests).</summary>
    [Number(0, 65_535)]
    public required int Port { get; init; }

    /// <summary>HTTPS; else only clients on this machine are served, and trusted proxies that say that they have TLS.</summary>
    public bool Tls { get; init; } = true;

    /// <summary>Whose X-Forwarded-For and X-Forwarded-Proto count.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];
}

/// <summary>The beginning of an address, with "{host}" in it or not.</summary>
internal sealed class HttpUrlAttribute : ConfigurationRuleAttribute
{
    public override string Expected => "the beginning of an address, such as \"https://{host}\" or \"https://chat.example.org/xmpp\"";

    public override object? Read(string text) =>
        Uri.TryCreate(text.Replace("{host}", "host", StringComparison.Ordinal), UriKind.Absolute, out var uri)
            && uri.Scheme is "https" or "http" && uri.Query.Length == 0 && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0
            ? text
            : null;
}
