using System.Net;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Xmpp.Core.Modules;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Web;

/// <summary>Where clients find a host that can't ask the DNS, such as web pages.</summary>
public sealed record HostMetaOptions
{
    /// <summary>
    /// The addresses of this server as clients reach it. With them clients learn all ways to connect, and needn't ask the DNS at all
    /// (XEP-0487); none: they learn of those for web pages (XEP-0156).
    /// </summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>How long clients may rely on that.</summary>
    [Duration("1m", "7d")]
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>The host-meta documents of each host: XEP-0156 in XML and JSON, XEP-0487 in JSON.</summary>
[Xep(156, "1.4.0")]
[Xep(487, "0.1.0")]
internal sealed class HostMeta(WebServer web, HostMetaOptions options) : IXmppModule
{
    private const string Relation = "urn:xmpp:alt-connections:";

    private static readonly XNamespace Xrd = "http://docs.oasis-open.org/ns/xri/xrd-1.0";

    public void Register(IModuleBuilder builder)
    {
        builder.HttpRoute(Route("/.well-known/host-meta", "application/xrd+xml", WriteXml));
        builder.HttpRoute(Route("/.well-known/host-meta.json", "application/json", WriteJson));
    }

    private static HttpRoute Route(string path, string type, Func<string, byte[]> write) => new(
        path, ["GET"], (request, cancellationToken) =>
        {
            var document = write(request.Host);
            request.SetHeader("Content-Type", type);
            request.SetHeader("Content-Length", $"{document.Length}");
            return request.Method == "HEAD" ? default : request.Response.WriteAsync(document, cancellationToken);
        })
    {
        IsForAnyOrigin = true,
    };

    /// <summary>The ways for web pages; XEP-0156 §3.2: protected ones only.</summary>
    private IEnumerable<(string Relation, string Url)> Links(string host) =>
        from way in WebServer.Streams
        let url = web.UrlOf(host, way.Path)
        where url is not null && url.StartsWith("https:", StringComparison.Ordinal)
        select (Relation + way.Name, way.IsWebSocket ? "wss" + url["https".Length..] : url);

    private byte[] WriteXml(string host) => Encoding.UTF8.GetBytes(new XDeclaration("1.0", "utf-8", null) + "\n" + new XElement(
        Xrd + "XRD",
        Links(host).Select(link => new XElement(Xrd + "Link", new XAttribute("rel", link.Relation), new XAttribute("href", link.Url)))));

    private byte[] WriteJson(string host)
    {
        using var document = new MemoryStream();
        using (var json = new Utf8JsonWriter(document, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            if (options.Addresses.Count > 0)
            {
                json.WriteStartObject("xmpp");
                json.WriteNumber("ttl", (int)options.Lifetime.TotalSeconds);
                json.WriteEndObject();
            }
            json.WriteStartArray("links");
            foreach (var (relation, url) in Links(host))
            {
                json.WriteStartObject();
                json.WriteString("rel", relation);
                json.WriteString("href", url);
                WriteWay(json, new Uri(url).IdnHost);
                json.WriteEndObject();
            }
            if (options.Addresses.Count > 0 && web.DirectTlsPort is { } port)
            {
                json.WriteStartObject();
                json.WriteString("rel", Relation + "tls");
                json.WriteNumber("port", port);
                WriteWay(json, ServerNameMap.ToAscii(host));
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return document.ToArray();
    }

    /// <summary>XEP-0487 §2.1.</summary>
    /// <param name="name">For SNI.</param>
    private void WriteWay(Utf8JsonWriter json, string name)
    {
        if (options.Addresses.Count == 0)
            return;
        json.WriteNumber("priority", 10);
        json.WriteNumber("weight", 50);
        json.WriteString("sni", name);
        json.WriteStartArray("ips");
        foreach (var address in options.Addresses)
            json.WriteStringValue(address.ToString());
        json.WriteEndArray();
    }
}
