using System.Net;
using System.Text.Json;
using System.Xml.Linq;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Web;

/// <summary>XEP-0156 and XEP-0487.</summary>
public sealed class HostMetaTests
{
    private static readonly XNamespace Xrd = "http://docs.oasis-open.org/ns/xri/xrd-1.0";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("localhost")]
    [InlineData("other.example")]
    public async Task Each_host_says_where_web_pages_connect(string host)
    {
        await using var server = await TestServer.StartWithHttpAsync();
        using var client = TestServer.CreateHttpClient();
        var url = $"wss://{host}:{server.HttpPort(tls: true)}/xmpp-websocket";

        using var xml = await client.GetAsync($"https://{host}:{server.HttpPort(tls: true)}/.well-known/host-meta", Cancellation);
        Assert.Equal("application/xrd+xml", xml.Content.Headers.ContentType!.ToString());
        Assert.Equal("*", xml.Headers.GetValues("Access-Control-Allow-Origin").Single());
        var document = XDocument.Parse(await xml.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(Xrd + "XRD", document.Root!.Name);
        Assert.Contains(("urn:xmpp:alt-connections:websocket", url), document.Root.Elements(Xrd + "Link")
            .Select(link => ((string)link.Attribute("rel")!, (string)link.Attribute("href")!)));

        using var json = await client.GetAsync($"https://{host}:{server.HttpPort(tls: true)}/.well-known/host-meta.json", Cancellation);
        Assert.Equal("application/json", json.Content.Headers.ContentType!.ToString());
        Assert.Equal("*", json.Headers.GetValues("Access-Control-Allow-Origin").Single());
        var root = JsonDocument.Parse(await json.Content.ReadAsStringAsync(Cancellation)).RootElement;
        Assert.Contains(("urn:xmpp:alt-connections:websocket", url), root.GetProperty("links").EnumerateArray()
            .Select(link => (link.GetProperty("rel").GetString()!, link.GetProperty("href").GetString()!)));
        // XEP-0487 §3: this would mean that the rest is there as well.
        Assert.False(root.TryGetProperty("xmpp", out _));
    }

    [Fact]
    public async Task With_addresses_all_ways_to_connect_are_said()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Listeners = [new() { Address = IPAddress.Loopback, Port = 0, Tls = ListenerTls.Direct }],
            Http = options.Http with { Listeners = [new() { Address = IPAddress.Loopback, Port = 0, Tls = false }], Url = "https://web.example/x/" },
            Modules = options.Modules with
            {
                HostMeta = new() { Addresses = [IPAddress.Parse("192.0.2.1"), IPAddress.Parse("2001:db8::1")], Lifetime = TimeSpan.FromHours(2) },
            },
        });
        using var client = TestServer.CreateHttpClient();

        var text = await client.GetStringAsync($"http://localhost:{server.HttpPort(tls: false)}/.well-known/host-meta.json", Cancellation);

        var root = JsonDocument.Parse(text).RootElement;
        Assert.Equal(7200, root.GetProperty("xmpp").GetProperty("ttl").GetInt32());
        var links = root.GetProperty("links").EnumerateArray().ToDictionary(link => link.GetProperty("rel").GetString()!);
        var tls = links["urn:xmpp:alt-connections:tls"];
        Assert.Equal(0, tls.GetProperty("port").GetInt32());
        Assert.Equal("localhost", tls.GetProperty("sni").GetString());
        var webSocket = links["urn:xmpp:alt-connections:websocket"];
        Assert.Equal("wss://web.example/x/xmpp-websocket", webSocket.GetProperty("href").GetString());
        Assert.Equal("web.example", webSocket.GetProperty("sni").GetString());
        Assert.All(links.Values, link =>
        {
            Assert.Equal(["192.0.2.1", "2001:db8::1"], link.GetProperty("ips").EnumerateArray().Select(ip => ip.GetString()!));
            Assert.True(link.GetProperty("priority").TryGetInt32(out _) && link.GetProperty("weight").TryGetInt32(out _));
        });
    }

    [Fact]
    public async Task Nothing_is_said_of_ways_without_TLS()
    {
        await using var server = await TestServer.StartWithHttpAsync(options => options with { Listeners = [options.Listeners[0]] });
        using var client = TestServer.CreateHttpClient();

        var text = await client.GetStringAsync($"http://localhost:{server.HttpPort(tls: false)}/.well-known/host-meta", Cancellation);

        Assert.Empty(XDocument.Parse(text).Root!.Elements());
    }
}
