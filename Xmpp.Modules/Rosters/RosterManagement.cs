using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rosters;

/// <summary>Rosters as clients see them (RFC 6121 §2): get, set and remove, pushes and versions.</summary>
public sealed class RosterManagement(RosterDirectory rosters, Subscriptions subscriptions) : IXmppModule
{
    /// <summary>With more changes than this a client that was away gets the whole roster: it is less to send (§2.6.3).</summary>
    private const int MaxInterimPushes = 100;

    public void Register(IModuleBuilder builder)
    {
        builder.StreamFeature(NegotiationPhase.Authenticated, _ => new Element("urn:xmpp:features:rosterver", "ver"));
        builder.Iq(IqType.Get, IqTarget.OwnAccount, RosterItem.Query, GetAsync);
        builder.Iq(IqType.Set, IqTarget.OwnAccount, RosterItem.Query, SetAsync);
        // §2.1.5, §2.3.3: a roster is its owner's business, whoever else there may be.
        builder.Iq(IqType.Get, IqTarget.OtherAccount, RosterItem.Query, (_, _) => new(IqReply.Failed(StanzaErrorCondition.Forbidden)));
        builder.Iq(IqType.Set, IqTarget.OtherAccount, RosterItem.Query, (_, _) => new(IqReply.Failed(StanzaErrorCondition.Forbidden)));
        builder.AccountRemoving(account => subscriptions.RemoveAccountAsync(account, CancellationToken.None));
        builder.AccountRemoved(rosters.ForgetAsync);
    }

    /// <summary>§2.1.3, §2.6. The answer goes out in the roster's turn: no push may pass it by.</summary>
    private ValueTask<IqReply> GetAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (iq.Payload.Elements.Any(child => child.Name == RosterItem.Item))
            return new(IqReply.Failed(StanzaErrorCondition.BadRequest)); // §2.1.3
        return rosters.ChangeAsync<IqReply>(iq.To, turn =>
        {
            if (turn.Roster is not { } roster)
                return new(IqReply.Failed(StanzaErrorCondition.ItemNotFound)); // §2.1.4
            // A component is told of changes when it is to be, whether it asks or not.
            if (iq.Session is { } session)
                RosterDirectory.Turn.Interest(session);
            if (RosterItem.ParseVersion(iq.Payload["ver"]) is { } version && version >= roster.Floor && version <= roster.Version
                && roster.ChangesSince(version) is { Count: <= MaxInterimPushes } changes)
            {
                iq.Send(iq.ToStanza(IqReply.Result()));
                foreach (var (contact, changedAt, item) in changes)
                    iq.Send(Push(iq, contact, changedAt, item));
            }
            else
            {
                iq.Send(iq.ToStanza(IqReply.Result(RosterItem.Result(roster))));
            }
            return new(IqReply.Sent);
        }, cancellationToken);
    }

    /// <summary>§2.3-2.5: the result first, then the pushes.</summary>
    private async ValueTask<IqReply> SetAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        var items = iq.Payload.Elements.Where(child => child.Name == RosterItem.Item).ToList();
        if (items is not [var item] || item["jid"] is not { } address)
            return IqReply.Failed(StanzaErrorCondition.BadRequest);
        if (!Jid.TryParse(address, out var contact))
            return IqReply.Failed(StanzaErrorCondition.JidMalformed);
        StanzaError? error;
        // §2.1.5: of 'subscription' nothing else counts.
        if (item["subscription"] == "remove")
        {
            error = await subscriptions.RemoveItemAsync(iq.To, contact, Succeed, cancellationToken);
        }
        else
        {
            var (name, groups) = RosterItem.Read(item);
            error = await subscriptions.SetItemAsync(iq.To, contact, name, groups, Succeed, cancellationToken);
        }
        return error is null ? IqReply.Sent : IqReply.Failed(error);

        void Succeed() => iq.Send(iq.ToStanza(IqReply.Result()));
    }

    private static Element Push(IqRequest iq, Jid contact, long version, RosterEntry? item)
    {
        var push = RosterItem.Push(contact, version, item).With("to", iq.From.ToString());
        return iq.Session is null ? push.With("from", iq.To.ToString()) : push;
    }
}
