using System.Collections.Frozen;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Modules.Bookmarks;

namespace Xmpp.Modules.PubSub;

/// <summary>
/// XEP-0163 Personal Eventing: each account is a service of its own, whose contacts are subscribed to what their clients say that they
/// want. By it come OMEMO's keys, bookmarks, avatars, moods and whatever else clients tell each other or keep for themselves.
/// </summary>
[Xep(163, "1.2.2")]
[Xep(222, "1.0")]
[Xep(223, "1.1.1")]
public sealed class PersonalEventing(PubSubContext context, BookmarkBook? bookmarks) : IXmppModule
{
    private readonly PubSubEngine _engine = new(context);
    private readonly NodeDiscovery _discovery = new(context);
    private readonly BookmarkList? _bookmarks = bookmarks is null ? null : new(context, bookmarks);

    public void Register(IModuleBuilder builder)
    {
        const IqTarget accounts = IqTarget.OwnAccount | IqTarget.OtherAccount;
        builder.Identity(accounts, new DiscoIdentity("pubsub", "pep"));
        foreach (var feature in NodeDiscovery.OfAccount)
            builder.Feature(accounts, feature);
        foreach (var type in Enum.GetValues<IqType>())
        {
            builder.Iq(type, accounts, PubSubXml.Request, (iq, cancellationToken) => AnswerAsync(iq, type, cancellationToken));
            builder.Iq(type, accounts, PubSubXml.OwnerRequest, (iq, cancellationToken) => AnswerAsync(iq, type, cancellationToken));
        }
        builder.Items(accounts, (query, cancellationToken) => _discovery.ListAsync(query.Entity, query.Asker, cancellationToken));
        builder.Node(accounts, DescribeAsync);
        builder.CapabilitiesKnown(SendLastAsync);
        builder.PresenceShown(SendLastAsync);
        builder.RemoteCapabilitiesKnown((account, client, info, cancellationToken) =>
            _engine.Notifier.SendLastAsync(account, client, Notifier.WantedBy(info), cancellationToken));
        builder.AccountRemoved(context.Nodes.ForgetAsync);
    }

    private async ValueTask<IqReply> AnswerAsync(IqRequest iq, IqType type, CancellationToken cancellationToken)
    {
        var request = new PubSubRequest(iq.To, iq.To.Domain, iq.From, type, iq.Payload);
        return (_bookmarks is null ? null : await _bookmarks.AnswerAsync(request, cancellationToken))
            ?? await _engine.AnswerAsync(request, cancellationToken);
    }

    private async ValueTask<DiscoNode?> DescribeAsync(DiscoQuery query, string node, CancellationToken cancellationToken) =>
        await _discovery.DescribeAsync(query.Entity, node, query.Asker, cancellationToken) is { } info
            ? new DiscoNode(info, await _discovery.ListItemsAsync(query.Entity, node, query.Asker, cancellationToken) ?? [])
            : null;

    /// <summary>
    /// A client has come, or wants to know more than before: it gets the last items of its own account, and of those whose presence it sees
    /// (§4.3.4).
    /// </summary>
    /// <param name="before">What it could do before; null when it has just come.</param>
    private async ValueTask SendLastAsync(ISession session, DiscoInfo? before, CancellationToken cancellationToken)
    {
        var wanted = _engine.Notifier.WantedBy(session) ?? [];
        if (before is not null)
            wanted = wanted.Except(Notifier.WantedBy(before)).ToFrozenSet();
        if (wanted.Count == 0)
            return;
        var account = session.Jid.Bare;
        await _engine.Notifier.SendLastAsync(account, session, wanted, cancellationToken);
        if (await context.Rosters.GetAsync(account, cancellationToken) is not { } roster)
            return;
        foreach (var entry in roster.Entries.ToArray())
        {
            if ((entry.Subscription & SubscriptionState.To) != 0 && entry.Contact.Local is not null && context.Hosts.IsLocal(entry.Contact))
                await _engine.Notifier.SendLastAsync(entry.Contact.Bare, session, wanted, cancellationToken);
        }
    }

    /// <summary>Somebody sees an account's presence from now on: access that follows it does so at once (§3).</summary>
    private async ValueTask SendLastAsync(Jid account, Jid watcher, CancellationToken cancellationToken)
    {
        foreach (var session in context.Sessions.Of(watcher).ToArray())
        {
            if (session.Presence is not null && _engine.Notifier.WantedBy(session) is { Count: > 0 } wanted)
                await _engine.Notifier.SendLastAsync(account, session, wanted, cancellationToken);
        }
        foreach (var client in context.RemoteCapabilities.Of(watcher))
        {
            if (client.Info is { } info)
                await _engine.Notifier.SendLastAsync(account, client.Jid, Notifier.WantedBy(info), cancellationToken);
        }
    }
}
