using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

/// <summary>RFC 6125 §6 and RFC 6120 §13.7.1.2 as a table.</summary>
public sealed class ServerIdentitiesTests
{
    [Theory]
    [InlineData("dns:example.org", "example.org", true)]
    [InlineData("dns:EXAMPLE.org", "example.org", true)]
    [InlineData("dns:example.org", "chat.example.org", false)]
    [InlineData("dns:*.example.org", "chat.example.org", true)]
    [InlineData("dns:*.example.org", "example.org", false)]
    [InlineData("dns:*.example.org", "a.chat.example.org", false)]
    [InlineData("dns:c*.example.org", "chat.example.org", false)]
    [InlineData("dns:*", "org", false)]
    [InlineData("dns:xn--exmple-cua.org", "exämple.org", true)]
    [InlineData("srv:_xmpp-server.example.org", "example.org", true)]
    [InlineData("srv:_xmpp-client.example.org", "example.org", false)]
    [InlineData("srv:_xmpp-server.*.example.org", "chat.example.org", false)]
    [InlineData("xmpp:example.org", "example.org", true)]
    [InlineData("xmpp:exämple.org", "exämple.org", true)]
    [InlineData("xmpp:romeo@example.org", "example.org", false)]
    [InlineData("xmpp:other.org dns:example.org", "example.org", true)]
    [InlineData("cn:example.org", "example.org", false)]
    [InlineData("uri:xmpp:example.org", "example.org", false)]
    public void A_certificate_is_a_domain_s_by_what_it_names(string names, string domain, bool matches)
    {
        using var certificate = Create(names.Split(' '));
        Assert.Equal(matches, ServerIdentities.Matches(certificate, domain));
    }

    [Fact]
    public void Names_that_can_not_be_read_name_nobody()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", [0x30, 0x05, 0x82, 0x10, 1], critical: false));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
        Assert.False(ServerIdentities.Matches(certificate, "example.org"));
    }

    private static X509Certificate2 Create(string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = names.FirstOrDefault(name => name.StartsWith("cn:", StringComparison.Ordinal))?[3..] ?? "x";
        var request = new CertificateRequest($"CN={subject}", key, HashAlgorithmName.SHA256);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var name in names)
            {
                var (kind, value) = (name[..name.IndexOf(':', StringComparison.Ordinal)], name[(name.IndexOf(':', StringComparison.Ordinal) + 1)..]);
                switch (kind)
                {
                    case "dns":
                        writer.WriteCharacterString(UniversalTagNumber.IA5String, value, new(TagClass.ContextSpecific, 2));
                        break;
                    case "uri":
                        writer.WriteCharacterString(UniversalTagNumber.IA5String, value, new(TagClass.ContextSpecific, 6));
                        break;
                    case "srv":
                        WriteOther(writer, "1.3.6.1.5.5.7.8.7", UniversalTagNumber.IA5String, value);
                        break;
                    case "xmpp":
                        WriteOther(writer, "1.3.6.1.5.5.7.8.5", UniversalTagNumber.UTF8String, value);
                        break;
                }
            }
        }
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", writer.Encode(), critical: false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
    }

    private static void WriteOther(AsnWriter writer, string type, UniversalTagNumber kind, string value)
    {
        using (writer.PushSequence(new(TagClass.ContextSpecific, 0)))
        {
            writer.WriteObjectIdentifier(type);
            using (writer.PushSequence(new(TagClass.ContextSpecific, 0)))
                writer.WriteCharacterString(kind, value);
        }
    }
}
