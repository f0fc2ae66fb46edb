using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Core.Modules;

/// <summary>
/// The ways to whom this server doesn't answer for itself: components that have connected to it (XEP-0114), and other servers. What can't
/// be sent on in the end comes back as an error from whom it was for.
/// </summary>
public interface IRemoteDomains
{
    /// <summary>Whether there is a way to the address, open or not.</summary>
    bool IsKnown(Jid address);

    /// <summary>Sends a stanza to somebody who is not local. Never waits: who doesn't read loses its connection.</summary>
    /// <param name="to">As the stanza says.</param>
    /// <param name="stanza">Complete with its addresses, UTF-8 for the namespace "jabber:client"; copied.</param>
    /// <returns>What its sender is to be told; null when it is on its way.</returns>
    StanzaError? Send(Jid to, ReadOnlySpan<byte> stanza);

    /// <inheritdoc cref="Send(Jid, ReadOnlySpan{byte})"/>
    StanzaError? Send(Jid to, Element stanza);

    /// <summary>Asks somebody who is not local something.</summary>
    /// <param name="from">Who asks: a host of this server, or the bare JID of an account.</param>
    /// <param name="payload">The one child of the IQ.</param>
    /// <param name="patience">How long to wait for the answer.</param>
    /// <returns>
    /// The answer whole, an IQ of type "result" or "error"; an error also when the request could not be sent. Null when no answer came in
    /// time, or too many are waited for.
    /// </returns>
    ValueTask<Element?> AskAsync(
        Jid to, Jid from, IqType type, Element payload, TimeSpan patience, CancellationToken cancellationToken);
}
