using Xunit;

namespace Xmpp.Core.Tests;

/// <summary>Domainparts: RFC 7622 §3.2, IDNA2008 (RFC 5890-5893, 5895) and IP addresses.</summary>
public sealed class JidDomainTests
{
    [Theory]
    [InlineData("example.com", "example.com")]
    [InlineData("EXAMPLE.com", "example.com")]
    [InlineData("example.com.", "example.com")] // the final dot is stripped
    [InlineData("localhost", "localhost")]
    [InlineData("xmpp-1.example.com", "xmpp-1.example.com")]
    [InlineData("3com.com", "3com.com")]
    [InlineData("a--b.example", "a--b.example")]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("256.0.2.1", "256.0.2.1")] // not an IPv4 address, but a name
    public void Ascii_names_are_lower_cased(string domain, string expected) => Assert.Equal(expected, Jid.Parse(domain).Domain);

    [Theory]
    [InlineData("b\u00FCcher.example", "b\u00FCcher.example")]
    [InlineData("B\u00DCCHER.Example.", "b\u00FCcher.example")]
    [InlineData("bu\u0308cher.example", "b\u00FCcher.example")] // NFC
    [InlineData("fa\u00DF.de", "fa\u00DF.de")] // no "ss", unlike IDNA2003
    [InlineData("\u0392\u03CC\u03BB\u03BF\u03C2.com", "\u03B2\u03CC\u03BB\u03BF\u03C2.com")] // the final sigma stays
    [InlineData("\uFF25xample\uFF0E\uFF43om", "example.com")] // fullwidth
    [InlineData("\u65E5\u672C\u8A9E\u3002jp", "\u65E5\u672C\u8A9E.jp")] // IDEOGRAPHIC FULL STOP
    [InlineData("\u65E5\u672C\u8A9E\uFF61jp\u3002", "\u65E5\u672C\u8A9E.jp")] // and its halfwidth form
    [InlineData("\u0DC1\u0DCA\u200D\u0DBB\u0DD3.lk", "\u0DC1\u0DCA\u200D\u0DBB\u0DD3.lk")] // joiner behind a virama
    [InlineData("l\u00B7l.cat", "l\u00B7l.cat")]
    [InlineData("\u05D0\u05D1.\u05D2", "\u05D0\u05D1.\u05D2")]
    [InlineData("\u05D0.com", "\u05D0.com")]
    [InlineData("K\u212A.example", "kk.example")] // KELVIN SIGN
    public void International_names_are_mapped(string domain, string expected) => Assert.Equal(expected, Jid.Parse(domain).Domain);

    [Theory]
    [InlineData("xn--bcher-kva.example", "b\u00FCcher.example")]
    [InlineData("XN--BCHER-KVA.EXAMPLE", "b\u00FCcher.example")]
    [InlineData("\uFF58\uFF4E\uFF0D\uFF0Dbcher-kva.example", "b\u00FCcher.example")] // fullwidth
    [InlineData("xn--fa-hia.de", "fa\u00DF.de")]
    [InlineData("xn--4db.xn--4db", "\u05D0.\u05D0")]
    [InlineData("xn--10cl1a0b660p.lk", "\u0DC1\u0DCA\u200D\u0DBB\u0DD3.lk")]
    [InlineData("xn--ll-0ea.cat", "l\u00B7l.cat")]
    [InlineData("xn--ihqwcrb4cv8a8dqg056pqjye.cn", "\u4ED6\u4EEC\u4E3A\u4EC0\u4E48\u4E0D\u8BF4\u4E2D\u6587.cn")] // RFC 3492 §7.1 (B)
    [InlineData("xn--3b-ww4c5e180e575a65lsy2b", "3\u5E74b\u7D44\u91D1\u516B\u5148\u751F")] // (L)
    [InlineData("xn--2-u9tlzr9756bt3uc0v", "\u3072\u3068\u3064\u5C4B\u6839\u306E\u4E0B2")] // (O)
    public void A_labels_become_u_labels(string domain, string expected) => Assert.Equal(expected, Jid.Parse(domain).Domain);

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData(".example.com")]
    [InlineData("example..com")]
    [InlineData("example.com..")]
    [InlineData("example.com.\u3002")]
    [InlineData("\u3002")]
    [InlineData("-example.com")]
    [InlineData("example-.com")]
    [InlineData("\u00FC-.com")]
    [InlineData("exam_ple.com")]
    [InlineData("exam ple.com")]
    [InlineData("example.com:5222")]
    [InlineData("exam\uFF20ple.com")] // a fullwidth @
    [InlineData("exam\uFF0Fple.com")] // a fullwidth /
    [InlineData("ab--cd.com")] // reserved hyphens (RFC 5890 §2.3.1)
    [InlineData("\u00FCb--cd.com")]
    [InlineData("xn--.com")]
    [InlineData("xn--a.com")]
    [InlineData("xn--abc-.com")] // nothing but ASCII behind it
    [InlineData("xn--bcher-kv\u00FC.com")]
    [InlineData("xn--99999999.com")] // overflows
    [InlineData("xn--a-xbb.com")] // a + U+0301, not normalised
    [InlineData("xn--egbpdaj6bu4bxfgehfvwxn.com")] // RFC 3492 §7.1 (A), which ends with an Arabic question mark
    [InlineData("xn--n3h.com")] // U+2603 SNOWMAN
    [InlineData("\u2603.com")]
    [InlineData("xn--e28h.com")] // an emoji
    [InlineData("xn--ab-0ea.cat")] // a middle dot not between l's
    [InlineData("a\u00B7b.cat")]
    [InlineData("\u0301a.com")] // begins with a combining mark
    [InlineData("\u1100\u1161\u0378.com")] // unassigned
    [InlineData("a\u05D0.com")]
    [InlineData("\u05D0.1com")] // a Bidi domain name whose second label begins with a number
    public void What_is_neither_nr_ldh_label_nor_u_label_is_no_domain(string domain)
    {
        Assert.False(Jid.TryParse(domain, out _));
        Assert.False(Jid.TryParse($"juliet@{domain}/balcony", out _));
    }

    [Fact]
    public void Labels_have_63_octets_at_most_as_a_labels()
    {
        Assert.True(Jid.TryParse($"{new string('a', 63)}.com", out _));
        Assert.False(Jid.TryParse($"{new string('a', 64)}.com", out _));
        Assert.False(Jid.TryParse($"\u00FC.{new string('a', 64)}.com", out _));

        // "xn--", and 59 octets of Punycode for 57 of the same letter.
        Assert.True(Jid.TryParse($"{new string('\u00FC', 57)}.com", out _));
        Assert.False(Jid.TryParse($"{new string('\u00FC', 58)}.com", out _));
        Assert.False(Jid.TryParse($"{new string('\u00FC', 1000)}.com", out _));
    }

    [Theory]
    [InlineData("[::1]", "[::1]")]
    [InlineData("[0:0:0:0:0:0:0:1]", "[::1]")]
    [InlineData("[2001:DB8::0:1]", "[2001:db8::1]")]
    [InlineData("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]")]
    public void Ipv6_addresses_stand_in_brackets_and_have_one_form(string domain, string expected) =>
        Assert.Equal($"juliet@{expected}/balcony", Jid.Parse($"juliet@{domain}/balcony").ToString());

    [Theory]
    [InlineData("::1")]
    [InlineData("[]")]
    [InlineData("[::1")]
    [InlineData("::1]")]
    [InlineData("[[::1]]")]
    [InlineData("[::1].")]
    [InlineData("[::1]:5222")]
    [InlineData("[192.0.2.1]")]
    [InlineData("[1]")]
    [InlineData("[example.com]")]
    [InlineData("[fe80::1%25eth0]")]
    [InlineData("[fe80::1%1]")]
    [InlineData("[::1%]")]
    [InlineData("[1:2:3:4:5:6:7]")]
    [InlineData("[1:2:3:4:5:6:7:8:9]")]
    [InlineData("[v1.a]")]
    public void What_is_not_quite_an_ipv6_address_is_no_domain(string domain) => Assert.False(Jid.TryParse(domain, out _));
}
