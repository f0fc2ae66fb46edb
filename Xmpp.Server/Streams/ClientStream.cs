using System.Buffers;
using System.Net;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;
using Xmpp.Server.Transport;
using Xmpp.Server.Web.Framing;

namespace Xmpp.Server.Streams;

/// <summary>
/// The XML stream of one client connection. One loop reads, frames and handles what comes, one element at a time, in
/// order; everyone may send. Negotiation is <see cref="StreamNegotiator"/>'s and gone once a resource is bound.
/// </summary>
internal sealed partial class ClientStream : IServerStream
{
    private readonly ServerContext _server;
    private readonly Connection _connection;
    private StreamNegotiator? _negotiator;
    private StreamScope? _scope;
    private TokenBucket _rate;

    // Only while a part of a stanza is waiting for the rest, or a stanza for its handler.
    private StanzaFramer? _framer;

    private readonly int _startedAt;
    private int _lastInputAt;
    private bool _isPinged;
    private bool _isRestarting;
    private int _hasEnded;
    private TaskCompletionSource? _loopEnded;

    public ClientStream(ServerContext server, Connection connection, ListenerTls tls)
    {
        _server = server;
        _connection = connection;
        _negotiator = new StreamNegotiator(server, this, tls);
        _startedAt = _lastInputAt = server.Clock.Seconds;
    }

    public Connection Connection => _connection;

    public bool HasEnded => Volatile.Read(ref _hasEnded) != 0;

    /// <summary>Completes when nothing that came on this stream is being handled any more.</summary>
    public Task LoopEnded
    {
        get
        {
            // Few ask.
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return (Interlocked.CompareExchange(ref _loopEnded, ended, null) ?? ended).Task;
        }
    }

    private bool IsTlsNext => _negotiator is { IsTlsNext: true };

    /// <summary>Null until a resource is bound, or a session resumed.</summary>
    public ClientSession? Session { get; private set; }

    private static TaskCompletionSource AlreadyEnded { get; } = CreateEnded();

    /// <summary>Runs the stream to its end. Doesn't throw.</summary>
    public async Task RunAsync()
    {
        try
        {
            await ReadToEndAsync();
        }
        catch (StreamErrorException error)
        {
            LogStreamError(_server.StreamLogger, _connection.RemoteEndPoint, Session?.Jid, error.Error.Condition, error.Error.Text);
            End(error.Error);
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            // TLS did not come about; the connection is closed.
            LogNoTls(_server.StreamLogger, _connection.RemoteEndPoint, failure.Message);
        }
        catch (OperationCanceledException)
        {
            End(new StreamError(StreamErrorCondition.SystemShutdown));
        }
        catch (Exception bug)
        {
            LogBug(_server.StreamLogger, bug, _connection.RemoteEndPoint, Session?.Jid);
            End(new StreamError(StreamErrorCondition.InternalServerError));
        }
        finally
        {
            // Another thread that ends the stream may not have said its last words yet; it closes the connection after them.
            var isLost = Interlocked.Exchange(ref _hasEnded, 1) == 0;
            if (isLost)
                _connection.Close();
            LogEnded(_server.StreamLogger, _connection.RemoteEndPoint, Session?.Jid, _connection.AbortReason);
            Interlocked.CompareExchange(ref _loopEnded, AlreadyEnded, null)?.TrySetResult();
            if (Session is { } session && session.Lose(this, isLost) == StreamLoss.Over)
                await _server.EndSessionAsync(session);
        }
    }

    /// <summary>Queues bytes; the client gets them with the batch that is being handled, or at once.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (_connection.Write(bytes))
            OutputBatch.MarkDirty(_connection);
    }

    public void Send(Element element)
    {
        var output = Scratch.Rent();
        XmlStreamWriter.Write(output, element, Namespaces.Client);
        Send(output.WrittenSpan);
    }

    /// <summary>Ends the stream from this side, with an error or without; from any thread, once.</summary>
    public void End(StreamError? error)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) != 0)
            return;
        try
        {
            // RFC 6120 §4.9.1.2: whoever is refused before it got a header gets one first.
            _negotiator?.EnsureHeaderSent();
            var output = Scratch.Rent();
            if (error is not null)
                XmlStreamWriter.Write(output, error.ToElement(), Namespaces.Client);
            output.Write(StreamParts.StreamEnd);
            Send(output.WrittenSpan);
        }
        finally
        {
            _connection.Close();
        }
    }

    /// <summary>What the passing of time asks for; called about once a second.</summary>
    public void Tick()
    {
        var limits = _server.Current.Options.Limits;
        var now = _server.Clock.Seconds;
        if (Session is not { } session)
        {
            if (now - _startedAt <= (limits.NegotiationTimeout + (_negotiator?.ExtraTime ?? TimeSpan.Zero)).TotalSeconds)
                return;
            // In the middle of a TLS handshake nothing can be said.
            if (IsTlsNext)
                _connection.Abort("negotiation took too long");
            else
                End(new StreamError(StreamErrorCondition.ConnectionTimeout, "Negotiation took too long."));
            return;
        }
        var silence = now - _lastInputAt;
        if (silence > (limits.KeepAliveInterval + limits.KeepAliveTimeout).TotalSeconds)
        {
            _connection.Abort("the client no longer answers");
        }
        else if (silence > limits.KeepAliveInterval.TotalSeconds && !_isPinged)
        {
            // XEP-0199 §4.1: every client has to answer, be it with an error.
            _isPinged = true;
            session.Send(new Element(Namespaces.Client, "iq",
                Element.Attr("type", "get"),
                Element.Attr("id", "keep-alive"),
                Element.Attr("from", session.Jid.Domain),
                Element.Attr("to", session.Jid.ToString()),
                new Element("urn:xmpp:ping", "ping")));
        }
        session.AskForAcknowledgement();
    }

    /// <summary>The next element starts a new stream on the same connection (RFC 6120 §4.3.3).</summary>
    internal void Restart() => _isRestarting = true;

    /// <summary>From now on stanzas are routed.</summary>
    internal void Bind(ClientSession session)
    {
        Session = session;
        session.NoteActivity();
        session.NoteHeard();
        _negotiator = null;
    }

    private async Task ReadToEndAsync()
    {
        if (IsTlsNext)
            await _negotiator!.StartTlsAsync();
        _rate = new TokenBucket(_server.Time);
        while (true)
        {
            var input = await _connection.ReadAsync();
            if (input.IsEmpty)
                return;
            (_lastInputAt, _isPinged) = (_server.Clock.Seconds, false);
            Session?.NoteHeard();

            var consumed = 0;
            var isMore = true;
            while (isMore)
            {
                ValueTask pending;
                using (OutputBatch.Begin())
                    pending = HandleAvailable(input, ref consumed, out isMore);
                await pending;
            }
            if (_hasEnded != 0)
                return;

            if (IsTlsNext)
                consumed = SkipBehindStartTls(input.Span, consumed);
            _connection.Advance(consumed);
            if (IsTlsNext)
                await _negotiator!.StartTlsAsync();

            var limits = _server.Current.Options.Limits;
            var wait = _rate.Take(consumed, limits.SessionBytesPerSecond, limits.SessionBurstBytes, _server.Time);
            if (wait > TimeSpan.Zero)
                await _server.Streams.SlowDownAsync(this, wait);
        }
    }

    /// <summary>Handles frames until there is no whole one left, or one whose handler takes its time.</summary>
    /// <param name="isMore">Whether to come back when the returned task has completed.</param>
    private ValueTask HandleAvailable(ReadOnlyMemory<byte> input, ref int consumed, out bool isMore)
    {
        isMore = false;
        if (_framer is not { } framer)
        {
            framer = FramerPool.Rent();
            Begin(framer);
        }
        _framer = null;
        framer.Limits = _negotiator is { Phase: < NegotiationPhase.Authenticated }
            ? _server.Current.UnauthenticatedLimits
            : _server.Current.AuthenticatedLimits;
        while (consumed < input.Length && _hasEnded == 0 && !IsTlsNext)
        {
            var kind = framer.Read(input[consumed..], out var length);
            consumed += length;
            ValueTask handled;
            switch (kind)
            {
                case FrameKind.NeedMore when _connection.HasWholeElements:
                    // RFC 7395 §3.3.2; §3.3.3: "parsable as standalone XML documents".
                    throw FramedHeaders.IsWrong(input.Span[consumed..])
                        ? new StreamErrorException(StreamErrorCondition.InvalidNamespace)
                        : new StreamErrorException(StreamErrorCondition.NotWellFormed, "The element has no end.");
                case FrameKind.NeedMore:
                    _framer = framer;
                    return default;
                case FrameKind.Error:
                    throw new StreamErrorException(framer.Error!);
                case FrameKind.StreamClose:
                    // Once the client has our closing tag it expects nothing more: what comes later is for others, or waits.
                    Session?.Leave();
                    End(null);
                    continue;
                case FrameKind.StreamOpen:
                    _negotiator!.Open(framer.Header);
                    continue;
                case FrameKind.Stanza:
                    handled = HandleAsync(framer.Stanza);
                    break;
                case FrameKind.Whitespace when _negotiator is { IsOpen: false } && input.Span[consumed - length] != '<':
                    // Some clients end each element with a line feed: what is behind the last one of the stream before
                    // doesn't count as the beginning of this one.
                    framer.Begin(null);
                    continue;
                default:
                    continue;
            }
            if (!handled.IsCompletedSuccessfully)
            {
                isMore = true;
                return FinishAsync(handled, framer);
            }
            if (_isRestarting)
                Begin(framer);
        }
        Rest(framer);
        return default;
    }

    private ValueTask HandleAsync(StanzaView stanza)
    {
        if (Session is not { } session)
            return _negotiator!.HandleAsync(stanza.ToElement(), _server.Stopping);
        if (StreamManagementElements.IsOne(stanza))
        {
            StreamManagementElements.Handle(_server, session, this, stanza);
            return default;
        }
        if (ClientState.IsOne(stanza))
        {
            ClientState.Handle(session, stanza);
            return default;
        }
        var routed = _server.Router.RouteAsync(session, stanza, _server.Stopping);
        if (!routed.IsCompletedSuccessfully)
            return FinishAsync(routed, session);
        if (session.Management is not null)
            session.CountHandled();
        return session.WaitForRoomAsync();
    }

    private static async ValueTask FinishAsync(ValueTask routed, ClientSession session)
    {
        await routed;
        if (session.Management is not null)
            session.CountHandled();
        await session.WaitForRoomAsync();
    }

    /// <summary>
    /// RFC 6120 §5.4.3.3: nothing sent in clear behind <c>&lt;starttls/&gt;</c> may count as protected. White space there is
    /// forbidden too (§5.3.3), but go-xmpp's line feed does no harm when it is thrown away.
    /// </summary>
    private static int SkipBehindStartTls(ReadOnlySpan<byte> input, int consumed) =>
        input[consumed..].ContainsAnyExcept(" \t\r\n"u8)
            ? throw new StreamErrorException(StreamErrorCondition.PolicyViolation, "Data behind <starttls/>.")
            : input.Length;

    /// <summary>The framer stays with the stanza that it describes until that is handled.</summary>
    private async ValueTask FinishAsync(ValueTask handled, StanzaFramer framer)
    {
        await handled;
        Rest(framer);
    }

    private static TaskCompletionSource CreateEnded()
    {
        var ended = new TaskCompletionSource();
        ended.SetResult();
        return ended;
    }

    private void Begin(StanzaFramer framer)
    {
        framer.Begin(_isRestarting ? null : _scope);
        _isRestarting = false;
    }

    /// <summary>Between two stanzas the stream keeps its scope, and the framer serves others.</summary>
    private void Rest(StanzaFramer framer)
    {
        _scope = framer.Scope;
        FramerPool.Return(framer);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream of {Address} ({Jid}) ended with {Condition}: {Text}")]
    private static partial void LogStreamError(
        ILogger logger, IPEndPoint address, Jid? jid, StreamErrorCondition condition, string? text);

    [LoggerMessage(Level = LogLevel.Information, Message = "No TLS with {Address}: {Reason}")]
    private static partial void LogNoTls(ILogger logger, IPEndPoint address, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream of {Address} ({Jid}) failed")]
    private static partial void LogBug(ILogger logger, Exception bug, IPEndPoint address, Jid? jid);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Connection from {Address} ({Jid}) ended: {Reason}")]
    private static partial void LogEnded(ILogger logger, IPEndPoint address, Jid? jid, string? reason);
}
