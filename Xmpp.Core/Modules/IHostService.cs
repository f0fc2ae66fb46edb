using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>
/// What a module serves at a domain of its own below each host, where nobody has an account: "conference.example.org" for
/// "example.org". It gets every stanza to that domain and to whatever is at it, from local clients, whose guards let it pass, and from
/// elsewhere. What it says goes out by <see cref="IStanzaSender"/>.
/// </summary>
public interface IHostService
{
    /// <summary>What stands before the host in the domain, such as "conference".</summary>
    string Label { get; }

    /// <summary>For people.</summary>
    string Name { get; }

    /// <summary>Takes a message.</summary>
    /// <returns>What its sender is told, or null. Never told in reply to an error.</returns>
    ValueTask<StanzaError?> MessageAsync(ServiceStanza message, CancellationToken cancellationToken);

    /// <inheritdoc cref="MessageAsync"/>
    /// <summary>Takes presence.</summary>
    ValueTask<StanzaError?> PresenceAsync(ServiceStanza presence, CancellationToken cancellationToken);

    /// <summary>Takes an IQ that has an id and, as a request, one child (RFC 6120 §8.2.3).</summary>
    /// <param name="request">
    /// What it asks for; null when it is an answer itself, a result or an error, to which the reply means nothing.
    /// </param>
    ValueTask<IqReply> IqAsync(ServiceStanza iq, IqType? request, CancellationToken cancellationToken);
}

/// <summary>A stanza to a service.</summary>
/// <param name="View">As its sender wrote it; lent until the handler's task completes.</param>
/// <param name="From">The sender's full JID, or whoever a component speaks for; the attribute of the stanza may say less.</param>
/// <param name="To">The service's domain, or something at it.</param>
/// <param name="Host">The host that the service belongs to.</param>
/// <param name="Sender">
/// The sender's session where it is local, else null. By it a message that has to be kept gates the sender's acknowledgement
/// (<see cref="ISession.KeepAsync"/>).
/// </param>
public readonly record struct ServiceStanza(StanzaView View, Jid From, Jid To, string Host, ISession? Sender)
{
    /// <summary>The one child of an IQ request.</summary>
    public Element Payload => View.ToElement().Elements.First();

    /// <summary>The type attribute, or null.</summary>
    public string? Type => View.Attribute("type"u8);
}
