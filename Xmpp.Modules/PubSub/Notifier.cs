using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>
/// Tells subscribers what has become of a node (XEP-0060 §12.1 to §12.6): a notification is written once and copied for each. Of an
/// account's node also whoever sees its presence and says that it wants to know (XEP-0163 §4).
/// </summary>
internal sealed class Notifier(PubSubContext context)
{
    private static readonly ConditionalWeakTable<DiscoInfo, FrozenSet<string>> _wanted = [];

    /// <summary>The nodes that a client wants to hear of (XEP-0060 §9.2); null when it isn't known what it can do.</summary>
    public FrozenSet<string>? WantedBy(ISession session) => context.Capabilities.Find(session) is { } info ? WantedBy(info) : null;

    public static FrozenSet<string> WantedBy(DiscoInfo info) => _wanted.GetValue(info, static info =>
        info.Features.Where(feature => feature.EndsWith("+notify", StringComparison.Ordinal))
            .Select(feature => feature[..^"+notify".Length]).ToFrozenSet());

    /// <summary>Whether an available client wants to hear of a node.</summary>
    public bool IsWantedBy(ISession session, string node) => session.Presence is not null && WantedBy(session)?.Contains(node) == true;

    /// <summary>Whether one of an account's clients does.</summary>
    public bool IsWantedBy(Jid account, string node)
    {
        foreach (var session in context.Sessions.Of(account))
        {
            if (IsWantedBy(session, node))
                return true;
        }
        return false;
    }

    /// <summary>Sends a notification to everybody who is to know.</summary>
    /// <param name="content">Of the <c>event</c>.</param>
    public async ValueTask SendAsync(Node node, Element content, CancellationToken cancellationToken)
    {
        var type = node.Configuration.Headlines ? "headline" : "normal";
        var message = PubSubXml.Event(node.Owner, type, content);
        var stanza = BroadcastStanza.Of(message);
        var sessions = new HashSet<ISession>();
        var remote = new HashSet<Jid>();
        if (node.IsPersonal)
            await AddImplicitAsync(node, sessions, remote, cancellationToken);
        foreach (var client in remote)
            context.Stanzas.Send(stanza, client);
        List<Task>? kept = null;
        var to = new List<(ISession Session, Jid Address)>(sessions.Select(session => (session, session.Jid)));
        foreach (var member in node.Members.Values)
        {
            if (member.Subscription != NodeSubscription.Subscribed || !SubscriptionOptions.IsDelivered(member)
                || await context.CheckAsync(node, NodeOperation.Retrieve, member.Jid, cancellationToken) is not null)
            {
                continue;
            }
            if (!context.Hosts.IsLocal(member.Jid))
            {
                if (!remote.Any(client => client == member.Jid || client.Bare == member.Jid))
                    context.Stanzas.Send(stanza, member.Jid);
            }
            else if (!AddSessions(node, member.Jid, sessions, to) && type == "normal" && !node.Configuration.OnlyToAvailable
                && !(node.IsPersonal && sessions.Any(session => session.Jid.Bare == member.Jid)))
                (kept ??= []).Add(context.Stanzas.SendMessageAsync(message.With("to", member.Jid.ToString()), cancellationToken).AsTask());
        }
        await SendAsync(node, type, stanza, to, cancellationToken);
        if (kept is not null)
            await Task.WhenAll(kept);
    }

    /// <summary>Sends the last item to a subscriber, or a client of somebody who sees the account's presence.</summary>
    public async ValueTask SendLastAsync(Node node, Jid subscriber, CancellationToken cancellationToken)
    {
        if (!node.Configuration.Notifies
            || await node.Last.GetAsync(node, context.Store, context.Time, cancellationToken) is not { } stanza)
        {
            return;
        }
        if (!context.Hosts.IsLocal(subscriber))
        {
            context.Stanzas.Send(stanza, subscriber);
            return;
        }
        var to = new List<(ISession, Jid)>();
        AddSessions(node, subscriber, [], to);
        await SendAsync(node, node.Configuration.Headlines ? "headline" : "normal", stanza, to, cancellationToken);
    }

    /// <summary>Sends a client what it has missed of an account's nodes: the last items (XEP-0163 §4.3.4).</summary>
    /// <param name="wanted">The nodes that it wants to hear of.</param>
    public async ValueTask SendLastAsync(
        Jid account, ISession session, FrozenSet<string> wanted, CancellationToken cancellationToken)
    {
        foreach (var node in (await context.Nodes.OfAsync(account, cancellationToken)).Values)
        {
            if (!wanted.Contains(node.Name) || node.Configuration is not { SendLast: SendLast.OnSubAndPresence, Notifies: true }
                || !await IsToKnowAsync(node, session.Jid, cancellationToken)
                || await node.Last.GetAsync(node, context.Store, context.Time, cancellationToken) is not { } stanza)
            {
                continue;
            }
            await SendAsync(
                node, node.Configuration.Headlines ? "headline" : "normal", stanza, [(session, session.Jid)], cancellationToken);
        }
    }

    /// <summary>The same for a client at another server.</summary>
    public async ValueTask SendLastAsync(Jid account, Jid client, FrozenSet<string> wanted, CancellationToken cancellationToken)
    {
        foreach (var node in (await context.Nodes.OfAsync(account, cancellationToken)).Values)
        {
            if (wanted.Contains(node.Name) && node.Configuration is { SendLast: SendLast.OnSubAndPresence, Notifies: true }
                && await IsToKnowAsync(node, client, cancellationToken) && await MayTellAsync(node, client.Bare, cancellationToken)
                && await node.Last.GetAsync(node, context.Store, context.Time, cancellationToken) is { } stanza)
            {
                context.Stanzas.Send(stanza, client);
            }
        }
    }

    /// <summary>A message to one, about a subscription.</summary>
    public async ValueTask TellAsync(Jid from, Jid to, Element content, CancellationToken cancellationToken) =>
        await context.Stanzas.SendMessageAsync(
            new Element(Namespaces.Client, "message", Element.Attr("from", from.ToString()), Element.Attr("to", to.ToString()), content),
            cancellationToken);

    /// <summary>Clients that want to know: the account's own, and those of whoever sees its presence and may know (XEP-0163 §4.3).</summary>
    /// <param name="remote">Of those, clients at other servers.</param>
    private async ValueTask AddImplicitAsync(
        Node node, HashSet<ISession> sessions, HashSet<Jid> remote, CancellationToken cancellationToken)
    {
        AddWho(node, node.Owner, sessions);
        if (node.Configuration.Access is AccessModel.Whitelist or AccessModel.Authorize && node.Members.IsEmpty
            || await context.Rosters.GetAsync(node.Owner, cancellationToken) is not { } roster)
        {
            return;
        }
        foreach (var entry in roster.Entries.ToArray())
        {
            var contact = entry.Contact.Bare;
            if ((entry.Subscription & SubscriptionState.From) == 0)
                continue;
            var clients = context.Hosts.IsLocal(contact) ? [] : context.RemoteCapabilities.Of(contact);
            if ((context.Sessions.Of(contact).IsEmpty && clients.IsEmpty)
                || await context.CheckAsync(node, NodeOperation.Retrieve, contact, cancellationToken) is not null)
            {
                continue;
            }
            AddWho(node, contact, sessions);
            if (clients.IsEmpty || !await MayTellAsync(node, contact, cancellationToken))
                continue;
            remote.UnionWith(clients
                .Where(client => client.Info is { } info && WantedBy(info).Contains(node.Name)).Select(client => client.Jid));
        }
    }

    private void AddWho(Node node, Jid account, HashSet<ISession> sessions)
    {
        foreach (var session in context.Sessions.Of(account))
        {
            if (IsWantedBy(session, node.Name))
                sessions.Add(session);
        }
    }

    /// <summary>Whether somebody who wants to know of an account's node is told.</summary>
    private async ValueTask<bool> IsToKnowAsync(Node node, Jid person, CancellationToken cancellationToken) =>
        person.Bare == node.Owner
        || (await context.Rosters.GetAsync(node.Owner, cancellationToken) is { } roster && roster.IsSubscribed(person.Bare)
            && await context.CheckAsync(node, NodeOperation.Retrieve, person, cancellationToken) is null);

    /// <summary>Adds the clients of a subscriber that aren't among those who know already.</summary>
    /// <returns>Whether there is one.</returns>
    private bool AddSessions(Node node, Jid subscriber, HashSet<ISession> known, List<(ISession Session, Jid Address)> to)
    {
        if (subscriber.IsFull)
        {
            if (context.Sessions.Find(subscriber) is not { } session)
                return false;
            if (known.Add(session))
                to.Add((session, subscriber));
            return true;
        }
        var isThere = false;
        foreach (var session in context.Sessions.Of(subscriber))
        {
            if (session.Presence is not { TakesMessages: true })
                continue;
            isThere = true;
            if (known.Add(session))
                to.Add((session, node.IsPersonal ? session.Jid : subscriber));
        }
        return isThere;
    }

    private async ValueTask SendAsync(
        Node node, string type, BroadcastStanza stanza, List<(ISession Session, Jid Address)> to, CancellationToken cancellationToken)
    {
        if (context.Guards.HasGuards)
        {
            // Whoever has several clients is asked of once for each: their rules are in memory.
            for (var i = to.Count - 1; i >= 0; i--)
            {
                if (to[i].Session.Jid.Bare != node.Owner && !await PassesAsync(node, type, to[i].Session.Jid, cancellationToken))
                    to.RemoveAt(i);
            }
        }
        if (to.Count == 1)
            to[0].Session.Send(stanza, to[0].Address);
        else if (to.Count > 1)
            context.Sessions.Together((to, stanza), static state => Send(state.to, state.stanza));
    }

    private static bool Send(List<(ISession Session, Jid Address)> to, BroadcastStanza stanza)
    {
        foreach (var (session, address) in to)
            session.Send(stanza, address);
        return true;
    }

    /// <summary>Whether an account has not blocked somebody at another server.</summary>
    private async ValueTask<bool> MayTellAsync(Node node, Jid contact, CancellationToken cancellationToken) =>
        !context.Guards.HasGuards || (await context.Guards.CheckAsync(
            new(StanzaKind.Message, node.Owner, MessageDirection.Sent, contact, node.Configuration.Headlines ? "headline" : "normal"),
            cancellationToken)).Passes;

    /// <summary>XEP-0163 §4.3.2: who is blocked, by either side, is told nothing.</summary>
    private async ValueTask<bool> PassesAsync(Node node, string type, Jid to, CancellationToken cancellationToken) =>
        (!node.IsPersonal
            || (await context.Guards.CheckAsync(
                new(StanzaKind.Message, node.Owner, MessageDirection.Sent, to, type), cancellationToken)).Passes)
        && (await context.Guards.CheckAsync(
            new(StanzaKind.Message, to.Bare, MessageDirection.Received, node.Owner, type), cancellationToken)).Passes;
}
