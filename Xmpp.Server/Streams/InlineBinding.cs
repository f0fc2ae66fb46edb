using System.Buffers.Text;
using System.Security.Cryptography;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Streams;
using Xmpp.Core.Xml;
using Xmpp.Server.Sessions;

namespace Xmpp.Server.Streams;

/// <summary>
/// XEP-0386 Bind 2: a resource is bound along with authentication, with all that its client wants to be on from the start.
/// </summary>
[Xep(386, "1.1.0")]
internal sealed class InlineBinding(StreamNegotiator negotiator)
{
    public const string Ns = "urn:xmpp:bind:0";

    public Element Feature()
    {
        var current = negotiator.Server.Current;
        var features = current.Modules.InlineBinds.Select(inline => inline.Feature).OfType<string>().Append(StreamManagement.Ns);
        if (current.Options.ClientState.Hold.Count > 0)
            features = features.Append(ClientState.Ns);
        return new(Ns, "bind", new Element(Ns, "inline",
            features.Select(feature => new Element(Ns, "feature", Element.Attr("var", feature)))));
    }

    /// <summary>
    /// Binds a resource; null when the account has as many sessions as it may have. What the session is sent waits for
    /// <see cref="ClientSession.Begin"/>, which is to follow.
    /// </summary>
    /// <param name="request">The client's <c>&lt;bind/&gt;</c>.</param>
    public async ValueTask<(ClientSession Session, Element Bound)?> BindAsync(Element request, CancellationToken cancellationToken)
    {
        var (server, stream) = (negotiator.Server, negotiator.Stream);
        var jid = ChooseJid(request.Child(Ns, "tag")?.Text);
        if (!server.Current.IsLocal(jid))
            throw new StreamErrorException(StreamErrorCondition.HostGone);
        var session = new ClientSession(server, jid, stream, negotiator.Language, server.Time.GetUtcNow());
        session.Hush();
        if (negotiator.Agent is { } agent)
            session.State.Set(ClientAgent.IdKey, agent.Id);
        var bind = new InlineBind(session, request);
        // Before anything can be sent: it is all counted.
        if (request.Child(StreamManagement.Ns, "enable") is { } enable)
            bind.Answer(StreamManagementElements.EnableInline(server, session, enable));
        if (request.Child(ClientState.Ns, "inactive") is not null)
            session.BecomeInactive();
        if (!await TryAddAsync(session))
        {
            await server.EndSessionAsync(session);
            return null;
        }
        negotiator.Bind(session);
        await server.TellBoundAsync(bind, cancellationToken);
        return (session, new Element(Ns, "bound", bind.Answers));
    }

    /// <summary>
    /// Those who give way are ended before the newcomer is there: the earlier sessions of the same client, whatever they are called.
    /// </summary>
    private async ValueTask<bool> TryAddAsync(ClientSession session)
    {
        var server = negotiator.Server;
        while (true)
        {
            if (EarlierOf(session) is { } earlier)
            {
                earlier.Stream?.End(new StreamError(StreamErrorCondition.Conflict, "Replaced by a new connection."));
                await server.EndSessionAsync(earlier);
                continue;
            }
            var limit = server.Current.Options.Limits.SessionsPerAccount;
            switch (server.Sessions.TryAdd(session, replace: false, limit, out _))
            {
                case BindOutcome.Bound:
                    return true;
                case BindOutcome.TooManySessions when server.Sessions.LongestAway(session.Jid.Bare) is { } away:
                    await server.EndSessionAsync(away);
                    break;
                case BindOutcome.TooManySessions:
                    return false;
            }
        }
    }

    private ClientSession? EarlierOf(ClientSession session)
    {
        foreach (var other in negotiator.Server.Sessions.Of(session.Jid.Bare))
        {
            if (other.Jid == session.Jid || (negotiator.Agent is { } agent && other.State.Get(ClientAgent.IdKey) == agent.Id))
                return (ClientSession)other;
        }
        return null;
    }

    /// <summary>The tag as a prefix, then what is always the same for the same client, or else random.</summary>
    private Jid ChooseJid(string? tag)
    {
        var generated = negotiator.Agent?.Id ?? Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(9));
        return !string.IsNullOrEmpty(tag) && negotiator.Account!.TryWithResource($"{tag}/{generated}", out var tagged)
            ? tagged
            : negotiator.Account!.WithResource(generated);
    }
}
