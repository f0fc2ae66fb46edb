using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

public sealed class CertificateIdentitiesTests
{
    private const string XmppAddr = "1.3.6.1.5.5.7.8.5";
    private const string SrvName = "1.3.6.1.5.5.7.8.7";

    private static readonly Asn1Tag _tag0 = new(TagClass.ContextSpecific, 0);

    [Fact]
    public void The_addresses_of_the_subject_alternative_name_are_found_in_order_and_once()
    {
        using var certificate = Certify(names =>
        {
            names.WriteCharacterString(UniversalTagNumber.IA5String, "dns.example", new Asn1Tag(TagClass.ContextSpecific, 2));
            OtherName(names, XmppAddr, "juliet@im.example.com");
            OtherName(names, SrvName, "_xmpp-client.im.example.com");
            OtherName(names, XmppAddr, "Juliet@IM.example.com");
            OtherName(names, XmppAddr, "romeo@im.example.com");
            OtherName(names, XmppAddr, "@not an address");
            names.WriteCharacterString(UniversalTagNumber.IA5String, "xmpp:uri@example.com", new Asn1Tag(TagClass.ContextSpecific, 6));
        });

        Assert.Equal(
            ["juliet@im.example.com", "romeo@im.example.com"],
            CertificateIdentities.XmppAddresses(certificate).Select(jid => jid.ToString()));
    }

    [Fact]
    public void A_common_name_proves_nothing()
    {
        using var certificate = Certify(names: null);

        Assert.Empty(CertificateIdentities.XmppAddresses(certificate));
    }

    [Theory]
    [InlineData("")]
    [InlineData("04")]
    [InlineData("3003")]
    [InlineData("3002A000")]
    [InlineData("300CA00A06082B06010505070805")]
    public void An_extension_that_cannot_be_read_proves_nothing(string hex)
    {
        using var certificate = Certify(new X509Extension("2.5.29.17", Convert.FromHexString(hex), critical: false));

        Assert.Empty(CertificateIdentities.XmppAddresses(certificate));
    }

    [Fact]
    public void An_address_in_another_string_type_proves_nothing()
    {
        using var certificate = Certify(names => OtherName(names, XmppAddr, "juliet@im.example.com", UniversalTagNumber.IA5String));

        Assert.Empty(CertificateIdentities.XmppAddresses(certificate));
    }

    private static void OtherName(
        AsnWriter names, string type, string value, UniversalTagNumber encoding = UniversalTagNumber.UTF8String)
    {
        using (names.PushSequence(_tag0))
        {
            names.WriteObjectIdentifier(type);
            using (names.PushSequence(_tag0))
                names.WriteCharacterString(encoding, value);
        }
    }

    private static X509Certificate2 Certify(Action<AsnWriter>? names)
    {
        if (names is null)
            return Certify(extension: null);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
            names(writer);
        return Certify(new X509Extension("2.5.29.17", writer.Encode(), critical: false));
    }

    private static X509Certificate2 Certify(X509Extension? extension)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=juliet@im.example.com", key, HashAlgorithmName.SHA256);
        if (extension is not null)
            request.CertificateExtensions.Add(extension);
        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
    }
}
