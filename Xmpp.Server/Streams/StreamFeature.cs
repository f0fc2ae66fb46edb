using Xmpp.Core.Xml;

namespace Xmpp.Server.Streams;

/// <summary>
/// A step of stream negotiation (RFC 6120 §4.3.2): what it offers depends on the phase, and whether it accepts an
/// element is decided here and nowhere else. Made anew for each connection, so it may keep state.
/// </summary>
internal abstract class StreamFeature(StreamNegotiator negotiator)
{
    protected StreamNegotiator Negotiator { get; } = negotiator;

    /// <summary>What it shows in the stream features of the current phase.</summary>
    public abstract IEnumerable<Element> Offer();

    /// <summary>Whether the element is this feature's, rightly sent or not.</summary>
    public abstract bool Accepts(Element element);

    public abstract ValueTask HandleAsync(Element element, CancellationToken cancellationToken);
}
