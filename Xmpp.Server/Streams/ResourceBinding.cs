using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Hosting;
using Xmpp.Server.Sessions;

namespace Xmpp.Server.Streams;

/// <summary>Resource binding (RFC 6120 §7): the last step; after it the stream carries stanzas.</summary>
internal sealed class ResourceBinding(StreamNegotiator negotiator) : StreamFeature(negotiator)
{
    private static readonly XmlName Bind = new(Namespaces.Bind, "bind");

    public override IEnumerable<Element> Offer() => Negotiator.Phase == NegotiationPhase.Authenticated ? [new Element(Bind)] : [];

    public override bool Accepts(Element element) =>
        Negotiator.Phase == NegotiationPhase.Authenticated
        && element.Name is { Namespace: Namespaces.Client, Local: "iq" }
        && element.Child(Bind) is not null;

    public override async ValueTask HandleAsync(Element element, CancellationToken cancellationToken)
    {
        if (element["type"] != "set" || element["id"] is null || !TryChooseJid(element.Child(Bind)!, out var jid))
        {
            Refuse(element, StanzaError.Of(StanzaErrorCondition.BadRequest)); // §7.7.2.1
            return;
        }

        var server = Negotiator.Server;
        if (!server.Current.IsLocal(jid))
            throw new StreamErrorException(StreamErrorCondition.HostGone);
        var options = server.Current.Options;
        var session = CreateSession(jid);
        var outcome = await TryAddAsync(session, options);
        if (outcome == BindOutcome.Conflict && options.ResourceConflict == ResourceConflict.Rename)
        {
            // §7.7.2.2: the server may choose another resource than the one asked for.
            session = CreateSession(Generate());
            outcome = await TryAddAsync(session, options);
        }
        switch (outcome)
        {
            case BindOutcome.Conflict:
                Refuse(element, new(StanzaErrorCondition.Conflict, StanzaErrorType.Modify)); // §7.7.2.2
                return;
            case BindOutcome.TooManySessions:
                Refuse(element, StanzaError.Of(StanzaErrorCondition.ResourceConstraint)); // §7.6.2.1
                return;
        }

        Negotiator.Stream.Send(new Element(Namespaces.Client, "iq",
            Element.Attr("type", "result"),
            Element.Attr("id", element["id"]),
            new Element(Bind, new Element(Namespaces.Bind, "jid", session.Jid.ToString()))));
        Negotiator.Stream.Bind(session);
    }

    private ClientSession CreateSession(Jid jid)
    {
        var session = new ClientSession(
            Negotiator.Server, jid, Negotiator.Stream, Negotiator.Language, Negotiator.Server.Time.GetUtcNow());
        if (Negotiator.Agent is { } agent)
            session.State.Set(ClientAgent.IdKey, agent.Id);
        return session;
    }

    /// <summary>Those who give way are ended before the newcomer is told.</summary>
    private async ValueTask<BindOutcome> TryAddAsync(ClientSession session, ServerOptions options)
    {
        var server = Negotiator.Server;
        while (true)
        {
            var outcome = server.Sessions.TryAdd(
                session, options.ResourceConflict == ResourceConflict.Replace, options.Limits.SessionsPerAccount, out var replaced);
            // A client that is away, and may never come back, keeps nobody out.
            if (outcome == BindOutcome.TooManySessions && server.Sessions.LongestAway(session.Jid.Bare) is { } away)
            {
                await server.EndSessionAsync(away);
                continue;
            }
            if (replaced is not null)
            {
                replaced.Stream?.End(new StreamError(StreamErrorCondition.Conflict, "Replaced by a new connection."));
                await server.EndSessionAsync(replaced);
            }
            return outcome;
        }
    }

    private bool TryChooseJid(Element bind, out Jid jid)
    {
        var resource = bind.Child(Namespaces.Bind, "resource")?.Text;
        if (string.IsNullOrEmpty(resource))
        {
            jid = Generate();
            return true;
        }
        var isValid = Jid.TryCreate(Negotiator.Account!.Local, Negotiator.Account.Domain, resource, out var chosen);
        jid = chosen!;
        return isValid;
    }

    private Jid Generate()
    {
        Jid.TryCreate(Negotiator.Account!.Local, Negotiator.Account.Domain, RandomNumberGenerator.GetHexString(12, true), out var jid);
        return jid!;
    }

    private void Refuse(Element iq, StanzaError error) => Negotiator.Stream.Send(new Element(Namespaces.Client, "iq",
        Element.Attr("type", "error"),
        Element.Attr("id", iq["id"]),
        error.ToElement()));
}
