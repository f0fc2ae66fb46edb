using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Strangers;

/// <summary>
/// Lists of banned addresses that others publish ("RTBL"), followed: nodes (XEP-0060) whose items are named by the SHA-256, in hexadecimal,
/// of a bare JID or of a domain. What changes is known at once, and everything is asked for again now and then.
/// </summary>
/// <param name="host">Who subscribes: one of this server's that others reach.</param>
/// <param name="remote">The way to those who publish: other servers, or components.</param>
public sealed class PublishedBans(Func<string> host, IRemoteDomains remote, IServerTasks tasks, TimeProvider time)
{
    /// <summary>What those are told who are on a list.</summary>
    public static readonly StanzaError Refusal = StanzaError.Of(
        StanzaErrorCondition.PolicyViolation, "You are, or your server is, on a list of bans that this server follows.");

    private const string PubSub = "http://jabber.org/protocol/pubsub";
    private const string Events = "http://jabber.org/protocol/pubsub#event";
    private const string Rsm = "http://jabber.org/protocol/rsm";
    private const int PageItems = 250;

    // Not before listeners are there: answers may come by streams that others make.
    private static readonly TimeSpan FirstAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AgainAfter = TimeSpan.FromHours(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock _changing = new();
    private volatile IReadOnlyList<PublishedBanList> _lists = [];

    /// <summary>Follows these lists from now on, and no others.</summary>
    /// <param name="addresses">Of nodes, as <see cref="StrangerOptions.BanLists"/> has them.</param>
    /// <param name="entries">That are kept of each list.</param>
    public void Follow(IReadOnlyList<string> addresses, int entries)
    {
        lock (_changing)
        {
            var wanted = addresses.Select(Jid.Parse).Distinct().ToList();
            var kept = _lists.Where(list => list.MaxEntries == entries && wanted.Contains(list.Address)).ToList();
            foreach (var list in _lists.Except(kept))
                list.IsOver = true;
            var added = wanted.Except(kept.Select(list => list.Address)).Select(address => new PublishedBanList(address, entries)).ToList();
            _lists = [.. kept, .. added];
            foreach (var list in added)
                tasks.Run($"The list of bans {list.Address}", cancellationToken => FollowAsync(list, cancellationToken));
        }
    }

    /// <summary>Whether a list has the address, or its domain.</summary>
    public bool Contains(Jid address)
    {
        var lists = _lists;
        if (lists.Count == 0)
            return false;
        var (domain, bare) = (HashOf(address.Domain), HashOf(address.Bare.ToString()));
        foreach (var list in lists)
        {
            if (list.Contains(bare) || list.Contains(domain))
                return true;
        }
        return false;
    }

    /// <summary>Takes a message for the server itself if it tells what has changed in one of the lists.</summary>
    public bool TryHear(Jid from, StanzaView message)
    {
        if (_lists.Count == 0 || !message.HasChild("http://jabber.org/protocol/pubsub#event"u8, "event"u8))
            return false;
        var about = message.ToElement().Child(Events, "event")!;
        var isHeard = false;
        foreach (var change in about.Elements)
        {
            if (_lists.FirstOrDefault(list => list.Service == from.Bare && list.Node == change["node"]) is not { } list)
                continue;
            isHeard = true;
            if (change.Name.Local is "purge" or "delete")
                list.Clear();
            foreach (var item in change.Elements)
            {
                if (item["id"] is { } id && change.Name.Local == "items")
                    list.Set(id, isBanned: item.Name.Local == "item");
            }
        }
        return isHeard;
    }

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private async ValueTask FollowAsync(PublishedBanList list, CancellationToken cancellationToken)
    {
        var wait = FirstAfter;
        while (true)
        {
            await Task.Delay(wait, time, cancellationToken);
            if (list.IsOver)
                return;
            wait = await RefreshAsync(list, cancellationToken) ? AgainAfter : RetryAfter;
        }
    }

    /// <summary>Subscribes, and reads all of a list; false when that can't be done.</summary>
    private async ValueTask<bool> RefreshAsync(PublishedBanList list, CancellationToken cancellationToken)
    {
        var subscribed = await AskAsync(list, IqType.Set,
            new Element(PubSub, "subscribe", Element.Attr("node", list.Node), Element.Attr("jid", host())), after: null, cancellationToken);
        list.BeginReading();
        var entries = new HashSet<string>();
        string? after = null;
        while (true)
        {
            var page = await AskAsync(
                list, IqType.Get, new Element(PubSub, "items", Element.Attr("node", list.Node)), after, cancellationToken);
            if (page is null)
                return false;
            var before = entries.Count;
            foreach (var item in page.Child(PubSub, "items")?.Elements ?? [])
            {
                if (item["id"] is { } id && entries.Count < list.MaxEntries)
                    entries.Add(id);
            }
            after = page.Child(Rsm, "set")?.Child(Rsm, "last")?.Text;
            if (after is null || entries.Count == before || entries.Count == list.MaxEntries)
                break;
        }
        list.Replace(entries);
        // Whoever gives the list without telling what changes in it is asked again sooner.
        return subscribed is not null;
    }

    /// <summary>What the service says; null when that is no result.</summary>
    private async ValueTask<Element?> AskAsync(
        PublishedBanList list, IqType type, Element request, string? after, CancellationToken cancellationToken)
    {
        var page = type == IqType.Get
            ? new Element(Rsm, "set", new Element(Rsm, "max", $"{PageItems}"), after is null ? null : new Element(Rsm, "after", after))
            : null;
        var answer = await remote.AskAsync(
            list.Service, Jid.Parse(host()), type, new Element(PubSub, "pubsub", request, page), Patience, cancellationToken);
        if (answer?["type"] == "result")
            return answer.Child(PubSub, "pubsub") ?? new Element(PubSub, "pubsub");
        var problem = answer is null ? "no answer" : StanzaError.Parse(answer)?.Condition.ToString();
        tasks.Note($"The list of bans {list.Address} can't be followed: {problem}");
        return null;
    }
}
