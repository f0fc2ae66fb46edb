using System.Net.WebSockets;
using System.Text;
using System.Xml.Linq;
using Xmpp.Core;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Web;

/// <summary>A client that speaks XMPP over a WebSocket of the framework's.</summary>
internal sealed class WebSocketClient : IDisposable
{
    public const string Framing = "urn:ietf:params:xml:ns:xmpp-framing";

    private readonly ClientWebSocket _socket = new();

    private WebSocketClient()
    {
    }

    public WebSocket Socket => _socket;

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    /// <summary>The full JID, once bound.</summary>
    public Jid Jid { get; private set; } = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<WebSocketClient> ConnectAsync(TestServer server, bool tls = true)
    {
        var client = new WebSocketClient();
        client._socket.Options.AddSubProtocol("xmpp");
        client._socket.Options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        await client._socket.ConnectAsync(
            new Uri($"{(tls ? "wss" : "ws")}://localhost:{server.HttpPort(tls)}/xmpp-websocket"), Cancellation);
        return client;
    }

    /// <summary>A client with a bound resource that hasn't sent presence.</summary>
    public static async Task<WebSocketClient> LoginAsync(TestServer server, string name, string resource, bool tls = true)
    {
        await server.CreateAccountAsync(Jid.Parse($"{name}@localhost"));
        var client = await ConnectAsync(server, tls);
        await client.OpenAsync();
        await client.AuthenticateAsync(name);
        await client.OpenAsync();
        await client.SendAsync(
            $"<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='{Namespaces.Bind}'><resource>{resource}</resource></bind></iq>");
        client.Jid = Jid.Parse((await client.ReadAsync()).Descendants(XName.Get("jid", Namespaces.Bind)).Single().Value);
        return client;
    }

    public Task SendAsync(string xml) => _socket.SendAsync(Encoding.UTF8.GetBytes(xml), WebSocketMessageType.Text, true, Cancellation);

    /// <summary>Opens a stream and gives its features.</summary>
    public async Task<XElement> OpenAsync()
    {
        await SendAsync($"<open xmlns='{Framing}' to='localhost' version='1.0'/>");
        Assert.Equal(XName.Get("open", Framing), (await ReadAsync()).Name);
        return await ReadAsync();
    }

    public async Task AuthenticateAsync(string name)
    {
        var message = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{name}\0{TestServer.Password}"));
        await SendAsync($"<auth xmlns='{Namespaces.Sasl}' mechanism='PLAIN'>{message}</auth>");
        Assert.Equal(XName.Get("success", Namespaces.Sasl), (await ReadAsync()).Name);
    }

    /// <summary>The next message, a document of its own.</summary>
    public async Task<XElement> ReadAsync() =>
        await ReadOrCloseAsync() ?? throw new InvalidOperationException($"The server closed: {_socket.CloseStatus}");

    /// <summary>The next message, or null when the server closes the WebSocket.</summary>
    public async Task<XElement?> ReadOrCloseAsync()
    {
        var message = new MemoryStream();
        var buffer = new byte[4096];
        while (true)
        {
            var part = await _socket.ReceiveAsync(buffer, Cancellation).WaitAsync(TestClient.Patience, Cancellation);
            if (part.MessageType == WebSocketMessageType.Close)
                return null;
            Assert.Equal(WebSocketMessageType.Text, part.MessageType);
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
                return XElement.Parse(Encoding.UTF8.GetString(message.ToArray()));
        }
    }

    /// <summary>Expects the end of the stream, then of the WebSocket.</summary>
    public async Task ExpectCloseAsync()
    {
        Assert.Equal($"<close xmlns=\"{Framing}\" />", (await ReadAsync()).ToString());
        Assert.Null(await ReadOrCloseAsync());
        Assert.Equal(WebSocketCloseStatus.NormalClosure, CloseStatus);
        await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, Cancellation);
    }

    public void Dispose() => _socket.Dispose();
}
