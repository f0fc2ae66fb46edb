using Xmpp.Core.Xml;

namespace Xmpp.Core.Stanzas;

/// <summary>Stanza error types (RFC 6120 §8.3.2).</summary>
public enum StanzaErrorType
{
    Auth,
    Cancel,
    Continue,
    Modify,
    Wait,
}

/// <summary>Stanza error conditions (RFC 6120 §8.3.3).</summary>
public enum StanzaErrorCondition
{
    BadRequest,
    Conflict,
    FeatureNotImplemented,
    Forbidden,
    Gone,
    InternalServerError,
    ItemNotFound,
    JidMalformed,
    NotAcceptable,
    NotAllowed,
    NotAuthorized,
    PolicyViolation,
    RecipientUnavailable,
    Redirect,
    RegistrationRequired,
    RemoteServerNotFound,
    RemoteServerTimeout,
    ResourceConstraint,
    ServiceUnavailable,
    SubscriptionRequired,
    UndefinedCondition,
    UnexpectedRequest,
}

/// <summary>A stanza error (RFC 6120 §8.3): a value that handlers return, not an exception.</summary>
/// <param name="Condition">The defined condition.</param>
/// <param name="Type">What the sender may do about it; <see cref="Of"/> gives the type that the RFC associates with the condition.</param>
/// <param name="Text">For people, in English; may be null.</param>
/// <param name="Application">An application-specific condition (§8.3.4), or null.</param>
public sealed record StanzaError(StanzaErrorCondition Condition, StanzaErrorType Type, string? Text = null, Element? Application = null)
{
    /// <summary>The error with the type that RFC 6120 §8.3.3 associates with the condition ("the associated error type SHOULD be").</summary>
    public static StanzaError Of(StanzaErrorCondition condition, string? text = null) => new(condition, DefaultType(condition), text);

    public static string WireName(StanzaErrorCondition condition) => Names[(int)condition];

    /// <summary>The <c>&lt;error/&gt;</c> child of a stanza of type "error", in the given content namespace.</summary>
    public Element ToElement(string contentNamespace = Namespaces.Client) => new(contentNamespace, "error",
        Element.Attr("type", WireNames.FromPascalCase(Type.ToString())),
        new Element(Namespaces.StanzaErrors, WireName(Condition)),
        Text is null ? null : new Element(Namespaces.StanzaErrors, "text",
            new ElementAttribute(new XmlName(Namespaces.Xml, "lang"), "en"), Text),
        Application);

    private static readonly string[] Names =
        [.. Enum.GetNames<StanzaErrorCondition>().Select(WireNames.FromPascalCase)];

    private static StanzaErrorType DefaultType(StanzaErrorCondition condition) => condition switch
    {
        StanzaErrorCondition.BadRequest => StanzaErrorType.Modify,
        StanzaErrorCondition.Forbidden => StanzaErrorType.Auth,
        StanzaErrorCondition.JidMalformed => StanzaErrorType.Modify,
        StanzaErrorCondition.NotAcceptable => StanzaErrorType.Modify,
        StanzaErrorCondition.NotAuthorized => StanzaErrorType.Auth,
        StanzaErrorCondition.PolicyViolation => StanzaErrorType.Modify,
        StanzaErrorCondition.RecipientUnavailable => StanzaErrorType.Wait,
        StanzaErrorCondition.Redirect => StanzaErrorType.Modify,
        StanzaErrorCondition.RegistrationRequired => StanzaErrorType.Auth,
        StanzaErrorCondition.RemoteServerTimeout => StanzaErrorType.Wait,
        StanzaErrorCondition.ResourceConstraint => StanzaErrorType.Wait,
        StanzaErrorCondition.SubscriptionRequired => StanzaErrorType.Auth,
        StanzaErrorCondition.UnexpectedRequest => StanzaErrorType.Wait,
        _ => StanzaErrorType.Cancel,
    };
}
