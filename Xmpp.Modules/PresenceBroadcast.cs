using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>
/// Presence between the resources of an account, and directed presence between accounts of this server
/// (RFC 6121 §4.2-4.6). Subscription requests are refused: there is no roster to put them in.
/// </summary>
public sealed class PresenceBroadcast(ISessionDirectory sessions) : IXmppModule
{
    public void Register(IModuleBuilder builder)
    {
        builder.Presence((presence, _) => HandleAsync(presence));
        builder.SessionEnded(session =>
        {
            GoOffline(session, Unavailable(session));
            return default;
        });
    }

    private async ValueTask HandleAsync(PresenceRequest presence)
    {
        switch (presence)
        {
            case { Type: "error" }:
                break;
            case { To: { } to, Type: null or "unavailable" }:
                Direct(presence.Stanza, to);
                break;
            case { Type: "unavailable" }:
                GoOffline(presence.Session, presence.Stanza);
                break;
            case { Type: null } when AvailablePresence.TryRead(presence.Stanza, out var available):
                await GoOnlineAsync(presence.Session, available);
                break;
            case { Type: null }:
                Refuse(presence, StanzaErrorCondition.BadRequest); // RFC 6121 §4.7.2.3
                break;
            default:
                Refuse(presence, StanzaErrorCondition.ServiceUnavailable);
                break;
        }
    }

    /// <summary>§4.2.2, §4.4.2: to all available resources of the account, this one included; a newcomer learns of the others.</summary>
    private async ValueTask GoOnlineAsync(ISession session, AvailablePresence presence)
    {
        var isInitial = session.Presence is null;
        await sessions.MakeAvailableAsync(session, presence);
        foreach (var resource in sessions.Of(session.Jid.Bare))
        {
            if (resource.Presence is not { } known)
                continue;
            resource.Send(presence.Stanza, resource.Jid);
            if (isInitial && resource != session)
                session.Send(known.Stanza, session.Jid);
        }
    }

    /// <summary>§4.5.2.</summary>
    private void GoOffline(ISession session, Element unavailable)
    {
        if (session.Presence is null)
            return;
        session.Presence = null;
        foreach (var resource in sessions.Of(session.Jid.Bare))
        {
            if (resource.Presence is not null)
                resource.Send(unavailable.With("to", resource.Jid.ToString()));
        }
    }

    /// <summary>§4.6.3, §8.5.2.1.2, §8.5.3.2.2: to the resource, or to all available ones; to nobody without a word.</summary>
    private void Direct(Element presence, Jid to)
    {
        if (to.IsFull)
        {
            sessions.Find(to)?.Send(presence);
            return;
        }
        foreach (var resource in sessions.Of(to))
        {
            if (resource.Presence is not null)
                resource.Send(presence);
        }
    }

    private static Element Unavailable(ISession session) => new(Namespaces.Client, "presence",
        Element.Attr("type", "unavailable"), Element.Attr("from", session.Jid.ToString()));

    private static void Refuse(PresenceRequest presence, StanzaErrorCondition condition) => presence.Session.Send(
        new Element(Namespaces.Client, "presence",
            Element.Attr("type", "error"),
            Element.Attr("id", presence.Stanza["id"]),
            Element.Attr("from", presence.Stanza["to"]),
            Element.Attr("to", presence.Session.Jid.ToString()),
            StanzaError.Of(condition).ToElement()));
}
