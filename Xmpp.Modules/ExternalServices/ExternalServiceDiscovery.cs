using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.ExternalServices;

/// <summary>XEP-0215 External Service Discovery: accounts learn of STUN and TURN servers, with credentials of their own.</summary>
[Xep(215, "1.0.0")]
public sealed class ExternalServiceDiscovery(ExternalServiceOptions options, IHostDirectory hosts, TimeProvider time) : IXmppModule
{
    private const string Ns = "urn:xmpp:extdisco:2";

    public void Register(IModuleBuilder builder)
    {
        if (options.List.Count == 0)
            return;
        builder.Feature(IqTarget.Server, Ns);
        builder.Iq(IqType.Get, IqTarget.Server, new XmlName(Ns, "services"), (request, _) => new(Allowed(request, ListServices)));
        builder.Iq(IqType.Get, IqTarget.Server, new XmlName(Ns, "credentials"), (request, _) => new(Allowed(request, GiveCredentials)));
    }

    /// <summary>§2: credentials cost the operator something.</summary>
    private IqReply Allowed(IqRequest request, Func<IqRequest, IqReply> answer) =>
        request.Session is not null && hosts.IsLocal(request.From)
            ? answer(request)
            : IqReply.Failed(StanzaErrorCondition.Forbidden, "This is for users of this server.");

    /// <summary>§3.1, §3.2.</summary>
    private IqReply ListServices(IqRequest request)
    {
        var type = request.Payload["type"];
        return IqReply.Result(new Element(Ns, "services",
            Element.Attr("type", type),
            options.List.Where(service => type is null || service.Type == type).Select(service => Describe(service, request.From))));
    }

    /// <summary>§3.3.</summary>
    private IqReply GiveCredentials(IqRequest request)
    {
        var wanted = request.Payload.Elements.ToList();
        if (wanted is not [var service] || service.Name != new XmlName(Ns, "service") || service["host"] is not { } host
            || service["type"] is not { } type)
        {
            return IqReply.Failed(StanzaErrorCondition.BadRequest, "Credentials are for one service, which has a host and a type.");
        }
        var port = service["port"];
        var found = options.List
            .Where(one => one.Host == host && one.Type == type && (port is null || port == Number(one.Port)))
            .Where(one => one.Secret is not null || one.Username is not null)
            .Select(one => Describe(one, request.From))
            .ToList();
        return found.Count > 0
            ? IqReply.Result(new Element(Ns, "credentials", found))
            : IqReply.Failed(StanzaErrorCondition.ItemNotFound, "There are no credentials for this service.");
    }

    private Element Describe(ExternalServiceEntry service, Jid client)
    {
        var expires = time.GetUtcNow() + options.Lifetime;
        TurnCredentials? made = service.Secret is { } secret ? TurnCredentials.For(client.Bare, secret, expires) : null;
        var username = made?.Username ?? service.Username;
        return new Element(Ns, "service",
            Element.Attr("type", service.Type),
            Element.Attr("host", service.Host),
            Element.Attr("port", service.Port == 0 ? null : Number(service.Port)),
            Element.Attr("transport", service.Transport),
            Element.Attr("name", service.Name),
            Element.Attr("username", username),
            Element.Attr("password", made?.Password ?? service.Password),
            Element.Attr("expires", made is null ? null : XmppDateTime.Format(expires)),
            Element.Attr("restricted", username is null ? null : "true"));
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
