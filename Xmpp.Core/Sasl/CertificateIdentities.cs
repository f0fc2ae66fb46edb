using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Xmpp.Core.Sasl;

/// <summary>The XMPP addresses that a certificate names. Whether to believe it is another question: check its chain first.</summary>
public static class CertificateIdentities
{
    private const string SubjectAltName = "2.5.29.17";

    /// <summary>id-on-xmppAddr (RFC 6120 §13.7.1.4).</summary>
    private const string XmppAddr = "1.3.6.1.5.5.7.8.5";

    private static readonly Asn1Tag _tag0 = new(TagClass.ContextSpecific, 0, isConstructed: true);

    /// <summary>The addresses in the certificate's subjectAltName, each once, in order; what isn't an address is left out.</summary>
    /// <returns>None when there are none, or when the extension can't be read.</returns>
    public static IReadOnlyList<Jid> XmppAddresses(X509Certificate2 certificate)
    {
        var addresses = new List<Jid>();
        foreach (var extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != SubjectAltName)
                continue;
            try
            {
                Read(extension.RawData, addresses);
            }
            catch (AsnContentException)
            {
                return [];
            }
        }
        return addresses;
    }

    /// <summary>GeneralNames ::= SEQUENCE OF GeneralName, of which otherName [0] { type-id, value [0] } (RFC 5280 §4.2.1.6).</summary>
    private static void Read(ReadOnlyMemory<byte> extension, List<Jid> addresses)
    {
        var names = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
        while (names.HasData)
        {
            if (!names.PeekTag().HasSameClassAndValue(_tag0))
            {
                names.ReadEncodedValue();
                continue;
            }
            var otherName = names.ReadSequence(_tag0);
            if (otherName.ReadObjectIdentifier() != XmppAddr)
                continue;
            var text = otherName.ReadSequence(_tag0).ReadCharacterString(UniversalTagNumber.UTF8String);
            if (Jid.TryParse(text, out var address) && !addresses.Contains(address))
                addresses.Add(address);
        }
    }
}
