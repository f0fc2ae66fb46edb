using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>Handles a presence stanza that a local session sent; 'from' is stamped already.</summary>
public delegate ValueTask PresenceHandler(PresenceRequest presence, CancellationToken cancellationToken);

/// <param name="Session">The sender.</param>
/// <param name="To">The addressee, or null for a presence without 'to'.</param>
/// <param name="Stanza">With 'from' the full JID of the sender.</param>
public sealed record PresenceRequest(ISession Session, Jid? To, Element Stanza)
{
    /// <summary>The type attribute; null is "available" (RFC 6121 §4.7.1).</summary>
    public string? Type => Stanza["type"];
}
