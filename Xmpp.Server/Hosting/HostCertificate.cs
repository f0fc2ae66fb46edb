using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Xmpp.Server.Hosting;

/// <summary>The certificate of a virtual host as it lies on disk, examined.</summary>
/// <param name="Host">The domainpart.</param>
/// <param name="CertificateFile">Its chain, PEM.</param>
/// <param name="KeyFile">Its key, PEM.</param>
/// <param name="NotAfter">When it ends; null when it can't be read.</param>
/// <param name="Problems">Why TLS can't be served with it, with key, file and remedy. Empty: it can.</param>
/// <param name="Warnings">Why clients may refuse it, now or soon.</param>
public sealed record HostCertificate(
    string Host,
    string CertificateFile,
    string KeyFile,
    DateTimeOffset? NotAfter,
    IReadOnlyList<ConfigurationProblem> Problems,
    IReadOnlyList<string> Warnings)
{
    private static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    public bool IsUsable => Problems.Count == 0;

    public bool HasExpired(DateTimeOffset now) => NotAfter <= now;

    /// <summary><c>HOST.crt</c> and <c>HOST.key</c> in the directory of <c>tls.certificates</c>.</summary>
    public static (string Host, string Certificate, string Key) FilesOf(string directory, string host) =>
        (host, Path.Combine(directory, $"{host}.crt"), Path.Combine(directory, $"{host}.key"));

    /// <summary>Reads and examines the files. Nothing is thrown: what is wrong is in the result.</summary>
    public static HostCertificate Examine(string directory, string host, DateTimeOffset now)
    {
        var (_, certificateFile, keyFile) = FilesOf(directory, host);
        var problems = new List<ConfigurationProblem>();
        var warnings = new List<string>();
        var chain = Read(certificateFile, problems, ReadChain);
        using var key = Read(keyFile, problems, ReadKey);
        DateTimeOffset? notAfter = null;
        if (chain is [var certificate, ..])
        {
            notAfter = certificate.NotAfter;
            if (key is not null && !IsKeyOf(certificate, key))
                problems.Add(Problem(keyFile, $"is not the key of {certificateFile}; put the two that were made together"));
            if (FirstOutOfOrder(chain) is { } position)
            {
                problems.Add(Problem(certificateFile,
                    $"is out of order: its certificate {position + 1} did not issue certificate {position}; "
                    + "put the host's first, then each one's issuer"));
            }
            warnings.AddRange(ClientsMayRefuse(certificate, host, certificateFile, now));
        }
        if (key is not null && !OperatingSystem.IsWindows() && (File.GetUnixFileMode(keyFile) & UnixFileMode.OtherRead) != 0)
            warnings.Add($"{keyFile} can be read by everybody; run: chmod 600 {keyFile}");
        foreach (var read in chain ?? [])
            read.Dispose();
        return new(host, certificateFile, keyFile, notAfter, problems, warnings);
    }

    private static bool IsKeyOf(X509Certificate2 certificate, AsymmetricAlgorithm key) =>
        certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo());

    private static IEnumerable<string> ClientsMayRefuse(X509Certificate2 certificate, string host, string file, DateTimeOffset now)
    {
        if (!certificate.MatchesHostname(IPAddress.TryParse(host, out _) ? host : new IdnMapping().GetAscii(host), allowCommonName: false))
            yield return $"{file} is not for {host}: clients will refuse it; get one whose subjectAltName has {host}";
        var end = certificate.NotAfter.ToUniversalTime();
        if (end <= now)
            yield return $"{file} expired on {end:yyyy-MM-dd}: clients will refuse it; renew it and run: xmppctl reload";
        else if (end - now < Soon)
            yield return $"{file} expires on {end:yyyy-MM-dd}; renew it and run: xmppctl reload";
        if (certificate.NotBefore.ToUniversalTime() > now)
            yield return $"{file} is valid from {certificate.NotBefore.ToUniversalTime():yyyy-MM-dd} on: check this machine's clock";
    }

    private static X509Certificate2Collection ReadChain(string pem)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        return chain.Count > 0 ? chain : throw new CryptographicException("it has no BEGIN CERTIFICATE");
    }

    private static AsymmetricAlgorithm ReadKey(string pem)
    {
        if (pem.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw new CryptographicException("it is encrypted; remove its passphrase (openssl pkey)");
        // RFC 8446 §4.2.3: what TLS signs with.
        if (TryImport(ECDsa.Create(), pem) is { } ecdsa)
            return ecdsa;
        return TryImport(RSA.Create(), pem) ?? throw new CryptographicException("it is no ECDSA or RSA private key in PEM");
    }

    private static AsymmetricAlgorithm? TryImport(AsymmetricAlgorithm algorithm, string pem)
    {
        try
        {
            algorithm.ImportFromPem(pem);
            return algorithm;
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            algorithm.Dispose();
            return null;
        }
    }

    /// <summary>The position, from 1, of the first certificate that the next one did not issue.</summary>
    private static int? FirstOutOfOrder(X509Certificate2Collection chain)
    {
        for (var i = 1; i < chain.Count; i++)
        {
            if (!chain[i - 1].IssuerName.RawData.AsSpan().SequenceEqual(chain[i].SubjectName.RawData))
                return i;
        }
        return null;
    }

    private static T? Read<T>(string file, List<ConfigurationProblem> problems, Func<string, T> parse)
        where T : class
    {
        try
        {
            return parse(File.ReadAllText(file));
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            problems.Add(Problem(file,
                "is missing; put it there, or have a pair made for development: tls.generateMissing true, and neither .crt nor .key there"));
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException)
        {
            problems.Add(Problem(file, $"can't be read by user {Environment.UserName}; run: chown {Environment.UserName} {file}"));
        }
        catch (Exception failure) when (failure is CryptographicException or IOException)
        {
            problems.Add(Problem(file, $"can't be used: {failure.Message}"));
        }
        return null;
    }

    private static ConfigurationProblem Problem(string file, string remedy) => new("tls.certificates", null, $"{file} {remedy}");
}
