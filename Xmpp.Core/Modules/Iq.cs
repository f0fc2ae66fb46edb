using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>The two IQ types that ask for something (RFC 6120 §8.2.3).</summary>
public enum IqType
{
    Get,
    Set,
}

/// <summary>Which local entities a request can be addressed to, and by whom.</summary>
[Flags]
public enum IqTarget
{
    /// <summary>A virtual host: <c>to='example.com'</c>.</summary>
    Server = 1,

    /// <summary>The sender's account, by its bare JID or by leaving <c>to</c> out (RFC 6120 §10.3.3).</summary>
    OwnAccount = 2,

    /// <summary>Somebody else's account, which may not exist: answers must not tell that to everyone.</summary>
    OtherAccount = 4,
}

/// <summary>Answers a request. Exactly one reply leaves for it, whatever happens.</summary>
public delegate ValueTask<IqReply> IqHandler(IqRequest request, CancellationToken cancellationToken);

/// <summary>Whether somebody may ask a client of something.</summary>
/// <param name="asker">The sender's full JID.</param>
/// <param name="target">A full JID at this server.</param>
/// <returns>What the sender is told instead; null when the request may go there.</returns>
public delegate ValueTask<StanzaError?> ForwardingCheck(Jid asker, Jid target, CancellationToken cancellationToken);

/// <summary>An IQ of type get or set, addressed to an entity that this server answers for.</summary>
/// <param name="stanza">The stanza, with one child element; it is only lent until the handler has completed.</param>
public sealed class IqRequest(StanzaView stanza)
{
    private Element? _payload;

    public required IqType Type { get; init; }

    /// <summary>By which the sender knows the reply (RFC 6120 §8.1.3).</summary>
    public string Id => stanza.Attribute("id"u8) ?? "";

    /// <summary>The full JID of the sender, stamped by the server.</summary>
    public required Jid From { get; init; }

    /// <summary>The entity asked: a domain, or the bare JID of an account.</summary>
    public required Jid To { get; init; }

    public required IqTarget Target { get; init; }

    /// <summary>The name of the one child element.</summary>
    public XmlName PayloadName => stanza.ChildName(0);

    /// <summary>The one child element; made when first asked for, which the handler does before it has completed, if at all.</summary>
    public Element Payload => _payload ??= stanza.ToElement().Elements.First();

    /// <summary>The sender's session where it is local, else null.</summary>
    public ISession? Session { get; init; }

    /// <summary>The component that asks what only an account may ask (XEP-0356), and has no session; null where nobody does.</summary>
    public Jid? Agent { get; init; }

    /// <summary>Where somebody without a session gets what is sent to them.</summary>
    public Action<Element>? Return { private get; init; }

    /// <summary>Whether who asks does nothing but wait for the handler, which then has to give the reply itself.</summary>
    public bool IsWaitedFor { get; init; }

    /// <summary>The request, with the address of who asks.</summary>
    public Element ToRequest() => stanza.ToElement().With("from", From.ToString());

    /// <summary>Sends something to who asks, by <see cref="Session"/> or not: before the reply, or in its place.</summary>
    public void Send(Element answer)
    {
        if (Session is not null)
            Session.Send(answer);
        else
            Return!(answer);
    }

    /// <summary>The stanza that a reply is: for a handler that sends it itself, because it has a place among other stanzas.</summary>
    public Element ToStanza(IqReply reply) => ToReplier()(reply);

    /// <summary>The same for a handler that sends it later than it returns, when the request's bytes aren't there any more.</summary>
    public Func<IqReply, Element> ToReplier()
    {
        var (id, from, to) = (stanza.Attribute("id"u8), stanza.Attribute("to"u8), From.ToString());
        return reply => new(Namespaces.Client, "iq",
            Element.Attr("type", reply.Error is null ? "result" : "error"),
            Element.Attr("id", id),
            Element.Attr("from", from),
            Element.Attr("to", to),
            reply.Payload ?? reply.Error?.About,
            reply.Error?.ToElement());
    }
}

/// <summary>The reply to an IQ: a result, possibly empty, or an error.</summary>
public readonly struct IqReply
{
    private IqReply(Element? payload, StanzaError? error) => (Payload, Error) = (payload, error);

    public Element? Payload { get; }

    public StanzaError? Error { get; }

    /// <summary>What the sender's session ends with once the reply was sent; null when it goes on.</summary>
    public StreamError? End { get; private init; }

    /// <summary>The handler has sent the reply itself (<see cref="IqRequest.ToStanza"/>).</summary>
    public static IqReply Sent { get; } = new(null, null) { IsSent = true };

    public bool IsSent { get; private init; }

    /// <summary>For what means something to a client only, when a component asks in the name of an account.</summary>
    public static IqReply NeedsSession { get; } =
        Failed(StanzaErrorCondition.NotAllowed, "Only a client can ask for that.");

    public static IqReply Result(Element? payload = null) => new(payload, null);

    /// <summary>A result that is the last thing the sender's session hears.</summary>
    public static IqReply ResultThenEnd(StreamError end) => new(null, null) { End = end };

    public static IqReply Failed(StanzaError error) => new(null, error);

    public static IqReply Failed(StanzaErrorCondition condition, string? text = null) => new(null, StanzaError.Of(condition, text));
}
