using System.Net;
using Xmpp.Modules.Registration;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests;

/// <summary>The chat in the browser: what is served, and how strictly.</summary>
public sealed class WebChatTests : IDisposable
{
    private readonly string _files = Directory.CreateTempSubdirectory("xmppchat-chat-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_files, recursive: true);

    [Theory]
    [InlineData("localhost", RegistrationAccess.Open, "open")]
    [InlineData("other.example", RegistrationAccess.Invited, "closed")]
    public async Task The_page_is_that_of_the_host_by_whose_name_it_was_asked_for(
        string host, RegistrationAccess access, string registration)
    {
        Add("converse.min.js");
        await using var server = await StartAsync(access);

        using var response = await GetAsync(server, "/chat/", host);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        var page = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.Contains(
            $"<html lang=\"en\" data-host=\"{host}\" data-rooms=\"conference.{host}\" data-registration=\"{registration}\">", page,
            StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; ", policy, StringComparison.Ordinal);
        Assert.EndsWith("base-uri 'none'; form-action 'none'; frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", response.Headers.GetValues("Referrer-Policy").Single());
    }

    [Fact]
    public async Task Who_leaves_the_slash_out_finds_it()
    {
        await using var server = await StartAsync();

        using var response = await GetAsync(server, "/chat");

        Assert.Equal(HttpStatusCode.MovedPermanently, response.StatusCode);
        // Relative: there may be a proxy with a path of its own.
        Assert.Equal("chat/", response.Headers.Location!.OriginalString);
    }

    [Theory]
    [InlineData("converse.min.js", "text/javascript; charset=utf-8")]
    [InlineData("converse.min.css", "text/css; charset=utf-8")]
    [InlineData("chunkjs/locales/de-LC_MESSAGES-converse-po.js", "text/javascript; charset=utf-8")]
    [InlineData("curve25519_compiled.wasm", "application/wasm")]
    [InlineData("images/logo/conversejs-filled.svg", "image/svg+xml")]
    public async Task Its_files_are_there_and_asked_for_again_only_when_they_have_changed(string path, string type)
    {
        Add("converse.min.js");
        Add(path);
        await using var server = await StartAsync();

        using var response = await GetAsync(server, $"/chat/{path}");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
        Assert.Equal(path, await response.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal("no-cache", response.Headers.CacheControl!.ToString());
        var tag = response.Headers.ETag!.ToString();
        using var again = await GetAsync(server, $"/chat/{path}", request: request => request.Headers.Add("If-None-Match", tag));
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        File.SetLastWriteTimeUtc(Path.Combine(_files, path), DateTime.UnixEpoch);
        using var changed = await GetAsync(server, $"/chat/{path}", request: request => request.Headers.Add("If-None-Match", tag));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
    }

    [Theory]
    [InlineData("../secret.js")]
    [InlineData("%2e%2e/secret.js")]
    [InlineData("..%2fsecret.js")]
    [InlineData("..%5csecret.js")]
    [InlineData("images//a.png")]
    [InlineData(".hidden.js")]
    [InlineData("converse.min.js.map")]
    [InlineData("VERSION")]
    [InlineData("images")]
    [InlineData("missing.js")]
    public async Task Nothing_else_is(string path)
    {
        Add("secret.js");
        foreach (var name in (string[])["converse.min.js", "converse.min.js.map", ".hidden.js", "VERSION", "images/a.png"])
            Add($"chat/{name}");
        await using var server = await StartAsync(files: Path.Combine(_files, "chat"));

        using var response = await GetAsync(server, $"/chat/{path}");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task What_is_missing_is_said_until_it_is_there()
    {
        await using var server = await StartAsync();

        using var missing = await GetAsync(server, "/chat/");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, missing.StatusCode);
        Assert.Contains("npm", await missing.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);

        Add("converse.min.js");
        using var there = await GetAsync(server, "/chat/");
        Assert.Equal(HttpStatusCode.OK, there.StatusCode);
        using var script = await GetAsync(server, "/chat/chat.js");
        Assert.Contains("converse.initialize(", await script.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    private Task<TestServer> StartAsync(RegistrationAccess access = RegistrationAccess.Closed, string? files = null) =>
        TestServer.StartAsync(options => options with
        {
            Hosts = ["localhost", "other.example"],
            Http = options.Http with { Listeners = [new() { Address = IPAddress.Loopback, Port = 0, Tls = false }] },
            Modules = options.Modules with
            {
                Registration = options.Modules.Registration with { Access = access },
                WebChat = new WebChatOptions { Files = files ?? _files },
            },
        });

    /// <summary>A file whose content is its path.</summary>
    private void Add(string path)
    {
        var file = Path.Combine(_files, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, path);
    }

    private static async Task<HttpResponseMessage> GetAsync(
        TestServer server, string path, string host = "localhost", Action<HttpRequestMessage>? request = null)
    {
        using var client = TestServer.CreateHttpClient();
        // As it stands: Uri would resolve what is to be tried.
        var address = new Uri(
            $"http://{host}:{server.HttpPort(tls: false)}{path}",
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var message = new HttpRequestMessage(HttpMethod.Get, address);
        request?.Invoke(message);
        return await client.SendAsync(message, Cancellation);
    }
}
