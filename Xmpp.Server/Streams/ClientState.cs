using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Sessions;

namespace Xmpp.Server.Streams;

/// <summary>
/// XEP-0352 Client State Indication: clients say whether anybody looks at them. What follows from it is <see cref="ClientSession"/>'s.
/// </summary>
[Xep(352, "1.0.0")]
internal sealed class ClientState(StreamNegotiator negotiator) : StreamFeature(negotiator)
{
    public const string Ns = "urn:xmpp:csi:0";

    public override IEnumerable<Element> Offer() =>
        Negotiator.Phase >= NegotiationPhase.Authenticated && Negotiator.Server.Current.Options.ClientState.Hold.Count > 0
            ? [new Element(Ns, "csi")]
            : [];

    /// <summary>None before a resource is bound.</summary>
    public override bool Accepts(Element element) => false;

    public override ValueTask HandleAsync(Element element, CancellationToken cancellationToken) => default;

    /// <summary>Whether an element that stands where stanzas do says something of the client's state.</summary>
    public static bool IsOne(StanzaView element) => element.Namespace.SequenceEqual("urn:xmpp:csi:0"u8);

    /// <exception cref="StreamErrorException">It says nothing that is known.</exception>
    public static void Handle(ClientSession session, StanzaView element)
    {
        if (element.LocalName.SequenceEqual("inactive"u8))
            session.BecomeInactive();
        else if (element.LocalName.SequenceEqual("active"u8))
            session.BecomeActive();
        else
            throw new StreamErrorException(StreamErrorCondition.UnsupportedStanzaType);
    }
}
