using Xmpp.Core.Extensions;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.PubSub;

/// <summary>
/// The notification of a node's last item, as it is sent to who comes later: read when it is first wanted and written once for all. Big
/// ones are not kept in memory.
/// </summary>
/// <param name="items">Of which it is the last one, if they are known; else the store says which it is.</param>
internal sealed class LastItem(params IReadOnlyList<StoredItem> items)
{
    private const int MaxKeptBytes = 16 * 1024;

    /// <summary>Of what was published so much is kept until somebody wants it: nobody may ever.</summary>
    private const int MaxPublishedBytes = 2 * 1024;

    private StoredItem? _published = items is [.., { Payload.Length: <= MaxPublishedBytes } last] ? last : null;
    private volatile Answer? _known;
    private volatile object? _derived;

    /// <summary>What somebody remembers of what it says, until there is another one.</summary>
    public object? Derived
    {
        get => _derived;
        set => _derived = value;
    }

    /// <summary>Null when there is none that may still be told.</summary>
    public async ValueTask<BroadcastStanza?> GetAsync(Node node, IPubSubStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        if (_known is { } known)
            return IsOver(node, known.At, time) ? null : known.Stanza;

        var last = _published is { } published
            ? [published]
            : await store.ReadItemsAsync(node.Owner, node.Name, new(IsFromEnd: true), 1, cancellationToken);
        if (last is not [var item])
        {
            _known = new(null, default);
            return null;
        }

        var stanza = BroadcastStanza.Of(PubSubXml.Event(
            node.Owner, node.Configuration.Headlines ? "headline" : "normal",
            new Element(PubSubXml.EventNs, "items", Element.Attr("node", node.Name),
                Items.ToElement(item, PubSubXml.EventNs, node, node.Configuration.DeliversPayloads)),
            new Delay(item.Position.Time).ToElement()));
        if (stanza.Utf8.Length <= MaxKeptBytes)
            (_known, _published) = (new(stanza, item.Position.Time), null);
        return IsOver(node, item.Position.Time, time) ? null : stanza;
    }

    private static bool IsOver(Node node, DateTimeOffset at, TimeProvider time) =>
        node.Configuration.ItemExpire is { } age && at + age < time.GetUtcNow();

    private sealed record Answer(BroadcastStanza? Stanza, DateTimeOffset At);
}
