using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Archive;

/// <summary>Finds archived messages that other messages name by the id that their sender gave them.</summary>
/// <param name="lookBack">So many messages of the conversation are looked at, the newest first.</param>
internal sealed class EarlierMessages(IArchiveStore archive, int lookBack)
{
    private const int PageMessages = 50;

    /// <summary>The newest message of that id in what an account has with somebody, or null.</summary>
    /// <param name="with">A bare JID, or a full one for that resource.</param>
    /// <param name="isIncoming">Whether the account received it.</param>
    public async ValueTask<(ArchiveEntry Entry, Element Message)?> FindAsync(
        Jid account, Jid with, string id, bool isIncoming, CancellationToken cancellationToken)
    {
        var (query, utf8) = (new ArchiveQuery { With = with }, Encoding.UTF8.GetBytes(id));
        for (var left = lookBack; left > 0; left -= PageMessages)
        {
            var page = await archive.ReadAsync(account, query, Math.Min(left, PageMessages), isFromEnd: true, cancellationToken);
            foreach (var entry in page?.Messages.Reverse() ?? [])
            {
                if (entry.IsIncoming == isIncoming && MayHave(entry, utf8)
                    && Element.Parse(entry.Stanza) is var message && message["id"] == id)
                {
                    return (entry, message);
                }
            }
            if (page is null or { IsComplete: true })
                return null;
            query = query with { Before = page.Messages[0].Id };
        }
        return null;
    }

    /// <summary>Spares making trees of those that don't contain the id; one that XML writes otherwise may be there all the same.</summary>
    private static bool MayHave(ArchiveEntry entry, byte[] utf8)
    {
        var stanza = entry.Stanza.Span;
        return stanza.IndexOf(utf8) >= 0 || stanza.Contains((byte)'&');
    }
}
