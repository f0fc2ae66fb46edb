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
    private static readonly string[] _conditions = [.. Enum.GetNames<StanzaErrorCondition>().Select(WireNames.FromPascalCase)];
    private static readonly string[] _types = [.. Enum.GetNames<StanzaErrorType>().Select(WireNames.FromPascalCase)];

    /// <summary>
    /// With <c>gone</c> and <c>redirect</c>: the URI of the new address, such as "xmpp:romeo@example.net" (§8.3.3.5, §8.3.3.14);
    /// else null.
    /// </summary>
    public string? NewAddress { get; init; }

    /// <summary>What stands in front of the error (§8.3.1, rule 3): what of the request it is about, where a specification says so; or null.</summary>
    public Element? About { get; init; }

    /// <summary>Who detected the error, where that isn't the entity that was addressed (§8.3.1, rule 5); or null.</summary>
    public Jid? By { get; init; }

    /// <summary>The error with the type that §8.3.3 associates with the condition ("the associated error type SHOULD be").</summary>
    public static StanzaError Of(StanzaErrorCondition condition, string? text = null) => new(condition, DefaultType(condition), text);

    public static string WireName(StanzaErrorCondition condition) => _conditions[(int)condition];

    public static string WireName(StanzaErrorType type) => _types[(int)type];

    /// <summary>The <c>&lt;error/&gt;</c> child of a stanza of type "error", in the given content namespace.</summary>
    public Element ToElement(string contentNamespace = Namespaces.Client) => new(contentNamespace, "error",
        Element.Attr("by", By?.ToString()),
        Element.Attr("type", WireName(Type)),
        new Element(Namespaces.StanzaErrors, WireName(Condition), HasNewAddress(Condition) ? NewAddress : null),
        Text is null ? null : new Element(Namespaces.StanzaErrors, "text",
            new ElementAttribute(new XmlName(Namespaces.Xml, "lang"), "en"), Text),
        Application);

    /// <summary>
    /// Reads the <c>&lt;error/&gt;</c> of a stanza that came from elsewhere. An unknown condition is <c>undefined-condition</c>
    /// (§8.3.2) and an unknown type the condition's own; null when there is no such child.
    /// </summary>
    public static StanzaError? Parse(Element stanza)
    {
        if (stanza.Child(stanza.Name.Namespace, "error") is not { } error)
            return null;
        var defined = error.Elements.FirstOrDefault(child => child.Name is { Namespace: Namespaces.StanzaErrors, Local: not "text" });
        var condition = Array.IndexOf(_conditions, defined?.Name.Local) is >= 0 and var index
            ? (StanzaErrorCondition)index
            : StanzaErrorCondition.UndefinedCondition;
        var type = Array.IndexOf(_types, error["type"]) is >= 0 and var known ? (StanzaErrorType)known : DefaultType(condition);
        return new(
            condition,
            type,
            error.Child(Namespaces.StanzaErrors, "text")?.Text,
            error.Elements.FirstOrDefault(child => child.Name.Namespace != Namespaces.StanzaErrors))
        {
            By = Jid.TryParse(error["by"], out var by) ? by : null,
            NewAddress = HasNewAddress(condition) && defined?.Text.Trim() is { Length: > 0 } address ? address : null,
        };
    }

    private static bool HasNewAddress(StanzaErrorCondition condition) =>
        condition is StanzaErrorCondition.Gone or StanzaErrorCondition.Redirect;

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
