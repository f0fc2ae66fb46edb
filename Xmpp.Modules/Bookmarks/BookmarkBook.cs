using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.PubSub;

namespace Xmpp.Modules.Bookmarks;

/// <summary>
/// An account's bookmarks: each an item of one node (XEP-0402). The list of them (XEP-0048) is made when somebody asks for it, and a list that
/// somebody writes changes what differs. What of a list is no room stays beside, among the account's private XML.
/// </summary>
public sealed class BookmarkBook(PubSubContext context, IAccountDataStore data, Func<PrivateXmlOptions> limits)
{
    private readonly Publishing _publishing = new(context, new Notifier(context), new NodeCreation(context));

    /// <summary>The list.</summary>
    internal ValueTask<Element> ReadAsync(Jid account, CancellationToken cancellationToken) =>
        context.Nodes.ChangeAsync(account, BookmarkXml.Ns, async turn =>
        {
            await AdoptAsync(turn, cancellationToken);
            return await CollectAsync(account, cancellationToken);
        }, cancellationToken);

    /// <summary>The list, for whoever has the account's turn.</summary>
    internal async ValueTask<Element> CollectAsync(Jid account, CancellationToken cancellationToken) => new(BookmarkXml.List,
        (await ItemsAsync(account, cancellationToken)).Select(item => BookmarkXml.ToListed(item.Key, item.Value)),
        await FurtherAsync(account, cancellationToken));

    /// <summary>Makes bookmarks what a list says.</summary>
    /// <param name="publisher">Who has written it.</param>
    /// <param name="list">Its elements.</param>
    /// <returns>Null when it is done.</returns>
    internal ValueTask<StanzaError?> WriteAsync(
        Jid account, Jid publisher, IReadOnlyList<Element> list, CancellationToken cancellationToken) =>
        context.Nodes.ChangeAsync(account, BookmarkXml.Ns, async turn =>
        {
            await AdoptAsync(turn, cancellationToken);
            var items = await ItemsAsync(account, cancellationToken);
            var rooms = await WriteRoomsAsync(turn, publisher, list, items, cancellationToken);
            if (rooms.Error is { } error || (error = await SetFurtherAsync(account, Further(list), cancellationToken)) is not null)
                return error;
            var gone = items.Keys.Where(id => !rooms.Listed!.Contains(id)).ToList();
            if (gone.Count > 0)
                await _publishing.RetractAsync(turn, gone, isToNotify: true, cancellationToken);
            return null;
        }, cancellationToken);

    /// <summary>Takes over what an account has from before it had the node, or brought along from elsewhere.</summary>
    internal async ValueTask AdoptAsync(Jid account, CancellationToken cancellationToken)
    {
        var nodes = await context.Nodes.OfAsync(account, cancellationToken);
        if (nodes.ContainsKey(BookmarkXml.ListNs) || !nodes.ContainsKey(BookmarkXml.Ns))
        {
            await context.Nodes.ChangeAsync(account, BookmarkXml.Ns, async turn =>
            {
                await AdoptAsync(turn, cancellationToken);
                return true;
            }, cancellationToken);
        }
    }

    private async ValueTask AdoptAsync(NodeTurn turn, CancellationToken cancellationToken)
    {
        var account = turn.Owner;
        var lists = new List<Element>();
        if (turn.Node is null && await data.FindAsync(account, PrivateXml.Kind, BookmarkXml.ListNs, cancellationToken) is { } stored)
            lists.AddRange(ListsIn(StoredXml.Read(stored)));
        var old = turn.Of(BookmarkXml.ListNs);
        if (old.Node is not null)
        {
            var last = await context.Store.ReadItemsAsync(account, old.Name, new(IsFromEnd: true), 1, cancellationToken);
            lists.AddRange(last.Where(item => !item.Payload.IsEmpty).Select(item => StoredXml.Read(item.Payload)));
        }
        if (lists.SelectMany(list => list.Elements).ToList() is { Count: > 0 } all)
        {
            var items = await ItemsAsync(account, cancellationToken);
            var added = all.Where(one => BookmarkXml.RoomOf(one) is { } room && !items.ContainsKey(room.ToString())).ToList();
            if ((await WriteRoomsAsync(turn, account, added, items, cancellationToken)).Error is not null)
                return; // They stay where they are.
            var known = await FurtherAsync(account, cancellationToken);
            await SetFurtherAsync(account, [.. Further(all).Concat(known).Distinct()], cancellationToken);
        }
        if (old.Node is not null)
        {
            await context.Store.RemoveAsync(account, old.Name, cancellationToken);
            old.Node = null;
        }
    }

    /// <summary>Publishes those of a list that differ from the items that there are.</summary>
    /// <returns>The ids of all that the list names, or why it can't be done.</returns>
    private async ValueTask<(HashSet<string>? Listed, StanzaError? Error)> WriteRoomsAsync(
        NodeTurn turn, Jid publisher, IReadOnlyList<Element> list, Dictionary<string, Element> items, CancellationToken cancellationToken)
    {
        var listed = new HashSet<string>();
        var changed = new List<(string? Id, Element? Payload)>();
        foreach (var one in list)
        {
            if (BookmarkXml.RoomOf(one) is not { } room)
                continue;
            // An id is what its client wrote.
            var id = one["jid"] is { } written && items.ContainsKey(written) ? written : room.ToString();
            if (listed.Add(id) && BookmarkXml.ToItem(one, items.GetValueOrDefault(id)) is { } item)
                changed.Add((id, item));
        }
        return changed.Count > 0
            && await _publishing.PublishAsync(turn, changed, publisher, NodeConfiguration.Private, cancellationToken) is { } error
                ? (null, error)
                : (listed, null);
    }

    private async ValueTask<Dictionary<string, Element>> ItemsAsync(Jid account, CancellationToken cancellationToken) =>
        (await context.Store.ReadItemsAsync(account, BookmarkXml.Ns, new(), context.Options.ItemsPerNode, cancellationToken))
            .Where(item => !item.Payload.IsEmpty)
            .ToDictionary(item => item.Id, item => StoredXml.Read(item.Payload));

    private static List<Element> Further(IEnumerable<Element> list) => [.. list.Where(one => BookmarkXml.RoomOf(one) is null)];

    private async ValueTask<List<Element>> FurtherAsync(Jid account, CancellationToken cancellationToken) =>
        await data.FindAsync(account, PrivateXml.Kind, BookmarkXml.ListNs, cancellationToken) is { } stored
            ? Further(ListsIn(StoredXml.Read(stored)).SelectMany(list => list.Elements))
            : [];

    private static IEnumerable<Element> ListsIn(Element query) => query.Elements.Where(child => child.Name == BookmarkXml.List);

    private async ValueTask<StanzaError?> SetFurtherAsync(Jid account, List<Element> further, CancellationToken cancellationToken)
    {
        if (further.Count == 0)
        {
            await data.RemoveAsync(account, PrivateXml.Kind, BookmarkXml.ListNs, cancellationToken);
            return null;
        }
        return await PrivateXml.KeepAsync(
            data, limits(), account, BookmarkXml.ListNs, [new Element(BookmarkXml.List, further)], cancellationToken);
    }
}
