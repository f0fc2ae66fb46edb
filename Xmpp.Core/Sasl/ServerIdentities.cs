using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace Xmpp.Core.Sasl;

/// <summary>
/// Whether a certificate names the server of a domain (RFC 6120 §13.7.1.2, RFC 6125 §6): by DNS-ID, SRV-ID or XmppAddr of its
/// subjectAltName, and never by its subject. Whether to believe it is another question.
/// </summary>
public static class ServerIdentities
{
    private const string SubjectAltName = "2.5.29.17";

    /// <summary>id-on-dnsSRV (RFC 4985).</summary>
    private const string DnsSrv = "1.3.6.1.5.5.7.8.7";

    private const string ServicePrefix = "_xmpp-server.";

    private static readonly Asn1Tag _otherName = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag _dnsName = new(TagClass.ContextSpecific, 2);

    /// <param name="domain">A domainpart, in Unicode.</param>
    public static bool Matches(X509Certificate2 certificate, string domain)
    {
        var address = CertificateIdentities.XmppAddresses(certificate)
            .Any(jid => jid is { Local: null, IsFull: false } && jid.Domain == domain);
        if (address || AsciiOf(domain) is not { } name)
            return address;
        var (names, services) = Read(certificate);
        return names.Any(presented => Matches(presented, name))
            || services.Any(service => service.StartsWith(ServicePrefix, StringComparison.OrdinalIgnoreCase)
                && service[ServicePrefix.Length..].Equals(name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The DNS-IDs and SRV-IDs of a certificate, as they stand there, for people who look for what is wrong.</summary>
    public static IReadOnlyList<string> Of(X509Certificate2 certificate)
    {
        var (names, services) = Read(certificate);
        return [.. names, .. services, .. CertificateIdentities.XmppAddresses(certificate).Select(jid => jid.ToString())];
    }

    /// <summary>RFC 6125 §6.4: case doesn't matter; a wildcard is the whole of the left-most label, and stands for one.</summary>
    private static bool Matches(string presented, string name) => presented.StartsWith("*.", StringComparison.Ordinal)
        ? name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot
            && name[dot..].Equals(presented[1..], StringComparison.OrdinalIgnoreCase)
        : presented.Equals(name, StringComparison.OrdinalIgnoreCase);

    private static (List<string> Names, List<string> Services) Read(X509Certificate2 certificate)
    {
        var (names, services) = (new List<string>(), new List<string>());
        try
        {
            foreach (var extension in certificate.Extensions.Where(extension => extension.Oid?.Value == SubjectAltName))
                Read(extension.RawData, names, services);
        }
        catch (AsnContentException)
        {
            return ([], []);
        }
        return (names, services);
    }

    private static void Read(ReadOnlyMemory<byte> extension, List<string> names, List<string> services)
    {
        var general = new AsnReader(extension, AsnEncodingRules.DER).ReadSequence();
        while (general.HasData)
        {
            var tag = general.PeekTag();
            if (tag.HasSameClassAndValue(_dnsName))
            {
                names.Add(general.ReadCharacterString(UniversalTagNumber.IA5String, _dnsName));
            }
            else if (tag.HasSameClassAndValue(_otherName))
            {
                var other = general.ReadSequence(_otherName);
                if (other.ReadObjectIdentifier() == DnsSrv)
                    services.Add(other.ReadSequence(_otherName).ReadCharacterString(UniversalTagNumber.IA5String));
            }
            else
            {
                general.ReadEncodedValue();
            }
        }
    }

    private static string? AsciiOf(string domain)
    {
        try
        {
            return System.Text.Ascii.IsValid(domain) ? domain : new IdnMapping().GetAscii(domain);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
