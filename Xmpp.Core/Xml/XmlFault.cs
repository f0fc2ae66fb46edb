using Xmpp.Core.Streams;

namespace Xmpp.Core.Xml;

/// <summary>The stream errors that XML itself can cause (RFC 6120 §4.9.3, §11).</summary>
internal static class XmlFault
{
    public static readonly StreamError NotUtf8 = new(StreamErrorCondition.UnsupportedEncoding, "The stream isn't UTF-8.");
    public static readonly StreamError ForbiddenCharacter = NotWellFormed("A character that XML doesn't allow.");
    public static readonly StreamError BadName = NotWellFormed("A name was expected.");
    public static readonly StreamError BadReference = NotWellFormed("An ampersand without a reference.");
    public static readonly StreamError BadEndTag = NotWellFormed("An end tag doesn't match its start tag.");
    public static readonly StreamError DuplicateAttribute = NotWellFormed("An attribute is given twice.");
    public static readonly StreamError UnboundPrefix = NotWellFormed("A prefix isn't declared.");
    public static readonly StreamError ReservedNamespace = NotWellFormed("A namespace declaration misuses a reserved name.");

    public static readonly StreamError BadSpaceHandling = new(
        StreamErrorCondition.InvalidXml, "The attribute xml:space is neither 'default' nor 'preserve'.");

    public static readonly StreamError TooBig = new(
        StreamErrorCondition.PolicyViolation, "The stanza is too big.", new Element("urn:xmpp:errors", "stanza-too-big"));

    public static StreamError NotWellFormed(string text) => new(StreamErrorCondition.NotWellFormed, text);

    public static StreamError Restricted(string text) => new(StreamErrorCondition.RestrictedXml, text);

    public static StreamError Policy(string text) => new(StreamErrorCondition.PolicyViolation, text);

    public static StreamError BadFormat(string text) => new(StreamErrorCondition.BadFormat, text);

    /// <summary>The error for an ampersand that isn't followed by a character's reference.</summary>
    public static StreamError Reference(ReferenceKind kind) => kind switch
    {
        ReferenceKind.Entity => Restricted("Only the predefined entities may be used."),
        ReferenceKind.TooLong => Policy("A reference is too long."),
        _ => BadReference,
    };
}
