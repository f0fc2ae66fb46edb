using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Components;

/// <summary>
/// XEP-0114 Jabber Component Protocol: the stream of a program that serves a domain of its own. Its stanzas are handled as if they were
/// of the namespace "jabber:client".
/// </summary>
[Xep(114, "1.6")]
internal sealed partial class ComponentStream(ServerContext server, Connection connection) : IServerStream
{
    private const string Ns = "jabber:component:accept";

    private readonly StanzaFramer _framer = new(server.Current.UnauthenticatedLimits);
    private readonly string _id = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly int _startedAt = server.Clock.Seconds;
    private bool _isHeaderSent;
    private int _hasEnded;

    private static ReadOnlySpan<byte> NsBytes => "jabber:component:accept"u8;

    public Connection Connection => connection;

    /// <summary>What the configuration says of the component; null before its stream header.</summary>
    public ComponentEntry? Entry { get; private set; }

    /// <summary>The domain that it serves; null until it has proved that it may.</summary>
    public string? Domain { get; private set; }

    public async Task RunAsync()
    {
        try
        {
            await ReadToEndAsync();
        }
        catch (StreamErrorException error)
        {
            LogStreamError(server.StreamLogger, connection.RemoteEndPoint, Entry?.Domain, error.Error.Condition, error.Error.Text);
            End(error.Error);
        }
        catch (OperationCanceledException)
        {
            End(new StreamError(StreamErrorCondition.SystemShutdown));
        }
        catch (Exception bug)
        {
            LogBug(server.StreamLogger, bug, connection.RemoteEndPoint, Entry?.Domain);
            End(new StreamError(StreamErrorCondition.InternalServerError));
        }
        finally
        {
            if (Interlocked.Exchange(ref _hasEnded, 1) == 0)
                connection.Close();
            if (Domain is not null)
            {
                server.Components.Remove(this);
                LogGone(server.StreamLogger, Domain, connection.AbortReason);
            }
        }
    }

    /// <summary>Queues a stanza; false when the connection is over, or is now because the component doesn't read.</summary>
    /// <param name="stanza">UTF-8 for "jabber:client".</param>
    public bool TrySend(ReadOnlySpan<byte> stanza)
    {
        if (ContentNamespace.IsNamedIn(stanza, "jabber:client"u8))
        {
            var rewritten = new ArrayBufferWriter<byte>(stanza.Length + 64);
            ContentNamespace.Write(rewritten, Element.Parse(stanza.ToArray()), Namespaces.Client, Ns);
            stanza = rewritten.WrittenSpan;
        }
        return Send(stanza);
    }

    public void End(StreamError? error)
    {
        if (Interlocked.Exchange(ref _hasEnded, 1) != 0)
            return;
        try
        {
            // §3: a header first, whatever is wrong with the component's.
            if (!_isHeaderSent)
                SendHeader(server.Current.DefaultHost);
            var output = Scratch.Rent();
            if (error is not null)
                XmlStreamWriter.Write(output, error.ToElement(), Namespaces.Client);
            output.Write("</stream:stream>"u8);
            Send(output.WrittenSpan);
        }
        finally
        {
            connection.Close();
        }
    }

    public void Tick()
    {
        if (Domain is null && server.Clock.Seconds - _startedAt > server.Current.Options.Limits.NegotiationTimeout.TotalSeconds)
            End(new StreamError(StreamErrorCondition.ConnectionTimeout, "The handshake took too long."));
    }

    private async Task ReadToEndAsync()
    {
        var rate = new TokenBucket(server.Time);
        while (true)
        {
            var input = await connection.ReadAsync();
            if (input.IsEmpty)
                return;
            var consumed = 0;
            var isMore = true;
            while (isMore)
            {
                ValueTask pending;
                using (OutputBatch.Begin())
                    pending = HandleAvailable(input, ref consumed, out isMore);
                await pending;
            }
            if (Volatile.Read(ref _hasEnded) != 0)
                return;
            connection.Advance(consumed);
            // Whoever sends too fast is read more slowly: TCP passes that on.
            var limits = server.Current.Options.Components;
            if (rate.Take(consumed, limits.BytesPerSecond, limits.BurstBytes, server.Time) is var wait && wait > TimeSpan.Zero)
                await Task.Delay(wait, server.Time, server.Stopping);
        }
    }

    /// <summary>Handles frames until there is no whole one left, or one whose handler takes its time.</summary>
    /// <param name="isMore">Whether to come back when the returned task has completed.</param>
    private ValueTask HandleAvailable(ReadOnlyMemory<byte> input, ref int consumed, out bool isMore)
    {
        isMore = false;
        while (consumed < input.Length && Volatile.Read(ref _hasEnded) == 0)
        {
            var kind = _framer.Read(input[consumed..], out var length);
            consumed += length;
            switch (kind)
            {
                case FrameKind.NeedMore:
                    return default;
                case FrameKind.Error:
                    throw new StreamErrorException(_framer.Error!);
                case FrameKind.StreamClose:
                    End(null);
                    break;
                case FrameKind.StreamOpen:
                    Open(_framer.Header);
                    break;
                case FrameKind.Stanza:
                    var handled = HandleAsync(_framer.Stanza);
                    if (handled.IsCompletedSuccessfully)
                        break;
                    isMore = true;
                    return handled;
            }
        }
        return default;
    }

    private void Open(StreamHeader header)
    {
        Entry = Jid.TryParse(header.To, out var to) && to is { Local: null, IsFull: false } ? server.Components.Find(to.Domain) : null;
        SendHeader(to?.Domain ?? server.Current.DefaultHost);
        if (header.ContentNamespace != Ns)
            throw new StreamErrorException(StreamErrorCondition.InvalidNamespace);
        if (Entry is null)
            throw new StreamErrorException(StreamErrorCondition.HostUnknown);
        if (server.Components.IsConnected(Entry.Domain))
            throw Conflict();
        _framer.Begin(_framer.Scope.WithDefaultNamespace(Namespaces.Client));
    }

    private ValueTask HandleAsync(StanzaView stanza)
    {
        if (ContentNamespace.IsNamedIn(stanza.Bytes.Span, NsBytes))
            stanza = Rewrite(stanza);
        if (Domain is null)
        {
            Authenticate(stanza.ToElement());
            return default;
        }
        if (!stanza.Namespace.SequenceEqual("jabber:client"u8)
            || !(stanza.LocalName.SequenceEqual("message"u8) || stanza.LocalName.SequenceEqual("presence"u8)
                || stanza.LocalName.SequenceEqual("iq"u8)))
        {
            throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
        }
        // §3: both addresses, and the sender's at the component's own domain.
        if (!stanza.TryGetAttribute("from"u8, out _) || !stanza.TryGetAttribute("to"u8, out _))
            throw new StreamErrorException(StreamErrorCondition.ImproperAddressing, "A stanza needs 'from' and 'to'.");
        if (stanza.AttributeJid("from"u8) is not { } from || from.Domain != Domain)
            throw new StreamErrorException(StreamErrorCondition.InvalidFrom);
        return server.Router.RouteRemoteAsync(stanza, from, server.Stopping);
    }

    private void Authenticate(Element handshake)
    {
        if (handshake.Name.Local != "handshake" || Entry is not { } entry || !IsProof(handshake.Text, entry.Secret))
        {
            LogRefused(server.StreamLogger, connection.RemoteEndPoint, Entry?.Domain);
            throw new StreamErrorException(StreamErrorCondition.NotAuthorized);
        }
        Domain = entry.Domain;
        // First, so that nothing is sent before it.
        Send("<handshake/>"u8);
        if (!server.Components.TryAdd(this))
        {
            Domain = null;
            throw Conflict();
        }
        _framer.Limits = server.Current.AuthenticatedLimits;
        LogConnected(server.StreamLogger, Domain, connection.RemoteEndPoint);
    }

    [SuppressMessage("Security", "CA5350", Justification = "The protocol has no other (§3).")]
    private bool IsProof(string text, string secret)
    {
        var expected = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(_id + secret)));
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(text.Trim()));
    }

    private static StreamErrorException Conflict() => new(StreamErrorCondition.Conflict, "The component is connected already.");

    private void SendHeader(string from)
    {
        _isHeaderSent = true;
        var output = Scratch.Rent();
        new StreamHeader(To: null, from, _id, Version: null, Language: null, Ns).Write(output);
        Send(output.WrittenSpan);
    }

    private bool Send(ReadOnlySpan<byte> bytes)
    {
        if (!connection.Write(bytes))
            return false;
        OutputBatch.MarkDirty(connection);
        return true;
    }

    /// <summary>The same stanza without the namespace of component streams in it.</summary>
    private static StanzaView Rewrite(StanzaView stanza)
    {
        var element = stanza.ToElement();
        var bytes = new ArrayBufferWriter<byte>(stanza.Bytes.Length + 64);
        ContentNamespace.Write(bytes, element, Ns, Namespaces.Client);
        var framer = new StanzaFramer(FramerLimits.None);
        framer.Begin(StreamScope.Client);
        framer.Read(bytes.WrittenMemory, out _);
        return framer.Stanza;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The component {Domain} has connected from {Address}")]
    private static partial void LogConnected(ILogger logger, string domain, IPEndPoint address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Address} didn't prove to be the component {Domain}")]
    private static partial void LogRefused(ILogger logger, IPEndPoint address, string? domain);

    [LoggerMessage(Level = LogLevel.Information, Message = "The component {Domain} is gone: {Reason}")]
    private static partial void LogGone(ILogger logger, string domain, string? reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream of {Address} (component {Domain}) ended with {Condition}: {Text}")]
    private static partial void LogStreamError(
        ILogger logger, IPEndPoint address, string? domain, StreamErrorCondition condition, string? text);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream of {Address} (component {Domain}) failed")]
    private static partial void LogBug(ILogger logger, Exception bug, IPEndPoint address, string? domain);
}
