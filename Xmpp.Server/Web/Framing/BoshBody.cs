using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Xmpp.Core;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Web.Framing;

/// <summary>Why a session over BOSH ends (XEP-0124 §17.2).</summary>
internal static class BoshCondition
{
    public const string BadRequest = "bad-request";
    public const string ItemNotFound = "item-not-found";
    public const string PolicyViolation = "policy-violation";
    public const string RemoteStreamError = "remote-stream-error";
    public const string UndefinedCondition = "undefined-condition";
}

/// <summary>What a client sent by one request (XEP-0124 §7).</summary>
internal sealed partial class BoshBody
{
    public const string Ns = "http://jabber.org/protocol/httpbind";
    public const string DefaultContentType = "text/xml; charset=utf-8";

    private const string XmppNs = "urn:xmpp:xbosh";

    /// <summary>§14.1: what a number with a fraction can hold.</summary>
    private const long LargestRid = 9_007_199_254_740_991;

    private static readonly StreamScope Scope = StreamScope.ForContent("");
    private static readonly XmlName Body = new(Ns, "body");
    private static readonly XmlName Version = new(XmppNs, "version");
    private static readonly XmlName Restart = new(XmppNs, "restart");
    private static readonly XmlName Language = new(Namespaces.Xml, "lang");

    private BoshBody(Element element, long rid) => (Element, Rid) = (element, rid);

    public Element Element { get; }

    public long Rid { get; }

    public string? Sid => Element["sid"];

    public bool IsTerminate => Element["type"] == "terminate";

    /// <summary>XEP-0206 §5.</summary>
    public bool IsRestart => Element.Attribute(Restart) is "true" or "1";

    /// <summary>§10: a client that will be away.</summary>
    public bool IsPause => Element["pause"] is not null;

    /// <summary>Of a session's first request: what its client wants all answers to be (§7.1).</summary>
    public string ContentType => Element["content"] ?? DefaultContentType;

    public IEnumerable<Element> Payload => Element.Elements;

    /// <summary>Reads what a client sent.</summary>
    /// <returns>Null when it is none.</returns>
    public static BoshBody? Parse(ReadOnlyMemory<byte> bytes, FramerLimits limits)
    {
        var framer = new StanzaFramer(limits);
        framer.Begin(Scope);
        var start = WithoutDeclaration(bytes.Span);
        if (framer.Read(bytes[start..], out var length) != FrameKind.Stanza)
            return null;
        var element = framer.Stanza.ToElement();
        return bytes.Span[(start + length)..].ContainsAnyExcept(" \t\r\n"u8) || element.Name != Body
            || (element["content"] is { } type && !MediaType().IsMatch(type))
            || !long.TryParse(element["rid"], NumberStyles.None, CultureInfo.InvariantCulture, out var rid) || rid is 0 or > LargestRid
            ? null
            : new BoshBody(element, rid);
    }

    /// <summary>A number of seconds or of requests; null when there is none.</summary>
    public int? Number(string name) =>
        int.TryParse(Element[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The header of the stream that the session is, or that begins anew in it (XEP-0206 §3, §5).</summary>
    /// <param name="creation">The session's first request: what it says holds where a restart doesn't say it.</param>
    public void WriteHeader(IBufferWriter<byte> output, BoshBody creation)
    {
        output.Write("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"u8);
        Write(output, "to", Element["to"] ?? creation.Element["to"]);
        Write(output, "from", Element["from"] ?? creation.Element["from"]);
        // XEP-0206 §3: most clients say it; there are none from before XMPP 1.0 any more.
        Write(output, "version", Element.Attribute(Version) ?? creation.Element.Attribute(Version) ?? "1.0");
        Write(output, "xml:lang", Element.Attribute(Language) ?? creation.Element.Attribute(Language));
        output.Write(">"u8);
    }

    /// <summary>A response that ends a session, or says that there is none.</summary>
    public static byte[] Terminate(string condition) =>
        Encoding.UTF8.GetBytes($"<body xmlns='{Ns}' type='terminate' condition='{condition}'/>");

    /// <summary>A response to a request that has come again: this one's answer goes to the new one (§14.3, §17.3).</summary>
    public static byte[] Repeated() => Encoding.UTF8.GetBytes($"<body xmlns='{Ns}' type='error'/>");

    /// <summary>Writes an attribute, if it has a value.</summary>
    public static void Write(IBufferWriter<byte> output, string name, string? value)
    {
        if (value is null)
            return;
        output.Write(" "u8);
        XmlStreamWriter.WriteEscaped(output, name);
        output.Write("='"u8);
        XmlStreamWriter.WriteEscaped(output, value);
        output.Write("'"u8);
    }

    /// <summary>Behind an XML declaration.</summary>
    private static int WithoutDeclaration(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.StartsWith("<?xml "u8) ? bytes.IndexOf("?>"u8) + 2 : 0;
        return end + (bytes[end..].IndexOfAnyExcept(" \t\r\n"u8) is > 0 and var space ? space : 0);
    }

    [GeneratedRegex(@"^[a-zA-Z]{1,20}/[a-zA-Z0-9.+-]{1,40}(; ?charset=[uU][tT][fF]-8)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex MediaType();
}
