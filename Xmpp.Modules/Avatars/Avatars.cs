using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Xml;
using Xmpp.Modules.PubSub;

namespace Xmpp.Modules.Avatars;

/// <summary>
/// XEP-0398: pictures that clients publish (XEP-0084) are in vCards as well, and the other way round; presence says which it is (XEP-0153),
/// for all and in rooms.
/// </summary>
[Xep(84, "1.1.4")]
[Xep(153, "1.1.1")]
[Xep(398, "1.0.0")]
public sealed class Avatars(AvatarBook book, PubSubContext context, Presences presences) : IXmppModule
{
    private const string UpdateNs = "vcard-temp:x:update";

    private static readonly XmlName Update = new(UpdateNs, "x");

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.OwnAccount, "urn:xmpp:pep-vcard-conversion:0");
        builder.PresenceAddition(AddAsync);
        builder.NodeChanged(AvatarBook.MetadataNode, (account, _, _) =>
        {
            if (!context.Sessions.Of(account).IsEmpty)
                context.Tasks.Run($"Telling which picture {account} has", cancellationToken => TellAsync(account, cancellationToken));
            return default;
        });
        builder.AccountRemoved(book.ForgetAsync);
    }

    /// <summary>§4: what is put in the place of what a client says itself, which says nothing by an empty photo.</summary>
    private async ValueTask<Element?> AddAsync(ISession session, StanzaView presence, CancellationToken cancellationToken)
    {
        var index = presence.IndexOfChild("vcard-temp:x:update"u8, "x"u8);
        var own = index < 0 ? null : presence.ToElement().Child(Update);
        return Of(own, await book.FindHashAsync(session.Jid.Bare, cancellationToken));
    }

    /// <param name="own">As the client wrote it, or null.</param>
    /// <returns>Null to leave it.</returns>
    internal static Element? Of(Element? own, string? hash)
    {
        if (own?.Child(UpdateNs, "photo") is { } photo && (photo.Text.Length == 0 || hash is null || photo.Text == hash))
            return null;
        return hash is null && own is null ? null : new Element(Update, new Element(UpdateNs, "photo", hash));
    }

    /// <summary>Another picture makes the presence of an account's clients another one, for those who know pictures by it only.</summary>
    private async ValueTask TellAsync(Jid account, CancellationToken cancellationToken)
    {
        var hash = await book.FindHashAsync(account, cancellationToken);
        foreach (var session in context.Sessions.Of(account).ToArray())
        {
            if (session.Presence is not { } before)
                continue;
            var stanza = before.Stanza.ToElement();
            // Also where it said "none" by now: whether it was the client or the server that did nobody knows any more.
            if (stanza.Child(Update)?.Child(UpdateNs, "photo")?.Text == (hash ?? "") || (hash is null && stanza.Child(Update) is null))
                continue;
            var after = AvailablePresence.With(stanza, new Element(Update, new Element(UpdateNs, "photo", hash)));
            if (AvailablePresence.TryRead(after, out var presence))
                await presences.AmendAsync(session, before, presence, cancellationToken);
        }
    }
}
