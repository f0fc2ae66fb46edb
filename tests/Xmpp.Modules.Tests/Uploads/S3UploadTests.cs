using System.Net;
using Xmpp.Server.Hosting;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Uploads;

/// <summary>A whole server that keeps uploads in an S3 store, from slot to account removal.</summary>
public sealed class S3UploadTests : IAsyncLifetime
{
    private readonly S3Server _store = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _store.StartAsync();

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_file_is_uploaded_had_in_parts_and_gone_with_its_account()
    {
        await using var server = await StartServerAsync();
        using var romeo = await Uploader.LoginAsync(server);
        using var juliet = await Uploader.LoginAsync(server, "juliet");
        var content = Uploader.Bytes(300_000);
        var url = await romeo.UploadAsync(content);
        var other = await juliet.UploadAsync(Uploader.Bytes(10));

        using var whole = await juliet.GetAsync(url);
        Assert.Equal((HttpStatusCode.OK, "image/jpeg"), (whole.StatusCode, whole.Content.Headers.ContentType?.ToString()));
        Assert.Contains("default-src 'none'", whole.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal(content, await whole.Content.ReadAsByteArrayAsync(Cancellation));
        using var part = await juliet.GetAsync(url, ("Range", "bytes=70000-70099"));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(content[70_000..70_100], await part.Content.ReadAsByteArrayAsync(Cancellation));
        using var head = await juliet.SendAsync(HttpMethod.Head, url);
        Assert.Equal((HttpStatusCode.OK, 300_000), (head.StatusCode, head.Content.Headers.ContentLength));
        Assert.Equal(2, _store.Objects.Count());

        await server.Server.Context.Accounts.RemoveAsync(romeo.Client.Jid.Bare, except: null, Cancellation);

        Assert.Equal(HttpStatusCode.NotFound, (await juliet.GetAsync(url)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await juliet.GetAsync(other)).StatusCode);
        Assert.Single(_store.Objects);
        Assert.True(await server.Server.Context.Uploads.RemoveAsync((await Uploader.FilesAsync(server)).Single(), Cancellation));
        Assert.Empty(_store.Objects);
        Assert.Equal(0, (await server.Server.Context.Uploads.CountAsync(null, Cancellation)).Bytes);
    }

    [Fact]
    public async Task While_the_store_is_away_nothing_is_lost()
    {
        await using var server = await StartServerAsync();
        using var romeo = await Uploader.LoginAsync(server);
        var url = await romeo.UploadAsync(Uploader.Bytes(1000));
        var (put, get) = await romeo.GetSlotAsync(1000, "a.jpg");
        await _store.StopAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await romeo.GetAsync(url)).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await romeo.PutAsync(put, Uploader.Bytes(1000))).StatusCode);
        // Chatting goes on.
        await romeo.Client.SendAsync("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
        Assert.Equal("result", (await romeo.Client.ReadAsync())["type"]);

        await _store.StartAsync();
        Assert.Equal(Uploader.Bytes(1000), await (await romeo.GetAsync(url)).Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal(HttpStatusCode.NotFound, (await romeo.GetAsync(get)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await romeo.PutAsync(put, Uploader.Bytes(1000))).StatusCode);
        Assert.Equal(2, _store.Objects.Count());
    }

    [Fact]
    public async Task A_server_starts_without_its_store_and_finds_what_was_there_once_it_is_back()
    {
        await using var server = await StartServerAsync();
        string path;
        using (var romeo = await Uploader.LoginAsync(server))
            path = new Uri(await romeo.UploadAsync(Uploader.Bytes(1000))).PathAndQuery;
        await _store.StopAsync();

        await server.RestartAsync(isKilled: true);

        using var again = await Uploader.LoginAsync(server);
        var url = $"http://localhost:{server.HttpPort(tls: false)}{path}";
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await again.GetAsync(url)).StatusCode);
        await _store.StartAsync();
        Assert.Equal(Uploader.Bytes(1000), await (await again.GetAsync(url)).Content.ReadAsByteArrayAsync(Cancellation));
    }

    private Task<TestServer> StartServerAsync() => TestServer.StartAsync(options => options with
    {
        Limits = options.Limits with { KeepAliveInterval = TimeSpan.FromDays(365) },
        Http = options.Http with
        {
            Listeners = [new() { Address = IPAddress.Loopback, Port = 0, Tls = false }],
            UploadStore = "s3",
            S3 = new() { Endpoint = _store.Endpoint, Bucket = S3Server.Bucket, AccessKey = S3Server.Key, SecretKey = S3Server.Key },
        },
        StreamManagement = options.StreamManagement with
        {
            Journal = new JournalOptions { File = Path.Combine(options.Tls.Certificates, "sessions.journal"), Bytes = 32 * 1024 * 1024 },
        },
    });
}
