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
    private static readonly string[] _conditions = [.. Enum.GetNames<StreamErrorCondition>().Select(Stanzas.WireNames.FromPascalCase)];

    /// <summary>
    /// With <c>see-other-host</c>: where to connect, a domainpart or address (IPv6 in brackets), perhaps with a port
    /// behind a colon (§4.9.3.19); else null.
    /// </summary>
    public string? OtherHost { get; private init; }

    /// <summary>Sends the peer to another host, "im2.example.com", "192.0.2.1:5222" or "[2001:db8::1]:5222".</summary>
    public static StreamError SeeOtherHost(string host, string? text = null) =>
        new(StreamErrorCondition.SeeOtherHost, text) { OtherHost = host };

    /// <summary>The condition's name on the wire, such as <c>not-well-formed</c>.</summary>
    public static string WireName(StreamErrorCondition condition) => _conditions[(int)condition];

    /// <summary>The condition of that name; one that is unknown is <c>undefined-condition</c>.</summary>
    public static StreamErrorCondition ConditionOf(string? wireName) => Array.IndexOf(_conditions, wireName) is >= 0 and var index
        ? (StreamErrorCondition)index
        : StreamErrorCondition.UndefinedCondition;

    /// <summary>The <c>&lt;stream:error/&gt;</c> element.</summary>
    public Element ToElement() => new(Namespaces.Stream, "error",
        new Element(Namespaces.StreamErrors, WireName(Condition), OtherHost),
        Text is null ? null : new Element(Namespaces.StreamErrors, "text",
            new ElementAttribute(new XmlName(Namespaces.Xml, "lang"), "en"), Text),
        Application);
}

/// <summary>The stream can't go on. Caught once, where the stream's loop sends the error and closes.</summary>
public sealed class StreamErrorException(StreamError error) : Exception(StreamError.WireName(error.Condition))
{
    public StreamErrorException(StreamErrorCondition condition, string? text = null) : this(new StreamError(condition, text))
    {
    }

    public StreamError Error { get; } = error;
}
