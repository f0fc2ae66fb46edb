using System.Globalization;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Sasl;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Clients;

namespace Xmpp.Server.Streams;

/// <summary>
/// XEP-0484 Fast Authentication Streamlining Tokens: a client that has logged in gets a token, by which it logs in the next time in one
/// message. Which tokens there are is <see cref="ClientDirectory"/>'s business.
/// </summary>
/// <param name="context">What was offered.</param>
/// <param name="request">The client's <c>&lt;authenticate/&gt;</c>.</param>
[Xep(484, "0.2.0")]
internal sealed class FastLogin(ClientDirectory clients, SaslContext context, Element request)
{
    public const string Ns = "urn:xmpp:fast:0";

    private bool _isUsed;
    private IssuedToken? _issued;

    /// <summary>Whether the client wants to log in by a token.</summary>
    public bool IsAsked => request.Child(Ns, "fast") is not null;

    /// <summary>What is offered; null when clients get no tokens.</summary>
    public static Element? Feature(ClientDirectory clients, SaslContext context) => !clients.IssuesTokens ? null : new(Ns, "fast",
        Available(context).Select(mechanism => new Element(Ns, "mechanism", mechanism.Name)));

    /// <summary>The exchange by which the client logs in; null when no such mechanism was offered.</summary>
    /// <param name="agentOf">Who the client says it is, if it wants to be an account; null when it doesn't say.</param>
    public ISaslExchange? Start(Func<Jid, ClientAgent?> agentOf)
    {
        if (!clients.IssuesTokens || Available(context).FirstOrDefault(each => each.Name == request["mechanism"]) is not { } mechanism)
            return null;
        var fast = request.Child(Ns, "fast")!;
        var login = new TokenLogin(
            mechanism.Name, CountOf(fast), fast["invalidate"] is "true" or "1", WantedMechanism());
        return new HashedTokenExchange(mechanism, context, async (account, isProven, cancellationToken) =>
        {
            if (agentOf(account) is not { } agent)
                return TokenOutcome.Unknown;
            (var outcome, _issued) = await clients.UseTokenAsync(account, agent, login, isProven, cancellationToken);
            _isUsed = outcome == TokenOutcome.Accepted;
            return outcome;
        });
    }

    /// <summary>The client has authenticated: what it is given, or null. Notes its login, unless that was done with its token.</summary>
    public async ValueTask<Element?> CompleteAsync(
        string mechanism, Jid account, ClientAgent agent, CancellationToken cancellationToken)
    {
        if (!_isUsed)
        {
            try
            {
                _issued = await clients.NoteLoginAsync(account, agent, mechanism, WantedMechanism(), cancellationToken);
            }
            catch (StoreException)
            {
                // The store has logged what happened. The client has a password, and can do without a token.
            }
        }
        return _issued is null ? null : new Element(Ns, "token",
            Element.Attr("token", _issued.Token),
            Element.Attr("expiry", XmppDateTime.Format(_issued.Expires)));
    }

    private static IEnumerable<HashedTokenMechanism> Available(SaslContext context) =>
        HashedTokenMechanism.All.Where(mechanism => mechanism.IsAvailable(context));

    /// <summary>Which attempt with its token this is, as far as the client counts them; what is no number counts as none that can be right.</summary>
    private static uint? CountOf(Element fast) => fast["count"] is not { } text ? null
        : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count
        : 0;

    /// <summary>The mechanism that a token is asked for; null when none is, or one that was not offered.</summary>
    private string? WantedMechanism() =>
        request.Child(Ns, "request-token")?["mechanism"] is { } wanted && Available(context).Any(mechanism => mechanism.Name == wanted)
            ? wanted
            : null;
}
