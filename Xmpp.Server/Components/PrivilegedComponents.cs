using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Components;

/// <summary>
/// XEP-0356 Privileged Entity: components that the configuration lets act in the name of accounts. Only a component itself may, not who is
/// at it, and no more than the account could.
/// </summary>
[Xep(356, "0.4.1")]
internal sealed class PrivilegedComponents(ServerContext server)
{
    public const string Ns = "urn:xmpp:privilege:2";

    /// <summary>How long somebody elsewhere has for an answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>What a component is told at the beginning that it may (§4.2, §5.2, §6.2, §7.2); null when that is nothing.</summary>
    public static Element? Describe(ComponentPrivileges privileges)
    {
        var permissions = new List<Element>();
        if (privileges.Roster != RequestAccess.None)
        {
            permissions.Add(Permission("roster", NameOf(privileges.Roster))
                .With("push", privileges.IsPushed ? "true" : "false"));
        }
        if (privileges.Message)
            permissions.Add(Permission("message", "outgoing"));
        if (privileges.Iq.Count > 0)
        {
            permissions.Add(Permission("iq", null).Add(privileges.Iq.Select(iq => new Element(Ns, "namespace",
                Element.Attr("ns", iq.Namespace), Element.Attr("type", NameOf(iq.Type))))));
        }
        if (privileges.Presence != PresenceAccess.None)
            permissions.Add(Permission("presence", privileges.Presence == PresenceAccess.Contacts ? "roster" : "managed_entity"));
        return permissions.Count > 0 ? new Element(Ns, "privilege", permissions) : null;
    }

    /// <summary>Whether a request for an account's roster is a component's that may make it (§4.3).</summary>
    public bool MayAskRoster(Jid from, Jid to, IqType type, StanzaView iq) => to is { Local: not null, IsBare: true }
        && iq.HasChild("jabber:iq:roster"u8, "query"u8) && Find(from) is { } privileges && Allows(privileges.Roster, type);

    /// <summary>Sends a message that a component has wrapped (§5.3).</summary>
    /// <param name="host">Of whose accounts it is.</param>
    /// <returns>What the component is told; null when the message is on its way.</returns>
    public async ValueTask<StanzaError?> SendAsync(StanzaView stanza, Jid from, Jid host, CancellationToken cancellationToken)
    {
        if (Find(from) is not { Message: true })
            return StanzaError.Of(StanzaErrorCondition.Forbidden);
        var message = Unwrap(stanza.ToElement().Child(Ns, "privilege"), "message");
        if (message is null || !Jid.TryParse(message["to"], out _))
            return StanzaError.Of(StanzaErrorCondition.BadRequest);
        // §5.1: of the server or of one of its accounts, without a resource.
        if (!Jid.TryParse(message["from"], out var author) || author.IsFull || author.Domain != host.Domain)
            return StanzaError.Of(StanzaErrorCondition.Forbidden);
        // What becomes of it is its author's business, who is not there to be told.
        await server.Messages.SendMessageAsync(message, cancellationToken);
        return null;
    }

    /// <summary>Answers a request to ask something as an account (§6.3).</summary>
    public async ValueTask<IqReply> AskAsync(IqRequest request, CancellationToken cancellationToken)
    {
        var inner = request.Payload.Elements.FirstOrDefault();
        if (Find(request.From) is not { } privileges || request.To.Local is null
            || inner?.Name != new XmlName(Namespaces.Client, "iq") || inner["type"] != NameOf(request.Type)
            || (inner["from"] is { } author && !(Jid.TryParse(author, out var jid) && jid == request.To))
            || inner.Elements.ToList() is not [var payload]
            || !privileges.Iq.Any(iq => iq.Namespace == payload.Name.Namespace && Allows(iq.Type, request.Type))
            || await server.Rosters.GetAsync(request.To, cancellationToken) is null)
        {
            return IqReply.Failed(StanzaErrorCondition.Forbidden);
        }
        var to = request.To;
        if (inner["id"] is null || (inner["to"] is { } address && !Jid.TryParse(address, out to!)))
            return IqReply.Failed(StanzaErrorCondition.BadRequest);
        inner = inner.With("from", request.To.ToString());
        var (component, account, type) = (request.From, request.To, request.Type);
        var reply = request.ToStanza(IqReply.Result());
        // Who is asked may answer by the component's own stream, which has to be read meanwhile.
        server.Tasks.Run($"A request of {component} as {account}", async stop =>
        {
            var answer = await AskAsync(account, component, inner, payload, type, to, stop);
            answer = answer.With("id", inner["id"]!).With("from", to.ToString()).With("to", account.ToString());
            server.Remote.Send(
                component, reply.Add([new Element(Ns, "privilege", new Element(Forwarded.Ns, "forwarded", answer))]));
        });
        return IqReply.Sent;
    }

    private async ValueTask<Element> AskAsync(
        Jid account, Jid component, Element iq, Element payload, IqType type, Jid to, CancellationToken cancellationToken)
    {
        if (server.Current.IsLocal(to) || server.Current.Services.ContainsKey(to.Domain))
            return await server.Router.AskAsAsync(account, component, iq, type, to, cancellationToken);
        return await server.Remote.AskAsync(to, account, type, payload, Patience, cancellationToken) ?? new Element(
            Namespaces.Client, "iq", Element.Attr("type", "error"), StanzaError.Of(StanzaErrorCondition.RemoteServerTimeout).ToElement());
    }

    /// <summary>Tells components of a change of a roster (§4.4).</summary>
    public void Push(Jid account, Element push)
    {
        foreach (var component in server.Components.RosterWatchers)
            server.Remote.Send(component, push.With("from", account.ToString()).With("to", component.ToString()));
    }

    /// <summary>The one stanza of that name in what was forwarded; null when there is none.</summary>
    internal static Element? Unwrap(Element? wrapper, string name) =>
        wrapper?.Child(Forwarded.Ns, "forwarded")?.Child(Namespaces.Client, name);

    private ComponentPrivileges? Find(Jid from) =>
        from is { Local: null, IsFull: false } ? server.Components.Find(from.Domain)?.Privileges : null;

    private static bool Allows(RequestAccess access, IqType type) =>
        access == RequestAccess.Both || access == (type == IqType.Get ? RequestAccess.Get : RequestAccess.Set);

    private static Element Permission(string access, string? type) =>
        new(Ns, "perm", Element.Attr("access", access), Element.Attr("type", type));

    private static string NameOf(IqType type) => type == IqType.Get ? "get" : "set";

    private static string NameOf(RequestAccess access) => access switch
    {
        RequestAccess.Get => "get",
        RequestAccess.Set => "set",
        RequestAccess.Both => "both",
        _ => "none",
    };
}
