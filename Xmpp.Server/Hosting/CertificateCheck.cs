using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Server.Dns;

namespace Xmpp.Server.Hosting;

/// <summary>The certificates that a configuration needs, made where allowed, and examined.</summary>
/// <param name="Created">Files that were made just now.</param>
/// <param name="Certificates">One for each host, in the order of the hosts.</param>
/// <param name="Problems">What stops the start.</param>
/// <param name="Warnings">What does not, but should be mended.</param>
public sealed record CertificateCheck(
    IReadOnlyList<string> Created,
    IReadOnlyList<HostCertificate> Certificates,
    IReadOnlyList<ConfigurationProblem> Problems,
    IReadOnlyList<string> Warnings)
{
    /// <summary>At start: makes development certificates for the hosts that have none, if the options say so, and examines all.</summary>
    public static CertificateCheck Prepare(ServerOptions options, TimeProvider time)
    {
        if (!options.Tls.GenerateMissing)
            return Run(options, time);
        try
        {
            var created = DevelopmentCertificates.CreateMissing(options.Tls.Certificates, options.Hosts, time);
            return Run(options, time) with { Created = created };
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            var problem = new ConfigurationProblem(
                "tls.certificates", null, $"can't make a certificate in {options.Tls.Certificates}: {failure.Message}");
            return Run(options, time) with { Problems = [problem] };
        }
    }

    /// <summary>Examines the certificates and changes nothing.</summary>
    public static CertificateCheck Run(ServerOptions options, TimeProvider time)
    {
        var certificates = options.Hosts.Select(host => HostCertificate.Examine(options.Tls.Certificates, host, time.GetUtcNow())).ToList();
        return new(
            [],
            certificates,
            [
                .. certificates.SelectMany(certificate => certificate.Problems),
                .. Authorities("tls.clientCertificateAuthorities", options.Tls.ClientCertificateAuthorities),
                .. Authorities("s2s.authorities", options.S2s.Authorities),
                .. Dane(options.S2s),
            ],
            [.. certificates.SelectMany(certificate => certificate.Warnings)]);
    }

    private static IEnumerable<ConfigurationProblem> Dane(S2sOptions options)
    {
        if (options.Dane && !LibUnbound.IsPresent)
        {
            yield return new(
                "s2s.dane", "true", $"needs {LibUnbound.Library}, which is missing. {LibUnbound.HowToInstall}; or set it to false");
        }
        if (options.TrustAnchors is { } file && !File.Exists(file))
            yield return new("s2s.trustAnchors", null, $"{file} isn't there; name a file with DS or DNSKEY records, or set it to null");
    }

    private static IEnumerable<ConfigurationProblem> Authorities(string key, string? file)
    {
        if (file is null)
            return [];
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            return authorities.Count > 0 ? [] : [Problem("has no certificate in PEM")];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return [Problem($"can't be used: {failure.Message}")];
        }

        ConfigurationProblem Problem(string remedy) =>
            new(key, null, $"{file} {remedy}; name a PEM file of CA certificates, or set it to null");
    }
}
