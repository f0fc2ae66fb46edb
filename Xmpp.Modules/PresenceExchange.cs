using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rosters;

namespace Xmpp.Modules;

/// <summary>What clients do by presence stanzas (RFC 6121 §3, §4): come and go, subscribe, direct presence to somebody, probe.</summary>
public sealed class PresenceExchange(
    Presences presences, Subscriptions subscriptions, ClientCapabilities capabilities, RemoteCapabilities remoteCapabilities,
    IHostDirectory hosts, IRemoteDomains remote) : IXmppModule
{
    public void Register(IModuleBuilder builder)
    {
        builder.StreamFeature(NegotiationPhase.Authenticated, _ => new Element("urn:xmpp:features:pre-approval", "sub"));
        builder.Presence(HandleAsync);
        builder.RemotePresence(HandleRemoteAsync);
        builder.Forwarding(payload: null, MayAskAsync);
        builder.SessionRestored(GreetAsync);
        builder.SessionEnded(session => presences.GoOfflineAsync(
            session, PresenceStanzas.Unavailable(session.Jid), hasEnded: true, CancellationToken.None));
    }

    /// <summary>Nobody has told a session of contacts who left while the server did not run.</summary>
    private async ValueTask GreetAsync(ISession session)
    {
        if (session.Presence is not { } presence)
            return;
        capabilities.Note(session, presence.Stanza.ToElement(), isInitial: false);
        await presences.RefreshAsync(session, CancellationToken.None);
    }

    /// <summary>§8.5.3.1: who may not see a client asks it nothing, and learns no more than if it weren't there.</summary>
    private async ValueTask<StanzaError?> MayAskAsync(Jid asker, Jid target, CancellationToken cancellationToken) =>
        await presences.MaySeeAsync(asker, target, cancellationToken) ? null : StanzaError.Of(StanzaErrorCondition.ServiceUnavailable);

    private async ValueTask HandleAsync(PresenceRequest presence, CancellationToken cancellationToken)
    {
        if (await ExecuteAsync(presence, cancellationToken) is { } error)
            Refuse(presence, error);
    }

    /// <returns>What the client is told when it can't be done.</returns>
    private async ValueTask<StanzaError?> ExecuteAsync(PresenceRequest presence, CancellationToken cancellationToken)
    {
        var session = presence.Session;
        switch (presence)
        {
            case { To: null, Type: null }:
                if (!AvailablePresence.TryRead(presence.Stanza, out var available))
                    return StanzaError.Of(StanzaErrorCondition.BadRequest); // §4.7.2.3
                var isInitial = session.Presence is null;
                await presences.GoOnlineAsync(session, available, cancellationToken);
                capabilities.Note(session, presence.Stanza, isInitial);
                if (isInitial)
                    await subscriptions.AskAgainAsync(session.Jid.Bare, cancellationToken);
                return null;
            case { To: null, Type: "unavailable" }:
                await presences.GoOfflineAsync(session, presence.Stanza, hasEnded: false, cancellationToken);
                return null;
            case { To: { } to, Type: null or "unavailable" }:
                return await presences.DirectAsync(session, to, presence.Stanza, cancellationToken);
            case { Type: "error" }:
                if (presence.To is { } sender)
                    await presences.ReturnErrorAsync(session, sender, presence.Stanza, cancellationToken);
                return null;
            case { Type: "probe" }:
                await ProbeAsync(presence, cancellationToken);
                return null; // §4.3: a probe is never a client's mistake.
            case { To: { } to } when PresenceStanzas.SubscriptionTypeOf(presence.Type) is { } type:
                var (account, contact) = (session.Jid.Bare, to.Bare); // §3.1.2, rule 1; §3, the first note
                return await subscriptions.SendAsync(
                    account, contact, type,
                    presence.Stanza.With("from", account.ToString()).With("to", contact.ToString()), cancellationToken);
            default:
                return StanzaError.Of(StanzaErrorCondition.BadRequest); // §4.7.1 knows no other type.
        }
    }

    private async ValueTask<StanzaError?> HandleRemoteAsync(RemotePresence presence, CancellationToken cancellationToken)
    {
        var (from, to) = (presence.From, presence.To);
        switch (presence.Type)
        {
            case null or "unavailable" or "error":
                if (await presences.ReceiveAsync(presence, cancellationToken))
                {
                    await presences.PassToWatchersAsync(presence, cancellationToken);
                    await remoteCapabilities.NoteAsync(presence, cancellationToken);
                }
                return null;
            case "probe":
                // §4.3.2, rule 1.
                if (to.Local is not null && (await presences.CheckAsync(from, to, "probe", cancellationToken)).Passes
                    && !await presences.AnswerProbeAsync(from, session: null, to, presence.Stanza, cancellationToken))
                {
                    remote.Send(from, PresenceStanzas.Subscription(
                        to.Bare, SubscriptionType.Unsubscribed, from.Bare, presence.Stanza["id"]));
                }
                return null;
            default:
                return PresenceStanzas.SubscriptionTypeOf(presence.Type) is { } type
                    ? await subscriptions.ReceiveAsync(
                        to.Bare, from.Bare, type,
                        presence.Stanza.With("from", from.Bare.ToString()).With("to", to.Bare.ToString()), cancellationToken)
                    : StanzaError.Of(StanzaErrorCondition.BadRequest);
        }
    }

    /// <summary>§4.3.2.</summary>
    private async ValueTask ProbeAsync(PresenceRequest probe, CancellationToken cancellationToken)
    {
        var (session, stanza) = (probe.Session, probe.Stanza);
        var target = probe.To ?? session.Jid.Bare;
        if (!hosts.IsLocal(target))
        {
            if ((await presences.CheckAsync(session.Jid, target, "probe", cancellationToken)).Passes)
                remote.Send(target, stanza);
            return;
        }
        if (target.Local is null
            || !(await presences.CheckAsync(session.Jid, target, "probe", cancellationToken)).Passes
            || await presences.AnswerProbeAsync(session.Jid, session, target, stanza, cancellationToken))
        {
            return;
        }
        // Rule 1. Whoever has it that there is a subscription learns better in the usual way, others by this stanza only.
        var unsubscribed = PresenceStanzas.Subscription(target.Bare, SubscriptionType.Unsubscribed, session.Jid.Bare, stanza["id"]);
        if (!await subscriptions.CorrectAsync(session.Jid.Bare, target.Bare, unsubscribed, cancellationToken))
            session.Send(unsubscribed);
    }

    private static void Refuse(PresenceRequest presence, StanzaError error) => presence.Session.Send(
        new Element(Namespaces.Client, "presence",
            Element.Attr("type", "error"),
            Element.Attr("id", presence.Stanza["id"]),
            Element.Attr("from", presence.Stanza["to"]),
            Element.Attr("to", presence.Session.Jid.ToString()),
            error.ToElement()));
}
