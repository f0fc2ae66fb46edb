using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Xmpp.Server.Hosting;

/// <summary>
/// Certificates for a server that has none: a CA of its own (<c>ca.crt</c>, <c>ca.key</c>), made once, and <c>HOST.crt</c>,
/// <c>HOST.key</c> signed by it. Clients trust them after importing <c>ca.crt</c>. A file that exists is never replaced.
/// </summary>
public static class DevelopmentCertificates
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Everybody = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    // What Apple's platforms accept at most of a certificate under a CA that the user installed.
    private const int ValidDays = 825;

    /// <summary>Makes what is missing.</summary>
    /// <returns>The files written, in the order of the hosts.</returns>
    /// <exception cref="IOException">The directory can't be written, or one of <c>ca.crt</c> and <c>ca.key</c> is missing.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory or the CA's key belongs to somebody else.</exception>
    /// <exception cref="CryptographicException">The CA's files can't be used.</exception>
    public static IReadOnlyList<string> CreateMissing(string directory, IEnumerable<string> hosts, TimeProvider time)
    {
        // Half a pair is the operator's: CertificateCheck says what is missing.
        var missing = hosts
            .Select(host => HostCertificate.FilesOf(directory, host))
            .Where(files => !File.Exists(files.Certificate) && !File.Exists(files.Key))
            .ToList();
        if (missing.Count == 0)
            return [];

        var written = new List<string>();
        Directory.CreateDirectory(directory);
        using var authority = LoadOrCreateAuthority(directory, time.GetUtcNow(), written);
        foreach (var (host, certificateFile, keyFile) in missing)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var certificate = Issue(host, key, authority, time.GetUtcNow());
            Write(keyFile, key.ExportPkcs8PrivateKeyPem(), OwnerOnly, written);
            Write(certificateFile, certificate.ExportCertificatePem(), Everybody, written);
        }
        return written;
    }

    private static X509Certificate2 LoadOrCreateAuthority(string directory, DateTimeOffset now, List<string> written)
    {
        var certificateFile = Path.Combine(directory, "ca.crt");
        var keyFile = Path.Combine(directory, "ca.key");
        if (File.Exists(certificateFile) || File.Exists(keyFile))
        {
            var existing = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
            return existing.NotAfter > now
                ? existing
                : throw new CryptographicException($"{certificateFile} has expired; remove it and {keyFile}");
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN=XmppChat development CA ({Environment.MachineName})", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(pathLengthConstraint: 0));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddYears(10));
        Write(keyFile, key.ExportPkcs8PrivateKeyPem(), OwnerOnly, written);
        Write(certificateFile, certificate.ExportCertificatePem(), Everybody, written);
        return certificate;
    }

    private static X509Certificate2 Issue(string host, ECDsa key, X509Certificate2 authority, DateTimeOffset now)
    {
        var request = new CertificateRequest(
            new X500DistinguishedName("CN=XmppChat development certificate"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(NamesOf(host));
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity(critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        // serverAuth, and clientAuth for the connections that the server opens to other servers (XEP-0178 §3).
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
            authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var serial = RandomNumberGenerator.GetBytes(16);
        return request.Create(authority, now.AddHours(-1), Earlier(now.AddDays(ValidDays), authority.NotAfter), serial);
    }

    /// <summary>The host and its subdomains (rooms, uploads); for localhost also the loopback addresses.</summary>
    private static X509Extension NamesOf(string host)
    {
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address))
        {
            names.AddIpAddress(address);
            return names.Build();
        }
        var ascii = new IdnMapping().GetAscii(host);
        names.AddDnsName(ascii);
        names.AddDnsName($"*.{ascii}");
        if (host == "localhost")
        {
            names.AddIpAddress(IPAddress.Loopback);
            names.AddIpAddress(IPAddress.IPv6Loopback);
        }
        return names.Build();
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static void Write(string path, string pem, UnixFileMode mode, List<string> written)
    {
        // CreateNew: whatever was put there meanwhile stays.
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        using var writer = new StreamWriter(path, options);
        writer.WriteLine(pem);
        written.Add(path);
    }
}
