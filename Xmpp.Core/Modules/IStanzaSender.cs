using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>Sends what no session says: the server's own messages and those of modules that speak for somebody.</summary>
public interface IStanzaSender
{
    /// <summary>Takes a message to its recipient through all the stages, as if it came from elsewhere.</summary>
    /// <param name="message">With 'from' and 'to'.</param>
    /// <returns>Why it was not taken, or null. Nobody is told.</returns>
    ValueTask<StanzaError?> SendMessageAsync(Element message, CancellationToken cancellationToken);

    /// <summary>Asks an account of this server something that everybody may ask it, in the name of somebody at a service.</summary>
    /// <param name="account">A bare JID.</param>
    /// <param name="from">Who asks, as the account's guards see it.</param>
    ValueTask<IqReply> AskAsync(Jid account, Jid from, IqType type, Element payload, CancellationToken cancellationToken);

    /// <summary>
    /// Sends a stanza of a service to whoever it is addressed to: the client of this server that has the full JID, or who is not local.
    /// Never waits. A message to an account is <see cref="SendMessageAsync"/>'s.
    /// </summary>
    /// <param name="to">The address, which is put in.</param>
    /// <returns>Why it reaches nobody, as far as that is known at once; or null.</returns>
    StanzaError? Send(BroadcastStanza stanza, Jid to);

    /// <inheritdoc cref="Send(BroadcastStanza, Jid)"/>
    /// <param name="stanza">With 'from' and 'to'.</param>
    StanzaError? Send(Element stanza, Jid to);
}
