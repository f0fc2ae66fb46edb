using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Modules;

/// <summary>The errors of XEP-0050 §4.4, with its types.</summary>
internal static class CommandErrors
{
    /// <summary>The action is none.</summary>
    public static StanzaError MalformedAction { get; } = BadRequest("malformed-action");

    /// <summary>The action is not allowed now.</summary>
    public static StanzaError BadAction { get; } = BadRequest("bad-action");

    /// <summary>The language is not ours.</summary>
    public static StanzaError BadLocale { get; } = BadRequest("bad-locale", "This server speaks English.");

    /// <summary>A form was expected.</summary>
    public static StanzaError BadPayload { get; } = BadRequest("bad-payload", "A form that is filled out was expected.");

    /// <summary>The session is not one of this requester, entity and command.</summary>
    public static StanzaError BadSessionId { get; } = BadRequest("bad-sessionid");

    /// <summary>The session is over.</summary>
    public static StanzaError SessionExpired { get; } =
        new(StanzaErrorCondition.NotAllowed, StanzaErrorType.Cancel, Application: Condition("session-expired"));

    public static StanzaError Forbidden { get; } = new(StanzaErrorCondition.Forbidden, StanzaErrorType.Cancel);

    /// <summary>A form that does not answer the question, and why.</summary>
    public static StanzaError UnfitForm(StanzaError why) => BadRequest("bad-payload", why.Text);

    private static StanzaError BadRequest(string condition, string? text = null) =>
        new(StanzaErrorCondition.BadRequest, StanzaErrorType.Modify, text, Condition(condition));

    private static Element Condition(string name) => new(AdHocCommand.Namespace, name);
}
