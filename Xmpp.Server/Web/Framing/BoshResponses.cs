using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Xmpp.Server.Web.Framing;

/// <summary>What a session's requests are answered with, and the last answers, should they have been lost (XEP-0124 §14.3).</summary>
internal sealed partial class BoshResponses(BoshBody creation, BoshTerms terms)
{
    /// <summary>Of XEP-0124.</summary>
    private const int MinorVersion = 11;

    private readonly bool _acknowledges = creation.Element["ack"] == "1";
    private readonly Queue<(long Rid, byte[] Response)> _kept = new();
    private string? _header;
    private bool _isFirst = true;

    public string Sid { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Whether the stream has been opened from this side.</summary>
    public bool HasHeader => _header is not null;

    /// <summary>What the stream's header says; that of a stream that began anew is nobody's business.</summary>
    public void NoteHeader(string attributes) => _header ??= attributes;

    public byte[]? Find(long rid) => _kept.FirstOrDefault(kept => kept.Rid == rid).Response;

    public void Keep(long rid, byte[] response)
    {
        _kept.Enqueue((rid, response));
        if (_kept.Count > terms.Requests)
            _kept.Dequeue();
    }

    /// <param name="received">The highest number of a request before which none is missing.</param>
    public byte[] Empty(long rid, long received) => With(rid, received, default);

    public byte[] With(long rid, long received, ReadOnlySpan<byte> payload) =>
        Write(rid, received, payload, isLast: false, hasError: false);

    /// <param name="hasError">Whether the payload ends with a stream error (XEP-0206 §6).</param>
    public byte[] Last(long rid, long received, ReadOnlySpan<byte> payload, bool hasError) =>
        Write(rid, received, payload, isLast: true, hasError);

    private byte[] Write(long rid, long received, ReadOnlySpan<byte> payload, bool isLast, bool hasError)
    {
        var output = new ArrayBufferWriter<byte>(256 + payload.Length);
        output.Write("<body xmlns='http://jabber.org/protocol/httpbind'"u8);
        if (_isFirst)
            WriteTerms(output);
        else if (_acknowledges && received != rid)
            BoshBody.Write(output, "ack", Number(received)); // §9.1
        _isFirst = false;
        if (isLast)
            BoshBody.Write(output, "type", "terminate");
        if (hasError)
            BoshBody.Write(output, "condition", BoshCondition.RemoteStreamError);
        // XEP-0206 §2: beside features and errors, though they declare it themselves.
        if (payload.IndexOf("<stream:"u8) >= 0)
            output.Write(" xmlns:stream='http://etherx.jabber.org/streams'"u8);
        output.Write(">"u8);
        output.Write(payload);
        output.Write("</body>"u8);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>§7.2, and XEP-0206 §4.</summary>
    private void WriteTerms(ArrayBufferWriter<byte> output)
    {
        BoshBody.Write(output, "sid", Sid);
        BoshBody.Write(output, "wait", Number(terms.Wait));
        BoshBody.Write(output, "requests", Number(terms.Requests));
        BoshBody.Write(output, "hold", Number(terms.Hold));
        BoshBody.Write(output, "inactivity", Number(terms.Inactivity));
        BoshBody.Write(output, "maxpause", Number(terms.MaxPause));
        BoshBody.Write(output, "ver", $"1.{Math.Min(MinorVersion, ClientVersion())}");
        BoshBody.Write(output, "ack", _acknowledges ? Number(creation.Rid) : null);
        BoshBody.Write(output, "authid", HeaderValue("id"));
        BoshBody.Write(output, "from", HeaderValue("from"));
        output.Write(" xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0' xmpp:restartlogic='true'"u8);
    }

    private int ClientVersion() =>
        creation.Element["ver"]?.Split('.') is [_, var minor]
        && int.TryParse(minor, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : MinorVersion;

    /// <summary>Of our own header.</summary>
    private string? HeaderValue(string name) => Attributes().Matches(_header ?? "")
        .FirstOrDefault(attribute => attribute.Groups["name"].Value == name)?.Groups["value"].Value;

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(" (?<name>[a-z:]+)='(?<value>[^']*)'")]
    private static partial Regex Attributes();
}
