using System.Security.Cryptography.X509Certificates;

namespace Xmpp.Server.Dns;

/// <summary>A host that serves a domain, as DNSSEC proves (RFC 7673), and what is said about its certificate.</summary>
/// <param name="host">By this name it may prove itself, too (§4).</param>
/// <param name="port">Where it listens.</param>
/// <param name="records">Of _port._tcp.host; usable or not.</param>
internal sealed class Delegation(string host, int port, IReadOnlyList<TlsaRecord> records)
{
    public string Host => host;

    /// <summary>
    /// Those that say something, of which the certificate has to match one (RFC 6698 §4.1); of several digests of the same thing only the
    /// strongest counts (RFC 7671 §9).
    /// </summary>
    public IReadOnlyList<TlsaRecord> Usable { get; } =
    [
        .. records.Where(IsUsable).GroupBy(record => (record.Usage, record.Selector)).SelectMany(group =>
        {
            var strongest = group.Max(record => record.Matching);
            return group.Where(record => record.Matching == 0 || record.Matching == strongest);
        }),
    ];

    /// <summary>For people: "host is signed (DNSSEC), its TLSA records are 3 1 1 and 2 0 1".</summary>
    public override string ToString() => $"DNSSEC proves that {host}, port {port}, is the domain's server; "
        + (Usable.Count > 0
            ? $"DANE: {string.Join(", ", Usable.Select(record => $"{record.Usage} {record.Selector} {record.Matching}").Distinct())}"
            : records.Count > 0 ? "of its TLSA records none is usable" : "it has no TLSA records");

    private static bool IsUsable(TlsaRecord record) => record.Usage <= 3 && record.Selector <= 1 && record.Matching switch
    {
        0 => record.Data.Length > 0 && (record.Selector == 1 || CertificateOf(record) is not null),
        1 => record.Data.Length == 32,
        2 => record.Data.Length == 64,
        _ => false,
    };

    /// <summary>The certificate that a record has as it is; null when it has none.</summary>
    public static X509Certificate2? CertificateOf(TlsaRecord record)
    {
        if (record is not { Selector: 0, Matching: 0 })
            return null;
        try
        {
            return X509CertificateLoader.LoadCertificate(record.Data);
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            return null;
        }
    }
}
