using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rooms;

namespace Xmpp.Modules.Archive;

/// <summary>XEP-0490 Message Displayed Synchronization: what clients publish as displayed is read in the inbox (XEP-0430), too.</summary>
[Xep(490, "1.0.1")]
public sealed class DisplayedSync(IArchiveStore archive, RoomConversations rooms) : IXmppModule
{
    internal const string Node = "urn:xmpp:mds:displayed:0";

    public void Register(IModuleBuilder builder) => builder.NodeChanged(Node, NoteAsync);

    private async ValueTask NoteAsync(
        Jid account, IReadOnlyList<KeyValuePair<string, Element?>> published, CancellationToken cancellationToken)
    {
        foreach (var (chat, displayed) in published)
        {
            if (Jid.TryParse(chat, out var with) && displayed?.Name == new XmlName(Node, "displayed")
                && displayed.Child(StanzaId.Ns, "stanza-id") is { } stanzaId
                && Jid.TryParse(stanzaId["by"], out var by) && SortableId.TryParse(stanzaId["id"], out var id))
            {
                await NoteAsync(account, with, by, id, cancellationToken);
            }
        }
    }

    /// <summary>§6.1: states that name no message of the chat are ignored.</summary>
    private async ValueTask NoteAsync(Jid account, Jid with, Jid by, SortableId id, CancellationToken cancellationToken)
    {
        if (by == with)
        {
            rooms.MarkRead(account, with, id);
            return;
        }
        if (by == account && (await archive.ReadAsync(account, new() { Ids = [id] }, 1, isFromEnd: false, cancellationToken))?.Messages
            is [{ With: var other }] && other.Bare == with.Bare)
        {
            await archive.MarkReadAsync(account, with.Bare, id, cancellationToken);
        }
    }
}
