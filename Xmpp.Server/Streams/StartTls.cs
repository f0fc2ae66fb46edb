using Xmpp.Core;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Streams;

/// <summary>STARTTLS (RFC 6120 §5): required wherever it is offered.</summary>
internal sealed class StartTls(StreamNegotiator negotiator) : StreamFeature(negotiator)
{
    private static readonly XmlName Name = new(Namespaces.Tls, "starttls");

    public override IEnumerable<Element> Offer() => Negotiator.Phase == NegotiationPhase.Clear
        ? [new Element(Name, new Element(Namespaces.Tls, "required"))]
        : [];

    public override bool Accepts(Element element) => element.Name == Name;

    public override ValueTask HandleAsync(Element element, CancellationToken cancellationToken)
    {
        if (Negotiator.Phase == NegotiationPhase.Clear)
        {
            Negotiator.Stream.Send(new Element(Namespaces.Tls, "proceed"));
            Negotiator.ExpectTls();
        }
        else
        {
            // §5.4.2.2: a failure, then the end of the stream.
            Negotiator.Stream.Send(new Element(Namespaces.Tls, "failure"));
            Negotiator.Stream.End(null);
        }
        return default;
    }
}
