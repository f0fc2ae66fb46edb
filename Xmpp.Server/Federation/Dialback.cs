using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Xml;

namespace Xmpp.Server.Federation;

/// <summary>Keys of Server Dialback, which only this server can make and so recognise.</summary>
/// <param name="secret">The same on every machine that answers for these hosts, and after a restart.</param>
[Xep(185, "1.0")]
internal sealed class DialbackKeys(ReadOnlySpan<byte> secret)
{
    // §3: HMAC-SHA256 with the hash of the secret for its key, in hexadecimal.
    private readonly byte[] _key = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(secret)));

    /// <param name="receiving">The domain that is connected to.</param>
    /// <param name="originating">The domain that connects.</param>
    /// <param name="streamId">Of the receiving server's stream header.</param>
    public string Create(string receiving, string originating, string streamId) => Convert.ToHexStringLower(
        HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{receiving} {originating} {streamId}")));

    public bool IsValid(string key, string receiving, string originating, string streamId) => CryptographicOperations.FixedTimeEquals(
        Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(Create(receiving, originating, streamId)));
}

/// <summary>The elements of Server Dialback. Their prefix is always the one that the stream's header declares (§2).</summary>
internal static class Dialback
{
    public const string Ns = "jabber:server:dialback";

    /// <summary>For the header of each stream between servers (§2.4.1).</summary>
    public static ReadOnlySpan<byte> Declaration => " xmlns:db='jabber:server:dialback'"u8;

    /// <summary>The stream feature, which says that errors end no stream (§2.4.2).</summary>
    public static Element Feature { get; } =
        new("urn:xmpp:features:dialback", "dialback", new Element("urn:xmpp:features:dialback", "errors"));

    /// <summary>Writes "result" or "verify".</summary>
    /// <param name="id">Of the stream that it is about, for "verify"; else null.</param>
    /// <param name="type">"valid", "invalid" or "error" for an answer; null for a request.</param>
    /// <param name="key">Of a request; else null.</param>
    public static void Write(
        ArrayBufferWriter<byte> output, string name, string from, string to, string? id, string? type, string? key,
        StanzaErrorCondition? error = null)
    {
        output.Write("<db:"u8);
        XmlStreamWriter.WriteEscaped(output, name);
        WriteAttribute(output, " from='"u8, from);
        WriteAttribute(output, " to='"u8, to);
        WriteAttribute(output, " id='"u8, id);
        WriteAttribute(output, " type='"u8, type);
        output.Write(">"u8);
        if (key is not null)
            XmlStreamWriter.WriteEscaped(output, key);
        if (error is { } condition)
            XmlStreamWriter.Write(output, StanzaError.Of(condition).ToElement(Namespaces.Server), Namespaces.Server);
        output.Write("</db:"u8);
        XmlStreamWriter.WriteEscaped(output, name);
        output.Write(">"u8);
    }

    /// <summary>The condition of an answer of type "error", by its name on the wire.</summary>
    public static string ErrorOf(Element answer) =>
        StanzaError.Parse(new Element(Namespaces.Client, "iq", answer.Elements)) is { } error
            ? StanzaError.WireName(error.Condition)
            : "no reason given";

    private static void WriteAttribute(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> start, string? value)
    {
        if (value is null)
            return;
        output.Write(start);
        XmlStreamWriter.WriteEscaped(output, value);
        output.Write("'"u8);
    }
}

/// <summary>What a receiving server wants to know from the one that answers for a domain.</summary>
/// <param name="StreamId">Of the stream on which the key came.</param>
internal sealed record DialbackRequest(string StreamId, string Key);

/// <summary>What came of it: whether the key is valid; or why that isn't known.</summary>
internal readonly record struct DialbackResult(bool IsValid, StanzaErrorCondition? Error = null);
