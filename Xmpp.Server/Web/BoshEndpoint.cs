using System.Collections.Concurrent;
using System.Net;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;
using Xmpp.Server.Web.Framing;

namespace Xmpp.Server.Web;

/// <summary>How XMPP goes over BOSH.</summary>
public sealed record BoshOptions
{
    /// <summary>How long a request may be held.</summary>
    [Duration("1s", "10m")]
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a client may be without a request before it is gone.</summary>
    [Duration("5s", "10m")]
    public TimeSpan Inactivity { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long it may ask to be away.</summary>
    [Duration("0s", "1h")]
    public TimeSpan Pause { get; init; } = TimeSpan.FromMinutes(2);
}

/// <summary>XMPP over BOSH (XEP-0124, XEP-0206): takes requests to their sessions, each of which is a stream as any other.</summary>
/// <param name="serve">Runs a connection to its end.</param>
[Xep(124, "1.11.2")]
[Xep(206, "1.4")]
internal sealed class BoshEndpoint(ServerContext server, Func<Connection, Task> serve)
{
    public const string Path = "/http-bind";

    private readonly ConcurrentDictionary<string, BoshConnection> _sessions = new();

    public HttpRoute Route => new(Path, ["POST"], HandleAsync) { IsForAnyOrigin = true, AllowedHeaders = ["Content-Type"] };

    public void Tick()
    {
        foreach (var (_, session) in _sessions)
            session.Tick();
    }

    private async ValueTask HandleAsync(IHttpExchange exchange, CancellationToken cancellationToken)
    {
        var request = (WebRequest)exchange;
        var limits = server.Current.Options.Limits;
        // Several stanzas may be in one request.
        request.AllowContent(2L * limits.StanzaBytes);
        using var content = new MemoryStream();
        await request.Content.CopyToAsync(content, cancellationToken);
        var body = BoshBody.Parse(
            content.GetBuffer().AsMemory(0, (int)content.Length),
            new FramerLimits(2 * limits.StanzaBytes, Math.Min(limits.Depth + 1, FramerLimits.DepthBound), limits.Attributes));
        var (contentType, answer) = await AnswerAsync(request, body);
        request.SetHeader("Content-Type", contentType);
        request.SetHeader("Cache-Control", "no-store");
        // Whatever type the client wants it to be, it is no page.
        request.SetHeader("Content-Security-Policy", "default-src 'none'; sandbox");
        request.SetHeader("Content-Length", $"{answer.Length}");
        await request.Response.WriteAsync(answer, cancellationToken);
    }

    private async Task<(string ContentType, byte[] Body)> AnswerAsync(WebRequest request, BoshBody? body)
    {
        if (body is null)
            return (BoshBody.DefaultContentType, BoshBody.Terminate(BoshCondition.BadRequest));
        if (SessionOf(request, body) is not { } session)
            return (BoshBody.DefaultContentType, BoshBody.Terminate(BoshCondition.ItemNotFound));
        return (session.ContentType, await session.SubmitAsync(body));
    }

    /// <summary>The session that a request names, or begins; null when it names one that is not there.</summary>
    private BoshConnection? SessionOf(WebRequest request, BoshBody body)
    {
        if (body.Sid is { } sid)
            return _sessions.GetValueOrDefault(sid);
        var session = new BoshConnection(
            body, TermsOf(body), () => server.Clock.Seconds, new IPEndPoint(request.Client, 0), request.Tls,
            StreamsOverHttp.ConnectionOptions(server));
        _sessions[session.Sid] = session;
        _ = RunAsync(session);
        return session;
    }

    private async Task RunAsync(BoshConnection session)
    {
        await serve(session);
        await session.Closed;
        _sessions.TryRemove(session.Sid, out _);
        session.Finish();
    }

    /// <summary>§7.2: no more than the client asks for.</summary>
    private BoshTerms TermsOf(BoshBody creation)
    {
        var options = server.Current.Options.Http.Bosh;
        return new BoshTerms(
            Math.Min(creation.Number("wait") ?? int.MaxValue, (int)options.Wait.TotalSeconds),
            Math.Min(creation.Number("hold") ?? 1, 1),
            (int)options.Inactivity.TotalSeconds,
            (int)options.Pause.TotalSeconds);
    }
}
