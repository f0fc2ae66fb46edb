using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Bytestreams;

/// <summary>XEP-0065 SOCKS5 Bytestreams: the domain that says where the proxy is, and activates what clients have arranged.</summary>
[Xep(65, "1.8.2")]
internal sealed class BytestreamService(BytestreamProxy proxy, BytestreamOptions options) : IXmppModule, IHostService
{
    private const string Ns = "http://jabber.org/protocol/bytestreams";

    private static readonly XmlName Query = new(Ns, "query");
    private static readonly XmlName InfoQuery = new(Namespaces.DiscoInfo, "query");
    private static readonly XmlName ItemsQuery = new(Namespaces.DiscoItems, "query");
    private static readonly XmlName Ping = new("urn:xmpp:ping", "ping");

    public string Label => options.Label;

    public string Name => "SOCKS5 Bytestreams";

    public void Register(IModuleBuilder builder) => builder.Service(this);

    public ValueTask<StanzaError?> MessageAsync(ServiceStanza message, CancellationToken cancellationToken) =>
        new(message.Type == "error" ? null : StanzaError.Of(StanzaErrorCondition.ServiceUnavailable));

    public ValueTask<StanzaError?> PresenceAsync(ServiceStanza presence, CancellationToken cancellationToken) => default;

    public ValueTask<IqReply> IqAsync(ServiceStanza iq, IqType? request, CancellationToken cancellationToken)
    {
        if (request is null)
            return new(IqReply.Sent);
        if (iq.To.Local is not null || iq.To.IsFull)
            return new(IqReply.Failed(StanzaErrorCondition.ServiceUnavailable));
        return new(Answer(iq, request.Value, iq.Payload));
    }

    private IqReply Answer(ServiceStanza iq, IqType type, Element payload)
    {
        if (payload.Name == Query)
        {
            if (iq.Sender is null || iq.From.Domain != iq.Host)
                return IqReply.Failed(StanzaErrorCondition.Forbidden, $"This is for users of {iq.Host}.");
            return type is IqType.Get ? Locate(iq) : Activate(iq, payload);
        }
        if (type is not IqType.Get || (payload.Name != InfoQuery && payload.Name != ItemsQuery && payload.Name != Ping))
            return IqReply.Failed(StanzaErrorCondition.ServiceUnavailable);
        if (payload["node"] is not null)
            return IqReply.Failed(StanzaErrorCondition.ItemNotFound);
        return IqReply.Result(payload.Name == InfoQuery ? Info() : payload.Name == ItemsQuery ? new Element(ItemsQuery) : null);
    }

    private Element Info() => new(InfoQuery,
        new Element(Namespaces.DiscoInfo, "identity",
            Element.Attr("category", "proxy"), Element.Attr("type", "bytestreams"), Element.Attr("name", Name)),
        new[] { Namespaces.DiscoInfo, Namespaces.DiscoItems, Ns, Ping.Namespace }
            .Select(feature => new Element(Namespaces.DiscoInfo, "feature", Element.Attr("var", feature))));

    /// <summary>§4.</summary>
    private IqReply Locate(ServiceStanza iq)
    {
        if (proxy.EndPoint is not { } endPoint)
            return IqReply.Failed(StanzaErrorCondition.NotAllowed);
        return IqReply.Result(new Element(Query, new Element(Ns, "streamhost",
            Element.Attr("host", options.Host ?? ServerNameMap.ToAscii(iq.Host)),
            Element.Attr("jid", iq.To.ToString()),
            Element.Attr("port", endPoint.Port.ToString(CultureInfo.InvariantCulture)))));
    }

    /// <summary>§6.3.5.</summary>
    private IqReply Activate(ServiceStanza iq, Element query)
    {
        if (query["sid"] is not { Length: > 0 } sid || query.Child(Ns, "activate") is not { } activate
            || !Jid.TryParse(activate.Text.Trim(), out var target))
        {
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "A bytestream has a sid, and a target to be activated for.");
        }
        // §6.3.2: the requester may have arranged it by its full JID or by its bare one.
        var names = new[] { iq.From, iq.From.Bare }.Select(requester => BytestreamName.Of(sid, requester, target));
        return proxy.Activate(iq.From, names) is { } error ? IqReply.Failed(error) : IqReply.Result();
    }
}
