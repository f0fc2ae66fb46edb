using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Modules.PubSub;

namespace Xmpp.Modules.Portability;

/// <content>The nodes of accounts (§4.9), each page of items as it is when its turn comes.</content>
public sealed partial class PortableWriter
{
    private const int MaxNodes = 100_000, PageItems = 100;

    private async Task WriteNodesAsync(Jid account, IPubSubStore store)
    {
        var nodes = await store.FindAllAsync(account, MaxNodes, CancellationToken.None);
        if (nodes.Count == 0)
            return;
        Write($"<pubsub xmlns='{PubSubXml.OwnerNs}'>\n");
        foreach (var element in nodes.SelectMany(PortableNodes.ToElements))
            Write(element, PubSubXml.OwnerNs);
        Write($"</pubsub>\n<pubsub xmlns='{PubSubXml.Ns}'>\n");
        foreach (var node in nodes)
        {
            Write("<items node='");
            Core.Xml.XmlStreamWriter.WriteEscaped(_buffer, node.Name);
            Write("'>\n");
            SortableId? last = null;
            IReadOnlyList<StoredItem> page;
            do
            {
                page = await store.ReadItemsAsync(account, node.Name, new(After: last), PageItems, CancellationToken.None);
                foreach (var item in page)
                    Write(PortableNodes.ToElement(item), PubSubXml.Ns);
                last = page.Count == 0 ? last : page[^1].Position;
            }
            while (page.Count == PageItems);
            Write("</items>\n");
        }
        Write("</pubsub>\n");
    }
}
