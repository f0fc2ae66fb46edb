using System.Net;
using System.Text;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Web;

/// <summary>The HTTP server: listeners, hosts, proxies, routes, limits.</summary>
public sealed class HttpTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_module_answers_what_it_registered()
    {
        await using var server = await TestServer.StartWithHttpAsync(null, module =>
        {
            module.HttpRoute(new("/a", ["GET"], (request, ct) => Text(request, "one", ct)));
            module.HttpRoute(new("/a/", ["GET"], (request, ct) => Text(request, $"below {request.Path}", ct)));
            module.HttpRoute(new("/a/b/", ["GET", "PUT"], (request, ct) => Text(request, $"further {request.Path}", ct)));
        });
        using var client = TestServer.CreateHttpClient();

        Assert.Equal("one", await GetAsync(client, server, "/a"));
        Assert.Equal("below x y", await GetAsync(client, server, "/a/x%20y"));
        Assert.Equal("further c/d", await GetAsync(client, server, "/a/b/c/d"));
        Assert.Equal("one", await GetAsync(client, server, "/a/b/../../a"));
        var missing = await SendAsync(client, server, HttpMethod.Get, "/b");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal("nosniff", missing.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.False(missing.Headers.Contains("Server"));
        var refused = await SendAsync(client, server, HttpMethod.Delete, "/a/b/c");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, refused.StatusCode);
        Assert.Equal(["GET", "PUT", "HEAD"], refused.Content.Headers.Allow);
        Assert.Equal("", await (await SendAsync(client, server, HttpMethod.Head, "/a")).Content.ReadAsStringAsync(Cancellation));
    }

    [Theory]
    [InlineData("localhost", "localhost")]
    [InlineData("LOCALHOST.", "localhost")]
    [InlineData("127.0.0.1", "localhost")]
    [InlineData("[::1]", "localhost")]
    [InlineData("other.example", "other.example")]
    [InlineData("conference.other.example", "other.example")]
    [InlineData("web.example", "localhost")]
    [InlineData("rebound.example", null)]
    public async Task The_host_is_that_of_the_name_that_was_asked_for(string name, string? host)
    {
        await using var server = await TestServer.StartWithHttpAsync(
            options => options with { Url = "https://web.example" },
            module => module.HttpRoute(new("/host", ["GET"], (request, ct) => Text(request, request.Host, ct))));
        using var client = TestServer.CreateHttpClient();

        var response = await SendAsync(client, server, HttpMethod.Get, "/host", request => request.Headers.Host = name);

        if (host is null)
            Assert.Equal(HttpStatusCode.MisdirectedRequest, response.StatusCode);
        else
            Assert.Equal(host, await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task Scripts_from_anywhere_may_use_what_is_for_them()
    {
        await using var server = await TestServer.StartWithHttpAsync(null, module =>
        {
            module.HttpRoute(new("/open", ["PUT"], (request, ct) => Text(request, "", ct))
            {
                IsForAnyOrigin = true,
                AllowedHeaders = ["Content-Type", "Authorization"],
            });
            module.HttpRoute(new("/closed", ["PUT"], (request, ct) => Text(request, "", ct)));
        });
        using var client = TestServer.CreateHttpClient();

        var preflight = await SendAsync(client, server, HttpMethod.Options, "/open");
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Equal("*", preflight.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("PUT, OPTIONS", preflight.Headers.GetValues("Access-Control-Allow-Methods").Single());
        Assert.Equal("Content-Type, Authorization", preflight.Headers.GetValues("Access-Control-Allow-Headers").Single());
        // They are to read the errors, too.
        var refused = await SendAsync(client, server, HttpMethod.Get, "/open");
        Assert.Equal("*", refused.Headers.GetValues("Access-Control-Allow-Origin").Single());
        var closed = await SendAsync(client, server, HttpMethod.Options, "/closed");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, closed.StatusCode);
        Assert.False(closed.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("192.0.2.1", "https", "192.0.2.1")]
    // The last but the trusted ones: what is before may be made up.
    [InlineData("198.51.100.7, 192.0.2.1", "https", "192.0.2.1")]
    [InlineData("198.51.100.7, 192.0.2.1, 10.1.2.3", "http, https", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "https", "192.0.2.1")]
    // Not by HTTPS.
    [InlineData("192.0.2.1", "http", null)]
    [InlineData("192.0.2.1", null, null)]
    [InlineData("192.0.2.1", "https, http", null)]
    // A program on the proxy's machine.
    [InlineData(null, null, "127.0.0.1")]
    [InlineData("nonsense", "https", "127.0.0.1")]
    public async Task A_trusted_proxy_says_who_the_client_is(string? forwardedFor, string? protocol, string? client)
    {
        await using var server = await TestServer.StartWithHttpAsync(
            options => options with
            {
                Listeners = [options.Listeners[0] with { TrustedProxies = [IPNetwork.Parse("127.0.0.1/32"), IPNetwork.Parse("10.0.0.0/8")] }],
            },
            module => module.HttpRoute(new("/who", ["GET"], (request, ct) => Text(request, request.Client.ToString(), ct))));
        using var http = TestServer.CreateHttpClient();

        var response = await SendAsync(http, server, HttpMethod.Get, "/who", request =>
        {
            request.Headers.TryAddWithoutValidation("X-Forwarded-For", forwardedFor);
            request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", protocol);
        });

        if (client is null)
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        else
            Assert.Equal(client, await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task Nobody_else_is_believed()
    {
        await using var server = await TestServer.StartWithHttpAsync(
            null, module => module.HttpRoute(new("/who", ["GET"], (request, ct) => Text(request, request.Client.ToString(), ct))));
        using var client = TestServer.CreateHttpClient();

        var response = await SendAsync(
            client, server, HttpMethod.Get, "/who", request => request.Headers.TryAddWithoutValidation("X-Forwarded-For", "192.0.2.1"));

        Assert.Equal("127.0.0.1", await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task Each_host_has_its_certificate_and_a_reload_brings_a_new_one()
    {
        await using var server = await TestServer.StartWithHttpAsync(
            null, module => module.HttpRoute(new("/", ["GET"], (request, ct) => Text(request, request.Host, ct))));

        var (host, first) = await GetSecurelyAsync("localhost");
        Assert.Equal("localhost", host);
        Assert.Contains("localhost", first.Name, StringComparison.Ordinal);
        Assert.Contains("other.example", (await GetSecurelyAsync("other.example")).Certificate.Name, StringComparison.Ordinal);

        var certificates = server.Options.Tls.Certificates;
        File.Delete(Path.Combine(certificates, "localhost.crt"));
        File.Delete(Path.Combine(certificates, "localhost.key"));
        DevelopmentCertificates.CreateMissing(certificates, ["localhost"], server.Time);
        var port = server.HttpPort(tls: true);
        await server.ReloadAsync(options => options);

        var second = (await GetSecurelyAsync("localhost")).Certificate;
        Assert.Equal(first.Name, second.Name);
        Assert.NotEqual(first.Serial, second.Serial);
        Assert.Equal(port, server.HttpPort(tls: true));

        async Task<(string Body, (string Name, string Serial) Certificate)> GetSecurelyAsync(string name)
        {
            (string, string) shown = default;
            using var client = TestServer.CreateHttpClient(certificate => shown =
                (certificate.GetNameInfo(System.Security.Cryptography.X509Certificates.X509NameType.DnsName, false), certificate.SerialNumber));
            var body = await client.GetStringAsync($"https://{name}:{server.HttpPort(tls: true)}/", Cancellation);
            return (body, shown);
        }
    }

    [Fact]
    public async Task Content_is_limited_unless_a_route_allows_more()
    {
        await using var server = await TestServer.StartWithHttpAsync(null, module =>
        {
            module.HttpRoute(new("/small", ["PUT"], CountAsync));
            module.HttpRoute(new("/large", ["PUT"], (request, ct) =>
            {
                request.AllowContent(200_000);
                return CountAsync(request, ct);
            }));
        });
        using var client = TestServer.CreateHttpClient();

        Assert.Equal("65536", await PutAsync("/small", 65_536));
        Assert.Equal("RequestEntityTooLarge", await PutAsync("/small", 65_537));
        Assert.Equal("200000", await PutAsync("/large", 200_000));
        Assert.Equal("RequestEntityTooLarge", await PutAsync("/large", 200_001));

        async Task<string> PutAsync(string path, int length)
        {
            var response = await SendAsync(
                client, server, HttpMethod.Put, path, request => request.Content = new ByteArrayContent(new byte[length]));
            return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync(Cancellation) : response.StatusCode.ToString();
        }

        static async ValueTask CountAsync(IHttpExchange request, CancellationToken cancellationToken)
        {
            var content = new MemoryStream();
            await request.Content.CopyToAsync(content, cancellationToken);
            await Text(request, $"{content.Length}", cancellationToken);
        }
    }

    [Fact]
    public async Task What_fails_is_said_without_details()
    {
        await using var server = await TestServer.StartWithHttpAsync(null, module =>
        {
            module.HttpRoute(new("/bug", ["GET"], (_, _) => throw new InvalidOperationException("a secret")));
            module.HttpRoute(new("/store", ["GET"], (_, _) => throw new StoreException(StanzaErrorCondition.InternalServerError, "a secret")));
        });
        using var client = TestServer.CreateHttpClient();
        server.ExpectError("A request failed: GET /bug");

        foreach (var (path, status) in new[] { ("/bug", HttpStatusCode.InternalServerError), ("/store", HttpStatusCode.ServiceUnavailable) })
        {
            var response = await SendAsync(client, server, HttpMethod.Get, path);
            Assert.Equal(status, response.StatusCode);
            Assert.Equal("", await response.Content.ReadAsStringAsync(Cancellation));
        }
    }

    [Fact]
    public async Task Listeners_come_and_go_with_a_reload()
    {
        await using var server = await TestServer.StartWithHttpAsync(
            null, module => module.HttpRoute(new("/", ["GET"], (request, ct) => Text(request, "here", ct))));
        using var client = TestServer.CreateHttpClient();
        var (plain, secure) = (server.HttpPort(tls: false), server.HttpPort(tls: true));

        await server.ReloadAsync(options => options with { Http = options.Http with { Listeners = [options.Http.Listeners[1]] } });
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync($"http://localhost:{plain}/", Cancellation));
        Assert.Equal(secure, server.HttpPort(tls: true));
        Assert.Equal("here", await client.GetStringAsync($"https://localhost:{secure}/", Cancellation));

        // The port is taken: all stays as it is.
        await Assert.ThrowsAsync<ListenException>(() => server.ReloadAsync(options => options with
        {
            Http = options.Http with { Listeners = [options.Http.Listeners[0], new() { Address = IPAddress.Loopback, Port = secure }] },
        }));
        Assert.Equal("here", await client.GetStringAsync($"https://localhost:{secure}/", Cancellation));

        await server.ReloadAsync(options => options with { Http = options.Http with { Listeners = [] } });
        Assert.Empty(server.Server.Context.Web.Listeners);
    }

    [Fact]
    public async Task A_server_that_ends_answers_whom_it_has_begun_to_answer()
    {
        var (begun, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var server = await TestServer.StartWithHttpAsync(null, module =>
        {
            module.HttpRoute(new("/slow", ["GET"], async (request, ct) =>
            {
                begun.SetResult();
                await goOn.Task;
                await Text(request, "done", ct);
            }));
            module.Stopping(() =>
            {
                goOn.SetResult();
                return default;
            });
        });
        using var client = TestServer.CreateHttpClient();
        var answer = GetAsync(client, server, "/slow");
        await begun.Task;
        await server.DisposeAsync();

        Assert.Equal("done", await answer);
    }

    private static async Task<string> GetAsync(HttpClient client, TestServer server, string path)
    {
        var response = await SendAsync(client, server, HttpMethod.Get, path);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, TestServer server, HttpMethod method, string path, Action<HttpRequestMessage>? with = null)
    {
        using var request = new HttpRequestMessage(method, $"http://localhost:{server.HttpPort(tls: false)}{path}");
        with?.Invoke(request);
        return await client.SendAsync(request, Cancellation);
    }

    private static async ValueTask Text(IHttpExchange request, string text, CancellationToken cancellationToken)
    {
        request.SetHeader("Content-Type", "text/plain");
        await request.Response.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
    }
}
