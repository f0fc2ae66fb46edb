using Xmpp.Core.Xml;

namespace Xmpp.Core.Streams;

/// <summary>Stream error conditions (RFC 6120 §4.9.3).</summary>
public enum StreamErrorCondition
{
    BadFormat,
    BadNamespacePrefix,
    Conflict,
    ConnectionTimeout,
    HostGone,
    HostUnknown,
    ImproperAddressing,
    InternalServerError,
    InvalidFrom,
    InvalidNamespace,
    InvalidXml,
    NotAuthorized,
    NotWellFormed,
    PolicyViolation,
    RemoteConnectionFailed,
    Reset,
    ResourceConstraint,
    RestrictedXml,
    SeeOtherHost,
    SystemShutdown,
    UndefinedCondition,
    UnsupportedEncoding,
    UnsupportedFeature,
    UnsupportedStanzaType,
    UnsupportedVersion,
}

/// <summary>A stream error: always the end of the stream (RFC 6120 §4.9.1.1).</summary>
/// <param name="Condition">The defined condition.</param>
/// <param name="Text">For people, in English; may be null.</param>
/// <param name="Application">An application-specific condition (§4.9.4), or null.</param>
public sealed record StreamError(StreamErrorCondition Condition, string? Text = null, Element? Application = null)
{
    /// <summary>The condition's name on the wire, such as <c>not-well-formed</c>.</summary>
    public static string WireName(StreamErrorCondition condition) => Names[(int)condition];

    /// <summary>The <c>&lt;stream:error/&gt;</c> element.</summary>
    public Element ToElement() => new(Namespaces.Stream, "error",
        new Element(Namespaces.StreamErrors, WireName(Condition)),
        Text is null ? null : new Element(Namespaces.StreamErrors, "text",
            new ElementAttribute(new XmlName(Namespaces.Xml, "lang"), "en"), Text),
        Application);

    private static readonly string[] Names =
        [.. Enum.GetNames<StreamErrorCondition>().Select(Stanzas.WireNames.FromPascalCase)];
}

/// <summary>The stream can't go on. Caught once, where the stream's loop sends the error and closes.</summary>
public sealed class StreamErrorException(StreamError error) : Exception(StreamError.WireName(error.Condition))
{
    public StreamErrorException(StreamErrorCondition condition, string? text = null) : this(new StreamError(condition, text))
    {
    }

    public StreamError Error { get; } = error;
}
