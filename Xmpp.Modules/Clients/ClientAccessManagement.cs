using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;

namespace Xmpp.Modules.Clients;

/// <summary>
/// XEP-0494 Client Access Management: people see which clients have access to their accounts, and end it. Nobody else is answered.
/// </summary>
[Xep(494, "0.1.0")]
public sealed class ClientAccessManagement(ClientDirectory clients) : IXmppModule
{
    public const string Ns = "urn:xmpp:cam:0";

    public void Register(IModuleBuilder builder)
    {
        builder.Feature(IqTarget.OwnAccount, Ns);
        builder.Iq(IqType.Get, IqTarget.OwnAccount, new(Ns, "list"), ListAsync);
        builder.Iq(IqType.Set, IqTarget.OwnAccount, new(Ns, "revoke"), RevokeAsync);
    }

    private async ValueTask<IqReply> ListAsync(IqRequest iq, CancellationToken cancellationToken) => IqReply.Result(
        new Element(Ns, "clients", (await clients.ListAsync(iq.From.Bare, cancellationToken)).Select(ToElement)));

    private async ValueTask<IqReply> RevokeAsync(IqRequest iq, CancellationToken cancellationToken)
    {
        if (iq.Payload["id"] is not { Length: > 0 } id)
            return IqReply.Failed(StanzaErrorCondition.BadRequest);
        if (iq.Session is not { } session)
            return IqReply.NeedsSession;
        return await clients.RevokeAsync(iq.From.Bare, id, session, cancellationToken) switch
        {
            Revocation.NoSuchClient => IqReply.Failed(StanzaErrorCondition.ItemNotFound),
            Revocation.Revoked when clients.IdOf(session) == id => IqReply.ResultThenEnd(
                new StreamError(StreamErrorCondition.NotAuthorized, "Access was revoked.")),
            Revocation.Revoked => IqReply.Result(),
            Revocation.NeedsNewPassword => IqReply.Failed(new StanzaError(
                StanzaErrorCondition.ServiceUnavailable, StanzaErrorType.Cancel, Application: new Element(Ns, "password-reset-required"))),
            _ => IqReply.Failed(StanzaErrorCondition.ServiceUnavailable, "The client has a certificate."),
        };
    }

    private static Element ToElement(ClientInfo client) => new(Ns, "client",
        Element.Attr("id", client.Id),
        Element.Attr("connected", client.IsConnected ? "true" : "false"),
        Element.Attr("type", "session"),
        new Element(Ns, "first-seen", XmppDateTime.Format(client.FirstSeen)),
        new Element(Ns, "last-seen", XmppDateTime.Format(client.LastSeen)),
        new Element(Ns, "auth",
            client.KnowsPassword ? new Element(Ns, "password") : null,
            client.HasToken ? new Element(Ns, "fast") : null),
        new Element(Ns, "permission", Element.Attr("status", "unrestricted")),
        new Element(Ns, "user-agent",
            client.Software is null ? null : new Element(Ns, "software", client.Software),
            client.Device is null ? null : new Element(Ns, "device", client.Device)));
}
