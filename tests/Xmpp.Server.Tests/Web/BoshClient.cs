using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Xmpp.Core;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Web;

/// <summary>A client that speaks XMPP over BOSH, request by request.</summary>
internal sealed class BoshClient(TestServer server) : IDisposable
{
    public static readonly XNamespace Ns = "http://jabber.org/protocol/httpbind";

    private readonly HttpClient _http = TestServer.CreateHttpClient();

    public long Rid { get; set; } = 1_573_741_820;

    public string? Sid { get; private set; }

    public string ExpectedType { get; init; } = "text/xml; charset=utf-8";

    public Jid Jid { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Creates a session, and gives what it is answered with.</summary>
    public async Task<XElement> CreateAsync(string attributes = "hold='1' wait='60'")
    {
        var answer = await PostAsync(
            $"<body rid='{Rid++}' to='localhost' ver='1.6' {attributes} xmlns='{Ns}' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'/>");
        Sid = (string?)answer.Attribute("sid");
        return answer;
    }

    /// <summary>A client with a bound resource.</summary>
    public static async Task<BoshClient> LoginAsync(TestServer server, string name, string resource, string attributes = "hold='1' wait='60'")
    {
        await server.CreateAccountAsync(Jid.Parse($"{name}@localhost"));
        var client = new BoshClient(server);
        await client.CreateAsync(attributes);
        await client.AuthenticateAsync(name);
        var bound = await client.SendAsync(
            $"<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='{Namespaces.Bind}'><resource>{resource}</resource></bind></iq>");
        client.Jid = Jid.Parse(bound.Descendants(XName.Get("jid", Namespaces.Bind)).Single().Value);
        return client;
    }

    /// <summary>Logs in, and begins the stream anew (XEP-0206 §5).</summary>
    /// <param name="early">What it sends along with the restart.</param>
    public async Task AuthenticateAsync(string name, string early = "")
    {
        var message = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{name}\0{TestServer.Password}"));
        var success = await SendAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='PLAIN'>{message}</auth>");
        Assert.Equal(XName.Get("success", Namespaces.Sasl), success.Elements().Single().Name);
        var features = await SendAsync(early, "to='localhost' xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'");
        Assert.Equal(XName.Get("features", Namespaces.Stream), features.Elements().Single().Name);
    }

    /// <summary>Makes the next request, and gives what it is answered with.</summary>
    public Task<XElement> SendAsync(string payload = "", string attributes = "") =>
        PostAsync($"<body rid='{(Rid++).ToString(CultureInfo.InvariantCulture)}' sid='{Sid}' {attributes} xmlns='{Ns}'>{payload}</body>");

    public async Task<XElement> PostAsync(string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "text/xml");
        using var response = await _http.PostAsync($"https://localhost:{server.HttpPort(tls: true)}/http-bind", content, Cancellation);
        response.EnsureSuccessStatusCode();
        Assert.Equal(ExpectedType, response.Content.Headers.ContentType!.ToString());
        var answer = XElement.Parse(await response.Content.ReadAsStringAsync(Cancellation));
        Assert.Equal(Ns + "body", answer.Name);
        return answer;
    }

    public void Dispose() => _http.Dispose();
}
