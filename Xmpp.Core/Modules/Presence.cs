using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>Handles a presence stanza that a local session sent; 'from' is stamped already.</summary>
public delegate ValueTask PresenceHandler(PresenceRequest presence, CancellationToken cancellationToken);

/// <summary>Is asked of a request for a subscription to an account (RFC 6121 §3.1.3).</summary>
/// <param name="account">The bare JID of the account.</param>
/// <param name="asker">The bare JID of who wants to be subscribed.</param>
/// <param name="request">The presence of type "subscribe", whole.</param>
/// <returns>True when the request was taken care of: the account doesn't see it.</returns>
public delegate ValueTask<bool> SubscriptionRequestHandler(Jid account, Jid asker, Element request, CancellationToken cancellationToken);

/// <summary>Handles a presence stanza of somebody who is not local, for somebody who is.</summary>
/// <returns>What the sender is to be told, or null.</returns>
public delegate ValueTask<StanzaError?> RemotePresenceHandler(RemotePresence presence, CancellationToken cancellationToken);

/// <summary>Says what the server puts into available presence that a client sends, to all or to somebody (XEP-0398 §4).</summary>
/// <returns>Takes the place of children of its name; null to leave it as it is.</returns>
public delegate ValueTask<Element?> PresenceAddition(ISession session, StanzaView presence, CancellationToken cancellationToken);

/// <param name="From">The sender; local to a component or another server.</param>
/// <param name="To">The addressee, of this server.</param>
/// <param name="Stanza">As it came, in the namespace "jabber:client".</param>
public sealed record RemotePresence(Jid From, Jid To, Element Stanza)
{
    /// <inheritdoc cref="PresenceRequest.Type"/>
    public string? Type => Stanza["type"];
}

/// <param name="Session">The sender.</param>
/// <param name="To">The addressee, or null for a presence without 'to'.</param>
/// <param name="Stanza">With 'from' the full JID of the sender.</param>
public sealed record PresenceRequest(ISession Session, Jid? To, Element Stanza)
{
    /// <summary>The type attribute; null is "available" (RFC 6121 §4.7.1).</summary>
    public string? Type => Stanza["type"];
}
