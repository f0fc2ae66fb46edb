using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;
using Xmpp.Server.Streams;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Federation;

/// <summary>
/// A stream between this server and another one, whoever has made it (RFC 6120). From it come stanzas of the pairs of domains that it was
/// authorised for, and of no others.
/// </summary>
internal abstract partial class ServerStream(ServerContext server, Connection connection) : PeerStream(server, connection)
{
    /// <summary>Pairs of domains on one stream (XEP-0220 §2.6).</summary>
    protected const int MaxPairs = 64;

    // Changed by whoever verifies, too.
    private ImmutableHashSet<(string Local, string Remote)> _accepted = [];
    private uint _handled;

    /// <summary>The domain here that the stream was made for or by; null as long as that is not known.</summary>
    public string? Local { get; protected set; }

    /// <summary>The domain elsewhere; null as long as it has not said it. It may not have proved it yet.</summary>
    public string? Remote { get; protected set; }

    /// <summary>Whose stanzas go by this stream, once it is theirs; null when nothing does.</summary>
    public OutgoingLink? Link { get; set; }

    /// <summary>Whether both sides acknowledge stanzas (XEP-0198).</summary>
    public bool IsManaged { get; protected set; }

    /// <summary>Whether stanzas go both ways (XEP-0288).</summary>
    public bool IsBidirectional { get; protected set; }

    public bool IsOver => HasEnded;

    /// <summary>Whether what it has brought is known, and what it has to bring over is sent, by the process to come.</summary>
    public abstract bool OutlivesProcess { get; }

    /// <summary>How the first pair was authorised: "EXTERNAL" or "dialback"; null before.</summary>
    public string? AuthorizedBy { get; protected set; }

    /// <summary>The error with which the peer has ended its stream; null when it hasn't.</summary>
    public StreamErrorCondition? PeerError { get; private set; }

    /// <summary>The text of that error, for people.</summary>
    protected string? PeerErrorText { get; private set; }

    protected override string ContentNs => Namespaces.Server;

    protected override string Peer => Remote is null ? "a server" : $"server {Remote}";

    protected override (int PerSecond, int Burst) Rate =>
        (Server.Current.Options.S2s.BytesPerSecond, Server.Current.Options.S2s.BurstBytes);

    /// <summary>What is in force; never null where servers connect.</summary>
    protected FederationState Federation =>
        Server.Current.Federation ?? throw new StreamErrorException(StreamErrorCondition.HostUnknown, "This server doesn't federate.");

    protected bool IsInHandshake { get; private set; }

    protected int AcceptedCount => _accepted.Count;

    /// <summary>Whether stanzas of that pair may come.</summary>
    protected bool IsAccepted(string local, string remote) => _accepted.Contains((local, remote));

    /// <summary>When a stanza was last sent, in seconds of the server's clock.</summary>
    protected int LastSentAt { get; private set; } = server.Clock.Seconds;

    /// <summary>Queues a stanza of its link; false when the stream is over.</summary>
    /// <param name="stanza">UTF-8 for "jabber:client".</param>
    public bool Carry(ReadOnlySpan<byte> stanza)
    {
        LastSentAt = Server.Clock.Seconds;
        return !HasEnded && SendStanza(stanza);
    }

    /// <summary>Asks the peer how many stanzas it has.</summary>
    public void Ask() => Send("<r xmlns='urn:xmpp:sm:3'/>"u8);

    /// <summary>Asks a peer that doesn't count stanzas for an answer.</summary>
    public void Ping(string local, string remote, string id)
    {
        var output = Scratch.Rent();
        XmlStreamWriter.Write(output, new Element(Namespaces.Client, "iq",
            Element.Attr("type", "get"), Element.Attr("id", id), Element.Attr("from", local), Element.Attr("to", remote),
            new Element("urn:xmpp:ping", "ping")), Namespaces.Client, streamPrefix: false);
        Carry(output.WrittenSpan);
    }

    /// <summary>From now on stanzas of that pair may come.</summary>
    protected virtual void Accept(string local, string remote)
    {
        ImmutableInterlocked.Update(ref _accepted, static (accepted, pair) => accepted.Add(pair), (local, remote));
        Framer.Limits = Server.Current.AuthenticatedLimits;
    }

    /// <summary>From now on no stanzas may come of domains that are not to be talked to.</summary>
    public void Reconsider(FederationPolicy policy) => ImmutableInterlocked.Update(
        ref _accepted, static (accepted, policy) => accepted.Except(accepted.Where(pair => !policy.Admits(pair.Remote))), policy);

    protected void SendHeader(string? from, string? to, string? id)
    {
        IsHeaderSent = true;
        var output = Scratch.Rent();
        new StreamHeader(to, from, id, "1.0", "en", Namespaces.Server).Write(output, Dialback.Declaration);
        Send(output.WrittenSpan);
    }

    protected void SendDialback(
        string name, string from, string to, string? id = null, string? type = null, string? key = null, StanzaErrorCondition? error = null)
    {
        var output = Scratch.Rent();
        Dialback.Write(output, name, from, to, id, type, key, error);
        Send(output.WrittenSpan);
    }

    /// <summary>Runs a handshake, during which nothing can be said.</summary>
    protected async ValueTask HandshakeAsync(ValueTask handshake)
    {
        IsInHandshake = true;
        await handshake;
        IsInHandshake = false;
    }

    /// <summary>Negotiation takes too long.</summary>
    protected void GiveUp(string text)
    {
        if (IsInHandshake)
            Connection.Abort(text);
        else
            End(new StreamError(StreamErrorCondition.ConnectionTimeout, text));
    }

    protected override ValueTask HandleAsync(StanzaView element)
    {
        element = Normalize(element);
        if (IsStanza(element))
            return CountAsync(HandleStanzaAsync(element));
        if (element.Namespace.SequenceEqual("http://etherx.jabber.org/streams"u8) && element.LocalName.SequenceEqual("error"u8))
        {
            HandleError(element.ToElement());
            return default;
        }
        if (element.Namespace.SequenceEqual("urn:xmpp:sm:3"u8))
            return HandleManagementAsync(element.ToElement());
        if (!element.Namespace.SequenceEqual("jabber:server:dialback"u8))
            return HandleElementAsync(element.ToElement());
        HandleDialback(element.ToElement());
        return default;
    }

    /// <summary>What begins stream management (XEP-0198).</summary>
    protected abstract ValueTask BeginManagementAsync(Element element);

    /// <summary>Where the peer's stanzas are counted; null for nowhere but here.</summary>
    protected virtual RemoteSession? Session => null;

    /// <summary>The peer's stanzas that were handled, modulo 2^32 (§4).</summary>
    protected uint Handled => Session?.Handled ?? Volatile.Read(ref _handled);

    /// <summary>From now on stanzas of the peer count.</summary>
    protected void BeginCounting() => (IsManaged, _handled) = (true, 0u);

    protected static object? CountAttribute(uint count) => Element.Attr("h", count.ToString(CultureInfo.InvariantCulture));

    /// <summary>Nobody has to send again what has come.</summary>
    protected override void SendLast()
    {
        if (IsManaged && (Session?.Kept ?? Handled) is > 0 and var kept)
            Acknowledge(kept);
    }

    /// <summary>Tells the peer how many of its stanzas were handled, and are kept where they have to be.</summary>
    public void Acknowledge(uint count) => Send(new Element(StreamManagement.Ns, "a", CountAttribute(count)));

    private ValueTask HandleManagementAsync(Element element)
    {
        switch (element.Name.Local)
        {
            case "r" when IsManaged && Session is { } session:
                session.AskHandled(this);
                return default;
            case "r" when IsManaged:
                Acknowledge(Handled);
                return default;
            case "a" when IsManaged:
                if (!StreamManagementElements.TryReadCount(element["h"], out var count))
                    throw new StreamErrorException(StreamErrorCondition.InvalidXml, "An acknowledgement needs a count.");
                if (Link?.TryAcknowledge(this, count) == false)
                    throw StreamManagementElements.CountTooHigh(count, Link.SentOnStream);
                return default;
            case "r" or "a":
                throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType, "Stream management is not enabled.");
            default:
                return BeginManagementAsync(element);
        }
    }

    /// <summary>What is neither a stanza nor of dialback or stream management.</summary>
    protected abstract ValueTask HandleElementAsync(Element element);

    /// <summary>A request for authorisation, or an answer to ours.</summary>
    protected abstract void HandleResult(string from, string to, Element result);

    /// <summary>An answer to our request for verification.</summary>
    protected virtual void HandleVerification(string from, string to, Element verify) => throw Unsolicited();

    /// <summary>XEP-0220 §3: what answers nothing that was asked on this stream is an attack.</summary>
    protected static StreamErrorException Unsolicited() => new(StreamErrorCondition.PolicyViolation, "Nobody has asked for that.");

    private ValueTask HandleStanzaAsync(StanzaView stanza)
    {
        if (_accepted.Count == 0)
            throw new StreamErrorException(StreamErrorCondition.NotAuthorized);
        // RFC 6120 §8.1.1.2, §8.1.2.2.
        if (stanza.AttributeJid("from"u8) is not { } from || stanza.AttributeJid("to"u8) is not { } to)
            throw new StreamErrorException(StreamErrorCondition.ImproperAddressing, "A stanza needs 'from' and 'to'.");
        if (!_accepted.Contains((to.Domain, from.Domain)))
        {
            throw new StreamErrorException(_accepted.Any(pair => pair.Remote == from.Domain)
                ? StreamErrorCondition.HostUnknown
                : StreamErrorCondition.InvalidFrom);
        }
        if (from is { Local: null, IsFull: false } && to is { Local: null, IsFull: false } && stanza.LocalName.SequenceEqual("iq"u8)
            && stanza.Attribute("type"u8) is "result" or "error" && stanza.Attribute("id"u8) is { } id
            && Server.Federation.TryConfirm(to.Domain, from.Domain, id))
        {
            return default;
        }
        var room = Session?.WaitForRoomAsync() ?? default;
        return room.IsCompletedSuccessfully
            ? Server.Router.RouteRemoteAsync(stanza, from, Session, Server.Stopping)
            : RouteAsync(room, stanza, from);
    }

    private async ValueTask RouteAsync(ValueTask room, StanzaView stanza, Jid from)
    {
        await room;
        await Server.Router.RouteRemoteAsync(stanza, from, Session, Server.Stopping);
    }

    private ValueTask CountAsync(ValueTask handled)
    {
        if (!handled.IsCompletedSuccessfully)
            return FinishAsync(handled);
        CountHandled();
        return default;
    }

    private async ValueTask FinishAsync(ValueTask handled)
    {
        await handled;
        CountHandled();
    }

    private void CountHandled()
    {
        if (Session is { } session)
            session.CountHandled();
        else
            Volatile.Write(ref _handled, unchecked(_handled + 1));
    }

    private void HandleError(Element error)
    {
        var condition = error.Elements.FirstOrDefault(child => child.Name is { Namespace: Namespaces.StreamErrors, Local: not "text" });
        PeerError = StreamError.ConditionOf(condition?.Name.Local);
        PeerErrorText = error.Child(Namespaces.StreamErrors, "text")?.Text;
        LogPeerError(Server.StreamLogger, Connection.RemoteEndPoint, Peer, PeerError.Value, PeerErrorText);
    }

    private void HandleDialback(Element element)
    {
        if (!Jid.TryParse(element["from"], out var from) || !Jid.TryParse(element["to"], out var to)
            || from is not { Local: null, IsFull: false } || to is not { Local: null, IsFull: false })
        {
            throw new StreamErrorException(StreamErrorCondition.ImproperAddressing, "Dialback is between domains.");
        }
        switch (element.Name.Local)
        {
            case "result":
                HandleResult(from.Domain, to.Domain, element);
                break;
            case "verify" when element["type"] is not null:
                HandleVerification(from.Domain, to.Domain, element);
                break;
            case "verify":
                Verify(from.Domain, to.Domain, element);
                break;
            default:
                throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
        }
    }

    /// <summary>XEP-0220 §2.2.2: somebody asks whether a key is ours.</summary>
    private void Verify(string from, string to, Element verify)
    {
        var id = verify["id"] ?? throw new StreamErrorException(StreamErrorCondition.InvalidXml, "A verification needs an 'id'.");
        if (!Server.Federation.IsServed(to))
            SendDialback("verify", to, from, id, "error", error: StanzaErrorCondition.ItemNotFound);
        else
            SendDialback("verify", to, from, id, Server.Federation.Keys.IsValid(verify.Text.Trim(), from, to, id) ? "valid" : "invalid");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The peer of {Address} ({Peer}) ended its stream with {Condition}: {Text}")]
    private static partial void LogPeerError(
        ILogger logger, IPEndPoint address, string peer, StreamErrorCondition condition, string? text);
}
