using System.Buffers;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Streams;

/// <summary>
/// The stream of a peer that is no client: a component or another server. One loop reads, frames and handles what comes, one element at a
/// time, in order; everyone may send. Stanzas are handled as if they were of the namespace "jabber:client", whatever the stream's is.
/// </summary>
internal abstract partial class PeerStream(ServerContext server, Connection connection) : IServerStream
{
    // What became of the stream.
    private const int Running = 0;
    private const int Closed = 1;
    private const int Broken = 2;

    private Func<ValueTask>? _between;
    private int _end;

    public Connection Connection => connection;

    /// <summary>Of our stream header; nobody can guess it.</summary>
    public string Id { get; private set; } = CreateId();

    protected ServerContext Server => server;

    protected StanzaFramer Framer { get; } = new(server.Current.UnauthenticatedLimits);

    /// <summary>Seconds of the server's clock.</summary>
    protected int StartedAt { get; } = server.Clock.Seconds;

    /// <summary>When something last came, in seconds of the server's clock.</summary>
    protected int LastInputAt { get; private set; } = server.Clock.Seconds;

    protected bool IsHeaderSent { get; set; }

    public bool HasEnded => Volatile.Read(ref _end) != Running;

    /// <summary>Whether the connection was lost, without either side having closed its stream.</summary>
    public bool IsBroken => Volatile.Read(ref _end) == Broken;

    /// <summary>The stream's content namespace (RFC 6120 §4.8.2), such as "jabber:server".</summary>
    protected abstract string ContentNs { get; }

    /// <summary>Who is on the other side, for the log, as far as it is known.</summary>
    protected abstract string Peer { get; }

    /// <summary>What the peer may send, in bytes per second and at once above that.</summary>
    protected abstract (int PerSecond, int Burst) Rate { get; }

    public async Task RunAsync()
    {
        try
        {
            await ReadToEndAsync();
        }
        catch (StreamErrorException error)
        {
            LogStreamError(server.StreamLogger, connection.RemoteEndPoint, Peer, error.Error.Condition, error.Error.Text);
            End(error.Error);
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            LogNoTls(server.StreamLogger, connection.RemoteEndPoint, Peer, failure.Message);
        }
        catch (OperationCanceledException)
        {
            End(new StreamError(StreamErrorCondition.SystemShutdown));
        }
        catch (Exception bug)
        {
            LogBug(server.StreamLogger, bug, connection.RemoteEndPoint, Peer);
            End(new StreamError(StreamErrorCondition.InternalServerError));
        }
        finally
        {
            if (Interlocked.CompareExchange(ref _end, Broken, Running) == Running)
                connection.Close();
            HandleEnd();
        }
    }

    public void End(StreamError? error)
    {
        if (Interlocked.CompareExchange(ref _end, Closed, Running) != Running)
            return;
        try
        {
            // RFC 6120 §4.9.1.2: a header first, whatever is wrong with the peer's.
            if (!IsHeaderSent)
                SendHeader();
            SendLast();
            var output = Scratch.Rent();
            if (error is not null)
                XmlStreamWriter.Write(output, error.ToElement(), ContentNs);
            output.Write("</stream:stream>"u8);
            Send(output.WrittenSpan);
        }
        finally
        {
            connection.Close();
        }
    }

    public abstract void Tick();

    /// <summary>Queues a stanza; false when the connection is over, or is now because the peer doesn't read.</summary>
    /// <param name="stanza">UTF-8 for "jabber:client".</param>
    protected bool SendStanza(ReadOnlySpan<byte> stanza)
    {
        if (!ContentNamespace.IsNamedIn(stanza, "jabber:client"u8))
            return Send(stanza);
        var rewritten = new ArrayBufferWriter<byte>(stanza.Length + 64);
        ContentNamespace.Write(rewritten, Element.Parse(stanza.ToArray()), Namespaces.Client, ContentNs);
        return Send(rewritten.WrittenSpan);
    }

    /// <summary>Queues bytes; they leave with the batch that is being handled, or at once.</summary>
    protected bool Send(ReadOnlySpan<byte> bytes)
    {
        if (!connection.Write(bytes))
            return false;
        OutputBatch.MarkDirty(connection);
        return true;
    }

    protected bool Send(Element element)
    {
        var output = Scratch.Rent();
        XmlStreamWriter.Write(output, element, ContentNs);
        return Send(output.WrittenSpan);
    }

    /// <summary>Sends our stream header. Also called where an error has to follow, before the peer's header was read.</summary>
    protected abstract void SendHeader();

    /// <summary>Sends what the peer has to know before the stream is closed.</summary>
    protected virtual void SendLast()
    {
    }

    /// <summary>What comes before the first element.</summary>
    protected virtual ValueTask BeginAsync() => default;

    /// <summary>The peer has sent its stream header.</summary>
    /// <exception cref="StreamErrorException">It ends the stream.</exception>
    protected abstract ValueTask OpenAsync(StreamHeader header);

    /// <summary>The peer has sent an element of the first level.</summary>
    /// <exception cref="StreamErrorException">It ends the stream.</exception>
    protected abstract ValueTask HandleAsync(StanzaView element);

    /// <summary>Nothing comes any more, nor is anything sent.</summary>
    protected abstract void HandleEnd();

    /// <summary>From now on what comes is a stanza, or what goes along with them: with the namespace of clients.</summary>
    protected void BeginContent() => Framer.Begin(Framer.Scope.WithDefaultNamespace(Namespaces.Client));

    /// <summary>The next element is a stream header again (RFC 6120 §4.3.3), and nothing that was learnt before counts.</summary>
    protected void Restart()
    {
        Framer.Reset();
        (IsHeaderSent, Id) = (false, CreateId());
    }

    /// <summary>Does something that has to come before the next byte is read: a handshake of TLS.</summary>
    protected void DoNext(Func<ValueTask> action) => _between = action;

    /// <summary>The stanza for "jabber:client", without the stream's own namespace in it.</summary>
    protected StanzaView Normalize(StanzaView stanza)
    {
        if (!ContentNamespace.IsNamedIn(stanza.Bytes.Span, System.Text.Encoding.ASCII.GetBytes(ContentNs)))
            return stanza;
        var bytes = new ArrayBufferWriter<byte>(stanza.Bytes.Length + 64);
        ContentNamespace.Write(bytes, stanza.ToElement(), ContentNs, Namespaces.Client);
        return StanzaView.Parse(bytes.WrittenMemory);
    }

    /// <summary>Whether an element is a message, presence or IQ of "jabber:client".</summary>
    protected static bool IsStanza(StanzaView element) => element.Namespace.SequenceEqual("jabber:client"u8)
        && (element.LocalName.SequenceEqual("message"u8) || element.LocalName.SequenceEqual("presence"u8)
            || element.LocalName.SequenceEqual("iq"u8));

    private static string CreateId() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    private async Task ReadToEndAsync()
    {
        await BeginAsync();
        var rate = new TokenBucket(server.Time);
        while (true)
        {
            var input = await connection.ReadAsync();
            if (input.IsEmpty)
                return;
            LastInputAt = server.Clock.Seconds;
            var consumed = 0;
            var isMore = true;
            while (isMore)
            {
                ValueTask pending;
                using (OutputBatch.Begin())
                    pending = HandleAvailable(input, ref consumed, out isMore);
                await pending;
            }
            if (HasEnded)
                return;
            if (_between is { } between)
            {
                _between = null;
                // RFC 6120 §5.4.3.3: nothing sent in clear may count as protected.
                if (input.Span[consumed..].ContainsAnyExcept(" \t\r\n"u8))
                    throw new StreamErrorException(StreamErrorCondition.PolicyViolation, "Data where the TLS handshake begins.");
                connection.Advance(input.Length);
                await between();
                continue;
            }
            connection.Advance(consumed);
            var (perSecond, burst) = Rate;
            if (rate.Take(consumed, perSecond, burst, server.Time) is var wait && wait > TimeSpan.Zero)
                await server.Streams.SlowDownAsync(this, wait);
        }
    }

    /// <summary>Handles frames until there is no whole one left, or one whose handler takes its time.</summary>
    /// <param name="isMore">Whether to come back when the returned task has completed.</param>
    private ValueTask HandleAvailable(ReadOnlyMemory<byte> input, ref int consumed, out bool isMore)
    {
        isMore = false;
        while (consumed < input.Length && !HasEnded && _between is null)
        {
            var kind = Framer.Read(input[consumed..], out var length);
            ValueTask handled = default;
            consumed += length;
            switch (kind)
            {
                case FrameKind.NeedMore:
                    return default;
                case FrameKind.Error:
                    throw new StreamErrorException(Framer.Error!);
                case FrameKind.StreamClose:
                    End(null);
                    break;
                case FrameKind.StreamOpen:
                    handled = OpenAsync(Framer.Header);
                    break;
                case FrameKind.Stanza:
                    handled = HandleAsync(Framer.Stanza);
                    break;
            }
            if (!handled.IsCompletedSuccessfully)
            {
                isMore = true;
                return handled;
            }
        }
        return default;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream of {Address} ({Peer}) ended with {Condition}: {Text}")]
    private static partial void LogStreamError(
        ILogger logger, IPEndPoint address, string peer, StreamErrorCondition condition, string? text);

    [LoggerMessage(Level = LogLevel.Information, Message = "No TLS with {Address} ({Peer}): {Reason}")]
    private static partial void LogNoTls(ILogger logger, IPEndPoint address, string peer, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream of {Address} ({Peer}) failed")]
    private static partial void LogBug(ILogger logger, Exception bug, IPEndPoint address, string peer);
}
