using System.Net;
using System.Net.Sockets;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Uploads;

/// <summary>HTTP File Upload (XEP-0363).</summary>
public sealed class UploadTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_service_is_found_and_says_what_it_takes()
    {
        await using var server = await Uploader.StartServerAsync(options => options with { FileBytes = 5_242_880 });
        using var romeo = await Uploader.LoginAsync(server);

        await romeo.Client.SendAsync($"<iq type='get' id='1' to='localhost'><query xmlns='{Namespaces.DiscoItems}'/></iq>");
        Assert.Contains("upload.localhost", (await romeo.Client.ReadAsync()).ToString(), StringComparison.Ordinal);

        await romeo.Client.SendAsync($"<iq type='get' id='2' to='upload.localhost'><query xmlns='{Namespaces.DiscoInfo}'/></iq>");
        var info = (await romeo.Client.ReadAsync()).Child(Namespaces.DiscoInfo, "query")!;
        var identity = info.Child(Namespaces.DiscoInfo, "identity")!;
        Assert.Equal(("store", "file"), (identity["category"], identity["type"]));
        var features = info.Elements.Where(child => child.Name.Local == "feature").Select(feature => feature["var"]).ToList();
        Assert.Superset(
            new HashSet<string?>
            {
                Uploader.Ns, $"{Uploader.PurposeNs}#message", $"{Uploader.PurposeNs}#profile", $"{Uploader.PurposeNs}#ephemeral",
                $"{Uploader.PurposeNs}#permanent",
            },
            features.ToHashSet());
        var form = DataForm.Parse(info.Child(Namespaces.DataForms, "x"))!;
        Assert.Equal(Uploader.Ns, form.FormType);
        Assert.Equal("5242880", form.Field("max-file-size")!.Values.Single());
    }

    [Fact]
    public async Task What_is_uploaded_can_be_downloaded_by_whoever_knows_where()
    {
        await using var server = await Uploader.StartServerAsync();
        using var romeo = await Uploader.LoginAsync(server);
        var content = Uploader.Bytes(23_456);

        var (put, get) = await romeo.GetSlotAsync(content.Length, "très cool.jpg", "image/jpeg");
        Assert.Matches($"^https?://localhost:{server.HttpPort(tls: false)}/upload/[0-9a-f]{{32}}/tr%C3%A8s%20cool\\.jpg$", get);
        Assert.Equal(HttpStatusCode.NotFound, (await romeo.GetAsync(get)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await romeo.PutAsync(put, content, "image/jpeg")).StatusCode);

        var response = await romeo.GetAsync(get);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(content, await response.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal("image/jpeg", response.Content.Headers.ContentType!.ToString());
        Assert.Equal("inline; filename*=UTF-8''tr%C3%A8s%20cool.jpg", response.Content.Headers.GetValues("Content-Disposition").Single());
        Assert.Equal("default-src 'none'; frame-ancestors 'none'; sandbox", response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());

        var head = await romeo.SendAsync(HttpMethod.Head, get);
        Assert.Equal((HttpStatusCode.OK, content.Length), (head.StatusCode, head.Content.Headers.ContentLength));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal(HttpStatusCode.NoContent, (await romeo.SendAsync(HttpMethod.Options, get)).StatusCode);
    }

    [Fact]
    public async Task A_slot_is_for_what_was_asked_for_and_for_once()
    {
        await using var server = await Uploader.StartServerAsync();
        using var romeo = await Uploader.LoginAsync(server);
        var content = Uploader.Bytes(100);
        var (put, _) = await romeo.GetSlotAsync(100, "a.png", "image/png");
        var (other, _) = await romeo.GetSlotAsync(100, "b.png", "image/png");
        var (path, slot) = (put[..put.IndexOf('?')], put[(put.IndexOf('=') + 1)..]);

        // Forged.
        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync(path));
        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync($"{path}?slot="));
        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync($"{path}?slot={slot[..^1]}{(slot[^1] == 'A' ? 'B' : 'A')}"));
        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync($"{path}?slot={Convert.ToHexString(Encoding.ASCII.GetBytes(slot))}.AAAA"));
        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync($"{path}?slot=!!.!!"));
        // For something else.
        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync(other[..other.IndexOf('?')] + "?slot=" + slot));
        Assert.Equal(HttpStatusCode.Forbidden, await PutAsync(put.Replace("a.png", "a.svg", StringComparison.Ordinal)));
        // Not what was asked for.
        Assert.Equal(HttpStatusCode.BadRequest, (await romeo.PutAsync(put, Uploader.Bytes(99), "image/png")).StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await romeo.PutAsync(put, Uploader.Bytes(101), "image/png")).StatusCode);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await romeo.PutAsync(put, content, "text/html")).StatusCode);
        Assert.Empty(await Uploader.FilesAsync(server));

        Assert.Equal(HttpStatusCode.Created, (await romeo.PutAsync(put, content, "image/png")).StatusCode);
        // Again.
        Assert.Equal(HttpStatusCode.Conflict, (await romeo.PutAsync(put, content, "image/png")).StatusCode);
        // Late.
        server.Time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(HttpStatusCode.Forbidden, (await romeo.PutAsync(other, content, "image/png")).StatusCode);
        Assert.Single(await Uploader.FilesAsync(server));

        async Task<HttpStatusCode> PutAsync(string url) => (await romeo.PutAsync(url, content, "image/png")).StatusCode;
    }

    [Fact]
    public async Task The_length_has_to_be_said()
    {
        await using var server = await Uploader.StartServerAsync();
        using var romeo = await Uploader.LoginAsync(server);
        using var http = TestServer.CreateHttpClient();
        var (put, _) = await romeo.GetSlotAsync(3);
        using var request = new HttpRequestMessage(HttpMethod.Put, put) { Content = new StreamContent(new Endless()) };
        request.Headers.TransferEncodingChunked = true;

        Assert.Equal(HttpStatusCode.LengthRequired, (await http.SendAsync(request, Cancellation)).StatusCode);
    }

    [Theory]
    [InlineData("size='1'")]
    [InlineData("filename='' size='1'")]
    [InlineData("filename='a'")]
    [InlineData("filename='a' size='0'")]
    [InlineData("filename='a' size='-1'")]
    [InlineData("filename='a' size='many'")]
    [InlineData("filename='a' size='99999999999999999999'")]
    [InlineData("filename='a' size='1' content-type='image'")]
    [InlineData("filename='a' size='1' content-type='text/html&#13;&#10;X: y'")]
    public async Task A_request_that_says_too_little_or_too_much_is_refused(string attributes)
    {
        await using var server = await Uploader.StartServerAsync();
        using var romeo = await Uploader.LoginAsync(server);

        Assert.Equal(StanzaErrorCondition.BadRequest, StanzaError.Parse(await romeo.AskAsync(attributes))!.Condition);
    }

    [Fact]
    public async Task A_file_that_is_too_large_is_refused_with_the_size_that_is_not()
    {
        await using var server = await Uploader.StartServerAsync(options => options with { FileBytes = 20_000, ProfileFileBytes = 10_000 });
        using var romeo = await Uploader.LoginAsync(server);

        await romeo.AskAsync("filename='a' size='20000'");
        foreach (var (purpose, largest) in new[] { ("", 20_000), ($"<profile xmlns='{Uploader.PurposeNs}'/>", 10_000) })
        {
            var error = StanzaError.Parse(await romeo.AskAsync($"filename='a' size='{largest + 1}'", purpose))!;
            Assert.Equal((StanzaErrorCondition.NotAcceptable, StanzaErrorType.Modify), (error.Condition, error.Type));
            Assert.Equal(new XmlName(Uploader.Ns, "file-too-large"), error.Application!.Name);
            Assert.Equal($"{largest}", error.Application.Child(Uploader.Ns, "max-file-size")!.Text);
        }
    }

    [Fact]
    public async Task Only_users_of_the_host_get_slots()
    {
        await using var server = await TestServer.StartAsync(options => options with
        {
            Hosts = ["localhost", "other.example"],
            Http = options.Http with { Listeners = [new() { Address = IPAddress.Loopback, Port = 0, Tls = false }] },
        });
        using var romeo = await Uploader.LoginAsync(server, "romeo@other.example");

        Assert.Equal(StanzaErrorCondition.Forbidden, StanzaError.Parse(await romeo.AskAsync("filename='a' size='1'"))!.Condition);
    }

    [Fact]
    public async Task Without_HTTP_there_is_no_service()
    {
        await using var server = await TestServer.StartAsync();
        var romeo = await server.ConnectAsync("romeo");

        await romeo.SendAsync($"<iq type='get' id='1' to='localhost'><query xmlns='{Namespaces.DiscoItems}'/></iq>");

        Assert.DoesNotContain("upload", (await romeo.ReadAsync()).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bytes=0-9", 206, "bytes 0-9/100", 0, 10)]
    [InlineData("bytes=90-", 206, "bytes 90-99/100", 90, 10)]
    [InlineData("bytes=95-200", 206, "bytes 95-99/100", 95, 5)]
    [InlineData("bytes=-5", 206, "bytes 95-99/100", 95, 5)]
    [InlineData("bytes=-500", 206, "bytes 0-99/100", 0, 100)]
    [InlineData("bytes=100-", 416, "bytes */100", 0, 0)]
    [InlineData("bytes=-0", 416, "bytes */100", 0, 0)]
    // What need not be heeded.
    [InlineData("bytes=0-1,5-6", 200, null, 0, 100)]
    [InlineData("bytes=9-1", 200, null, 0, 100)]
    [InlineData("bytes=-", 200, null, 0, 100)]
    [InlineData("lines=0-1", 200, null, 0, 100)]
    [InlineData("bytes=+1-2", 200, null, 0, 100)]
    public async Task Parts_can_be_had(string range, int status, string? contentRange, int start, int length)
    {
        await using var server = await Uploader.StartServerAsync();
        using var romeo = await Uploader.LoginAsync(server);
        var content = Uploader.Bytes(100);
        var url = await romeo.UploadAsync(content);

        var response = await romeo.GetAsync(url, ("Range", range));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(contentRange, response.Content.Headers.ContentRange?.ToString());
        if (status != 416)
            Assert.Equal(content[start..(start + length)], await response.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task Requests_can_be_conditional()
    {
        await using var server = await Uploader.StartServerAsync();
        using var romeo = await Uploader.LoginAsync(server);
        var url = await romeo.UploadAsync(Uploader.Bytes(100));
        var whole = await romeo.GetAsync(url);
        var (tag, modified) = (whole.Headers.ETag!.ToString(), whole.Content.Headers.LastModified!.Value);
        var (before, after) = (modified.AddSeconds(-1).ToString("R"), modified.ToString("R"));

        Assert.Equal(304, await StatusAsync(("If-None-Match", tag)));
        Assert.Equal(304, await StatusAsync(("If-None-Match", $"\"x\", W/{tag}")));
        Assert.Equal(304, await StatusAsync(("If-None-Match", "*")));
        Assert.Equal(200, await StatusAsync(("If-None-Match", "\"x\"")));
        Assert.Equal(200, await StatusAsync(("If-None-Match", "\"x\""), ("If-Modified-Since", after)));
        Assert.Equal(304, await StatusAsync(("If-Modified-Since", after)));
        Assert.Equal(200, await StatusAsync(("If-Modified-Since", before)));
        Assert.Equal(200, await StatusAsync(("If-Match", tag)));
        Assert.Equal(412, await StatusAsync(("If-Match", "\"x\"")));
        Assert.Equal(412, await StatusAsync(("If-Unmodified-Since", before)));
        Assert.Equal(206, await StatusAsync(("Range", "bytes=0-1"), ("If-Range", tag)));
        Assert.Equal(200, await StatusAsync(("Range", "bytes=0-1"), ("If-Range", "\"x\"")));
        Assert.Equal(206, await StatusAsync(("Range", "bytes=0-1"), ("If-Range", after)));

        async Task<int> StatusAsync(params (string, string)[] headers) => (int)(await romeo.GetAsync(url, headers)).StatusCode;
    }

    [Theory]
    [InlineData("..%2f..%2fxmppchat.db")]
    [InlineData("%2e%2e/%2e%2e/test.db")]
    [InlineData("incoming/x")]
    [InlineData("00000000000000000000000000000000/a.jpg")]
    [InlineData("0000000000000000000000000000000G/a.jpg")]
    [InlineData("")]
    [InlineData("/")]
    public async Task There_is_nothing_but_files(string path)
    {
        await using var server = await Uploader.StartServerAsync();
        using var romeo = await Uploader.LoginAsync(server);
        var url = await romeo.UploadAsync(Uploader.Bytes(3), "a.jpg");

        Assert.Equal(HttpStatusCode.NotFound, (await romeo.GetAsync($"http://localhost:{server.HttpPort(tls: false)}/upload/{path}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await romeo.GetAsync(url + "x")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await romeo.GetAsync(url.Replace("/a.jpg", "", StringComparison.Ordinal))).StatusCode);
    }

    [Fact]
    public async Task What_did_not_come_to_its_end_is_not_there()
    {
        await using var server = await Uploader.StartServerAsync();
        using var romeo = await Uploader.LoginAsync(server);
        var (put, get) = await romeo.GetSlotAsync(100, "a.jpg");
        var id = new Uri(get).Segments[^2].TrimEnd('/');
        using (var cut = new TcpClient())
        {
            await cut.ConnectAsync(IPAddress.Loopback, server.HttpPort(tls: false), Cancellation);
            var uri = new Uri(put);
            await cut.GetStream().WriteAsync(
                Encoding.ASCII.GetBytes($"PUT {uri.PathAndQuery} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n123"), Cancellation);
            await Eventually.UntilAsync(() => server.Server.Context.Uploads.Files.IsComing(id));
            Assert.Equal(HttpStatusCode.NotFound, (await romeo.GetAsync(get)).StatusCode);
            // Meanwhile nobody else uses the slot.
            Assert.Equal(HttpStatusCode.Conflict, (await romeo.PutAsync(put, Uploader.Bytes(100))).StatusCode);
        }
        await Eventually.UntilAsync(() => !server.Server.Context.Uploads.Files.IsComing(id));
        Assert.Empty(await Uploader.FilesAsync(server));

        Assert.Equal(HttpStatusCode.Created, (await romeo.PutAsync(put, Uploader.Bytes(100))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await romeo.GetAsync(get)).StatusCode);
    }

    [Fact]
    public async Task What_the_store_could_not_take_can_be_uploaded_again()
    {
        await using var server = await Uploader.StartServerAsync(options => options with { AccountBytes = 500_000 });
        using var romeo = await Uploader.LoginAsync(server);
        var (put, get) = await romeo.GetSlotAsync(500_000, "a.jpg");
        server.Store.Failure = StanzaErrorCondition.ResourceConstraint;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await romeo.PutAsync(put, Uploader.Bytes(500_000))).StatusCode);

        server.Store.Failure = null;
        Assert.Equal(HttpStatusCode.NotFound, (await romeo.GetAsync(get)).StatusCode);
        Assert.Empty(await Uploader.FilesAsync(server));
        Assert.Equal(HttpStatusCode.Created, (await romeo.PutAsync(put, Uploader.Bytes(500_000))).StatusCode);
        Assert.Equal(Uploader.Bytes(500_000), await (await romeo.GetAsync(get)).Content.ReadAsByteArrayAsync(Cancellation));
    }

    /// <summary>Content without a length.</summary>
    private sealed class Endless : MemoryStream
    {
        public override bool CanSeek => false;
    }
}
