using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Xmpp.Core.Modules;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;
using Xmpp.Server.Web.Framing;

namespace Xmpp.Server.Web;

/// <summary>XMPP over WebSocket (RFC 7395): the handshake, and then a stream as any other.</summary>
/// <param name="serve">Runs a connection to its end.</param>
internal sealed class WebSocketEndpoint(ServerContext server, Func<Connection, Task> serve)
{
    public const string Path = "/xmpp-websocket";

    private const string Subprotocol = "xmpp";

    public HttpRoute Route => new(Path, ["GET"], HandleAsync);

    private async ValueTask HandleAsync(IHttpExchange exchange, CancellationToken cancellationToken)
    {
        var request = (WebRequest)exchange;
        var context = request.Context;
        if (Refusal(context) is var (status, text))
        {
            request.Respond(status);
            request.SetHeader("Content-Type", "text/plain");
            // RFC 6455 §4.4.
            request.SetHeader("Sec-WebSocket-Version", "13");
            await request.Response.WriteAsync(Encoding.ASCII.GetBytes(text + "\n"), cancellationToken);
            return;
        }
        request.SetHeader("Sec-WebSocket-Accept", AcceptOf(context.Request.Headers.SecWebSocketKey.ToString()));
        request.SetHeader("Sec-WebSocket-Protocol", Subprotocol);
        // RFC 6455 §4.2.2: in any case.
        request.SetHeader("Upgrade", "websocket");
        // How slowly a client may read is for the stream to say.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        var upgraded = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        await RunAsync(new WebSocketConnection(
            upgraded, context.Abort, new IPEndPoint(request.Client, request.IsForwarded ? 0 : context.Connection.RemotePort),
            request.Tls, StreamsOverHttp.ConnectionOptions(server)));
    }

    private async Task RunAsync(WebSocketConnection connection)
    {
        var received = connection.ReceiveAllAsync();
        await serve(connection);
        await received;
        await connection.Drained;
        connection.Finish();
    }

    /// <summary>What keeps a request from becoming a WebSocket for XMPP, or null.</summary>
    private static (int Status, string Text)? Refusal(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true }
            || !headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase))
        {
            return (StatusCodes.Status426UpgradeRequired, "This is for XMPP over WebSocket (RFC 7395).");
        }
        if (headers.SecWebSocketVersion != "13")
            return (StatusCodes.Status426UpgradeRequired, "The version of WebSocket is 13 (RFC 6455).");
        Span<byte> key = stackalloc byte[18];
        if (!Convert.TryFromBase64String(headers.SecWebSocketKey.ToString(), key, out var length) || length != 16)
            return (StatusCodes.Status400BadRequest, "Sec-WebSocket-Key is 16 bytes in Base64 (RFC 6455).");
        // RFC 7395 §3.1.
        return headers.GetCommaSeparatedValues("Sec-WebSocket-Protocol").Contains(Subprotocol)
            ? null
            : (StatusCodes.Status400BadRequest, "The subprotocol is \"xmpp\" (RFC 7395).");
    }

    /// <summary>RFC 6455 §4.2.2.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "The protocol has no other.")]
    private static string AcceptOf(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
}
