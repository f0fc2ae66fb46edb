using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.PubSub;

namespace Xmpp.Modules.Avatars;

/// <summary>
/// Accounts' pictures. They are in two nodes (XEP-0084); a vCard (XEP-0054) shows what is there to whoever may see it there, and a picture
/// that comes with a vCard goes there. Before an account has the nodes its vCard's own picture is meant.
/// </summary>
public sealed class AvatarBook
{
    internal const string DataNode = "urn:xmpp:avatar:data";
    internal const string MetadataNode = "urn:xmpp:avatar:metadata";

    /// <summary>Everybody could see it in the vCard, too.</summary>
    private static readonly NodeConfiguration _fromCard = NodeConfiguration.OfAccount with { Access = AccessModel.Open };

    private readonly PubSubContext _context;
    private readonly Publishing _publishing;
    private readonly AccountCache<Known> _cards;

    public AvatarBook(PubSubContext context, IAccountDataStore data)
    {
        _context = context;
        _publishing = new(context, new Notifier(context), new NodeCreation(context));
        _cards = new(context.Sessions, async (account, cancellationToken) => new Known(
            await data.FindAsync(account, VCardTemp.Kind, "", cancellationToken) is { } card
                ? AvatarImage.OfCard(StoredXml.Read(card))?.Hash
                : null));
    }

    /// <summary>By what an account's picture is known (XEP-0153 §3.1); null when it has none. Completes at once when it is in memory.</summary>
    internal async ValueTask<string?> FindHashAsync(Jid account, CancellationToken cancellationToken) =>
        await _context.Nodes.FindAsync(account, MetadataNode, cancellationToken) is { } node
            ? (await FindAsync(node, cancellationToken)).Hash
            : (await _cards.GetAsync(account, cancellationToken)).Hash;

    /// <summary>A vCard as somebody may see it, with the picture that counts; null when nothing of it is left.</summary>
    /// <param name="card">As it is stored, or null.</param>
    internal async ValueTask<Element?> ShowAsync(Jid account, Element? card, Jid asker, CancellationToken cancellationToken)
    {
        if (await _context.Nodes.FindAsync(account, MetadataNode, cancellationToken) is not { } metadata)
            return card;
        Element? photo = null;
        // XEP-0398 §7: whoever may see it there.
        if ((await FindAsync(metadata, cancellationToken)).Hash is { } hash
            && await _context.Nodes.FindAsync(account, DataNode, cancellationToken) is { } data
            && await _context.CheckAsync(metadata, NodeOperation.Retrieve, asker, cancellationToken) is null
            && await _context.CheckAsync(data, NodeOperation.Retrieve, asker, cancellationToken) is null
            && await ReadAsync(account, hash, cancellationToken) is { } image)
        {
            photo = new Element(VCardTemp.Ns, "PHOTO",
                image.Type is { } type ? new Element(VCardTemp.Ns, "TYPE", type) : null,
                new Element(VCardTemp.Ns, "BINVAL", image.Base64));
        }
        var others = card?.Nodes.Where(node => node is not Element child || child.Name != new XmlName(VCardTemp.Ns, "PHOTO")).ToList() ?? [];
        return others.Count == 0 && photo is null ? null : new Element(VCardTemp.Name, others, photo);
    }

    /// <summary>Publishes the picture that comes with a vCard, if it is another one; without any the account has none from then on.</summary>
    /// <param name="keep">Keeps the vCard, once that is done.</param>
    /// <returns>Null when it is done.</returns>
    internal async ValueTask<StanzaError?> TakeAsync(
        Jid account, Jid publisher, Element card, Func<ValueTask<StanzaError?>> keep, CancellationToken cancellationToken)
    {
        var error = await _context.Nodes.ChangeAsync(account, MetadataNode, async turn =>
        {
            var before = turn.Node is { } node ? (await FindAsync(node, cancellationToken)).Hash : null;
            var image = AvatarImage.OfCard(card);
            if (image?.Hash != before && await PublishAsync(turn, publisher, image, cancellationToken) is { } unpublished)
                return unpublished;
            return await keep();
        }, cancellationToken);
        await ForgetAsync(account);
        return error;
    }

    /// <summary>Forgets what is in memory of an account's vCard.</summary>
    internal ValueTask ForgetAsync(Jid account) => _cards.ForgetAsync(account);

    /// <summary>XEP-0398 §3.2: the picture first, then what is said of it.</summary>
    private async ValueTask<StanzaError?> PublishAsync(
        NodeTurn turn, Jid publisher, AvatarImage? image, CancellationToken cancellationToken)
    {
        if (image is null)
        {
            return await _publishing.PublishAsync(
                turn, [(null, new Element(MetadataNode, "metadata"))], publisher, _fromCard, cancellationToken);
        }
        return await _publishing.PublishAsync(
                turn.Of(DataNode), [(image.Hash, new Element(DataNode, "data", image.Base64))], publisher, _fromCard, cancellationToken)
            ?? await _publishing.PublishAsync(
                turn,
                [
                    (image.Hash, new Element(MetadataNode, "metadata", new Element(MetadataNode, "info",
                        Element.Attr("bytes", image.Octets.Length.ToString(CultureInfo.InvariantCulture)),
                        Element.Attr("id", image.Hash),
                        Element.Attr("type", image.Type ?? "image/png")))),
                ],
                publisher, _fromCard, cancellationToken);
    }

    /// <summary>The picture that the metadata's last item names and that is there, under its own hash (XEP-0398 §3.1).</summary>
    private async ValueTask<Known> FindAsync(Node metadata, CancellationToken cancellationToken)
    {
        if (metadata.Last.Derived is Known known)
            return known;
        known = new(null);
        var last = await _context.Store.ReadItemsAsync(metadata.Owner, MetadataNode, new(IsFromEnd: true), 1, cancellationToken);
        foreach (var info in last is [{ Payload.IsEmpty: false } item] ? StoredXml.Read(item.Payload).Elements : [])
        {
            if (info.Name == new XmlName(MetadataNode, "info") && info["url"] is null && info["id"] is { Length: > 0 } id
                && await ReadAsync(metadata.Owner, id, cancellationToken) is not null)
            {
                known = new(id);
                break;
            }
        }
        metadata.Last.Derived = known;
        return known;
    }

    private async ValueTask<AvatarImage?> ReadAsync(Jid account, string id, CancellationToken cancellationToken) =>
        await _context.Store.FindItemsAsync(account, DataNode, [id], cancellationToken) is [{ Payload.IsEmpty: false } item]
        && AvatarImage.Read(StoredXml.Read(item.Payload).Text) is { } image
        && image.Hash.Equals(id, StringComparison.OrdinalIgnoreCase) ? image : null;

    private sealed record Known(string? Hash);
}
