using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Rooms;

/// <summary>
/// What the domain of rooms says of itself, which rooms there are (XEP-0045 §6.2, §6.3; XEP-0433), and names that no room has (XEP-0307).
/// </summary>
[Xep(307, "0.1")]
internal sealed class RoomList(RoomDirectory rooms)
{
    /// <summary>Rooms of a page, whatever is wanted.</summary>
    private const int MaxPage = 250;

    private readonly RoomServices _services = rooms.Services;
    private readonly RoomSearch _search = new(rooms);

    private static readonly XmlName InfoQuery = new(Namespaces.DiscoInfo, "query");
    private static readonly XmlName ItemsQuery = new(Namespaces.DiscoItems, "query");

    private static readonly XmlName Ping = new("urn:xmpp:ping", "ping");
    private static readonly XmlName Unique = new(Muc.Ns + "#unique", "unique");

    private static readonly string[] Features =
    [
        Namespaces.DiscoInfo, Namespaces.DiscoItems, Muc.Ns, Muc.Ns + "#stable_id", Muc.Ns + "#self-ping-optimization",
        Unique.Namespace, RoomSearch.Ns, OccupantIds.Ns, VCardTemp.Ns, RoomConfiguration.FormType,
        Room.RegistrationForm, ResultSet.Ns, "urn:xmpp:ping", "muc_rooms",
    ];

    /// <summary>Answers a request to the domain itself.</summary>
    public ValueTask<IqReply> AnswerAsync(ServiceStanza iq, IqType type, CancellationToken cancellationToken)
    {
        var payload = iq.Payload;
        if (iq.To.IsFull || type == IqType.Set)
            return new(IqReply.Failed(StanzaErrorCondition.ServiceUnavailable));
        if (payload.Name == Ping)
            return new(IqReply.Result());
        if (payload.Name == Unique)
            return new(NameNewRoom(iq));
        if (payload.Name == RoomSearch.Search)
            return _search.AnswerAsync(iq, payload, cancellationToken);
        if (payload.Name != InfoQuery && payload.Name != ItemsQuery)
            return new(IqReply.Failed(StanzaErrorCondition.ServiceUnavailable));
        if (payload["node"] is not null)
            return new(IqReply.Failed(StanzaErrorCondition.ItemNotFound));
        return payload.Name == InfoQuery ? new(IqReply.Result(Info())) : ListAsync(iq.To, payload, cancellationToken);
    }

    /// <summary>XEP-0307 §2: for those who may make rooms.</summary>
    private IqReply NameNewRoom(ServiceStanza iq)
    {
        var name = Guid.NewGuid().ToString("N");
        return RoomPolicy.CheckCreation(_services, Jid.Parse($"{name}@{iq.To.Domain}"), iq.From.Bare, iq.Host) is { } refusal
            ? IqReply.Failed(refusal)
            : IqReply.Result(new Element(Unique, name));
    }

    private Element Info() => new(InfoQuery,
        new Element(Namespaces.DiscoInfo, "identity",
            Element.Attr("category", "conference"), Element.Attr("type", "text"), Element.Attr("name", _services.Options.Name)),
        Features.Select(feature => new Element(Namespaces.DiscoInfo, "feature", Element.Attr("var", feature))));

    /// <summary>§6.3: the public ones, in pages (XEP-0059) when there are many.</summary>
    private async ValueTask<IqReply> ListAsync(Jid service, Element payload, CancellationToken cancellationToken)
    {
        if (!ResultSetRequest.TryFind(payload, out var request, out var error))
            return IqReply.Failed(error!);
        if (request?.Index is not null)
            return IqReply.Failed(StanzaErrorCondition.FeatureNotImplemented, "Pages are asked for by their neighbours."); // XEP-0059 §2.6
        var count = Math.Min(request?.Max ?? MaxPage, MaxPage);
        var query = new RoomQuery(
            RoomFilter.Listed, request?.After, request?.Before is { Length: > 0 } before ? before : null, request?.Before is not null);
        // One more tells whether there is more.
        var listed = await _services.Store.ListAsync(service.Domain, query, count + 1, cancellationToken);
        var page = listed.Count <= count ? listed : query.IsFromEnd ? [.. listed.Skip(listed.Count - count)] : [.. listed.Take(count)];
        var set = request is null && listed.Count <= count
            ? null
            : new ResultSet(
                page.Count == 0 ? null : page[0].Room.Local, page.Count == 0 ? null : page[^1].Room.Local,
                Count: await _services.Store.CountAsync(service.Domain, RoomFilter.Listed, cancellationToken));
        return IqReply.Result(new Element(ItemsQuery,
            page.Select(room => new Element(Namespaces.DiscoItems, "item",
                Element.Attr("jid", room.Room.ToString()), Element.Attr("name", room.Name ?? room.Room.Local))),
            set?.ToElement()));
    }
}
