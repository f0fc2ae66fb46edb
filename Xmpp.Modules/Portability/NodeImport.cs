using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Modules.PubSub;

namespace Xmpp.Modules.Portability;

/// <summary>Puts an account's nodes into a store as a document gives them, a few items at a time.</summary>
public sealed class NodeImport(Jid account, IPubSubStore store, DateTimeOffset now, LeftOut leftOut)
{
    private const int MaxNodes = 100_000;
    private const int BatchItems = 100;
    private const int BatchBytes = 4 * 1024 * 1024;

    private readonly List<StoredItem> _items = [];
    private UInt128 _position = Items.StartOf(now).Value;
    private string? _node;
    private int _bytes;

    /// <summary>A node, or how one is configured that is there by now.</summary>
    public async ValueTask AddAsync(StoredNode node)
    {
        node = node with { Created = now };
        switch (await store.AddAsync(node, MaxNodes, [], CancellationToken.None))
        {
            case NodeOutcome.Exists:
                await store.ApplyAsync(account, node.Name, new() { Settings = node.Settings, Saved = node.Members }, CancellationToken.None);
                break;
            case NodeOutcome.TooMany:
                leftOut.Add("a node too many");
                break;
        }
    }

    /// <summary>An item, behind those before.</summary>
    public async ValueTask AddAsync(PortableItem item)
    {
        if (item.Node != _node)
            await FlushAsync();
        _node = item.Node;
        var position = new SortableId(++_position);
        _items.Add(new(item.Id ?? position.ToString(), position, item.Publisher, item.Payload));
        _bytes += item.Payload.Length;
        if (_items.Count >= BatchItems || _bytes >= BatchBytes)
            await FlushAsync();
    }

    /// <summary>Stores what has come so far.</summary>
    public async ValueTask FlushAsync()
    {
        if (_node is not null && _items.Count > 0
            && !await store.PublishAsync(account, _node, [.. _items], int.MaxValue, CancellationToken.None))
        {
            await AddAsync(PortableNodes.Default(account, _node));
            await store.PublishAsync(account, _node, [.. _items], int.MaxValue, CancellationToken.None);
        }
        _items.Clear();
        _bytes = 0;
    }
}
