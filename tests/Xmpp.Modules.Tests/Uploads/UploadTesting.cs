using System.Net;
using System.Net.Http.Headers;
using Xmpp.Core.Xml;
using Xmpp.Modules.Uploads;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Modules.Tests.Uploads;

/// <summary>Somebody who uploads files.</summary>
internal sealed class Uploader(TestClient client, HttpClient http) : IDisposable
{
    public const string Ns = "urn:xmpp:http:upload:0";
    public const string PurposeNs = "urn:xmpp:http:upload:purpose:0";

    public TestClient Client => client;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static Task<TestServer> StartServerAsync(Func<UploadOptions, UploadOptions>? configure = null) => TestServer.StartAsync(options => options with
    {
        // Clients needn't say anything while time passes.
        Limits = options.Limits with { KeepAliveInterval = TimeSpan.FromDays(365) },
        Http = options.Http with { Listeners = [new() { Address = IPAddress.Loopback, Port = 0, Tls = false }] },
        Modules = options.Modules with { Uploads = configure?.Invoke(options.Modules.Uploads) ?? options.Modules.Uploads },
    });

    public static async Task<Uploader> LoginAsync(TestServer server, string name = "romeo") =>
        new(await server.ConnectAsync(name, "garden"), TestServer.CreateHttpClient());

    /// <summary>Asks for a slot, and gives the answer.</summary>
    /// <param name="attributes">Of the request.</param>
    public async Task<Element> AskAsync(string attributes, string purpose = "")
    {
        await client.SendAsync($"<iq type='get' id='s' to='upload.localhost'><request xmlns='{Ns}' {attributes}>{purpose}</request></iq>");
        return await client.ReadAsync();
    }

    /// <summary>Gets a slot.</summary>
    public async Task<(string Put, string Get)> GetSlotAsync(long size, string name = "très cool.jpg", string? type = null, string purpose = "")
    {
        var answer = await AskAsync($"filename='{name}' size='{size}'{(type is null ? "" : $" content-type='{type}'")}", purpose);
        Assert.Equal("result", answer["type"]);
        var slot = answer.Child(Ns, "slot")!;
        return (slot.Child(Ns, "put")!["url"]!, slot.Child(Ns, "get")!["url"]!);
    }

    /// <summary>Uploads something, and gives its address.</summary>
    public async Task<string> UploadAsync(byte[] content, string name = "a.jpg", string? type = "image/jpeg", string purpose = "")
    {
        var (put, get) = await GetSlotAsync(content.Length, name, type, purpose);
        Assert.Equal(HttpStatusCode.Created, (await PutAsync(put, content, type)).StatusCode);
        return get;
    }

    public async Task<HttpResponseMessage> PutAsync(string url, byte[] content, string? type = null)
    {
        using var body = new ByteArrayContent(content);
        body.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        return await http.PutAsync(url, body, Cancellation);
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string url, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, url);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await http.SendAsync(request, Cancellation);
    }

    public Task<HttpResponseMessage> GetAsync(string url, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, url, headers);

    /// <summary>The ids of all files that are kept, whoever has them.</summary>
    public static async Task<IReadOnlyList<string>> FilesAsync(TestServer server) =>
        await server.Server.Context.Uploads.Files.ListAsync(Cancellation).Select(file => file.Upload.Id).ToListAsync(Cancellation);

    public static byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];

    public void Dispose() => http.Dispose();
}
