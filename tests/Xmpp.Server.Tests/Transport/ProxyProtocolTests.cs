using System.Net;
using Xmpp.Server.Transport;
using Xunit;

namespace Xmpp.Server.Tests.Transport;

public sealed class ProxyProtocolTests
{
    public const string Signature = "0D0A0D0A000D0A515549540A";

    private const string Ipv4 = "C0000201C63364020FA01466";
    private const string Ipv6 = "20010DB8000000000000000000000001" + "20010DB8000000000000000000000002" + "0FA01466";
    private const string MappedIpv4 = "00000000000000000000FFFFC0000201" + "00000000000000000000FFFFC6336402" + "0FA01466";
    private const string Tlv = "0400020000";

    public static TheoryData<string, string, string?> Valid => new()
    {
        { "TCP over IPv4", Signature + "2111000C" + Ipv4, "192.0.2.1:4000" },
        { "TCP over IPv6", Signature + "21210024" + Ipv6, "[2001:db8::1]:4000" },
        { "IPv4 mapped into IPv6", Signature + "21210024" + MappedIpv4, "192.0.2.1:4000" },
        { "values behind the addresses", Signature + "21110011" + Ipv4 + Tlv, "192.0.2.1:4000" },
        { "LOCAL without addresses", Signature + "20000000", null },
        { "LOCAL with addresses, to be ignored", Signature + "2011000C" + Ipv4, null },
        { "LOCAL with an unknown family", Signature + "20FF0000", null },
        { "AF_UNSPEC", Signature + "21000000", null },
        { "AF_UNSPEC with values", Signature + "21000005" + Tlv, null },
    };

    public static TheoryData<string, string, string> Invalid => new()
    {
        { "version 1", "50524F58592054435034203139322E30", "signature" },
        { "a stream header", "3C3F786D6C2076657273696F6E3D2731", "signature" },
        { "one bit wrong", "0D0A0D0A000D0A515549540B" + "2111000C" + Ipv4, "signature" },
        { "version 3", Signature + "3111000C" + Ipv4, "version 3" },
        { "version 1 in binary", Signature + "1111000C" + Ipv4, "version 1" },
        { "unknown command", Signature + "2211000C" + Ipv4, "command 2" },
        { "UDP over IPv4", Signature + "2112000C" + Ipv4, "0x12" },
        { "Unix socket", Signature + "21310000", "0x31" },
        { "IPv4 with unspecified transport", Signature + "2110000C" + Ipv4, "0x10" },
        { "IPv4 addresses cut short", Signature + "2111000B" + "C0000201C63364020FA014", "cut short" },
        { "IPv6 with the length of IPv4", Signature + "2121000C" + Ipv4, "cut short" },
        { "absurdly long", Signature + "2111FFFF", "65535 bytes" },
    };

    [Theory]
    [MemberData(nameof(Valid))]
    public void A_valid_header_names_the_peer(string what, string header, string? expected)
    {
        Assert.NotEmpty(what);
        Assert.Equal(expected is null ? null : IPEndPoint.Parse(expected), Parse(header));
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void An_invalid_header_is_refused_with_the_reason(string what, string header, string expected)
    {
        Assert.NotEmpty(what);
        var exception = Assert.Throws<InvalidDataException>(() => Parse(header));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    private static IPEndPoint? Parse(string header)
    {
        var bytes = Convert.FromHexString(header);
        var prefix = bytes.AsSpan(0, ProxyProtocol.PrefixLength);
        var length = ProxyProtocol.ParsePrefix(prefix);
        return ProxyProtocol.ParseRest(prefix, bytes.AsSpan(ProxyProtocol.PrefixLength, length));
    }
}
