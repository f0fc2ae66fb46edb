using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Core.Sasl;
using Xmpp.Server.Dns;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Federation;

/// <summary>
/// Judges the certificates of other servers, in both directions the same (RFC 6120 §13.7.2). Revocation is not looked up: nobody makes
/// this server fetch things by showing it a certificate.
/// </summary>
/// <param name="authorities">Who is trusted; null: whom the system trusts.</param>
internal sealed class PeerCertificates(X509Certificate2Collection? authorities, TimeProvider time)
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <param name="path">A PEM file with one certificate or more; null for the system's.</param>
    public static PeerCertificates Load(string? path, TimeProvider time)
    {
        if (path is null)
            return new(null, time);
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(path);
        return new(authorities, time);
    }

    /// <summary>Whether what a peer showed proves that it is the server of a domain.</summary>
    /// <param name="delegation">What secure DNS says about the server; null when it says nothing.</param>
    /// <returns>Why not, in words that complete "its certificate …"; null when it does.</returns>
    public string? Check(TlsInfo? tls, string domain, Delegation? delegation = null)
    {
        if (tls?.PeerCertificate is not { } certificate)
            return "is missing";
        IReadOnlyList<X509Certificate2> issuers = [.. tls.PeerIssuers ?? []];
        // Authorities stopped to issue certificates for clients: those of servers have to do in both directions.
        var (problem, chain) = CheckChain(certificate, issuers, ServerAuthentication);
        if (problem is not null && CheckChain(certificate, issuers, ClientAuthentication) is (null, var other))
            (problem, chain) = (null, other);
        var names = CheckName(certificate, domain, delegation);
        return delegation is { Usable: { Count: > 0 } usable }
            ? DaneCheck.Check(new(certificate, issuers, problem, chain, names), usable, time.GetUtcNow().UtcDateTime)
            : problem ?? names;
    }

    /// <summary>By the name of the domain; that of its server is as good when it is secure (RFC 7673 §4.1).</summary>
    private static string? CheckName(X509Certificate2 certificate, string domain, Delegation? delegation)
    {
        if (ServerIdentities.Matches(certificate, domain)
            || (delegation is not null && ServerIdentities.Matches(certificate, delegation.Host)))
        {
            return null;
        }
        var names = ServerIdentities.Of(certificate);
        return $"is for {(names.Count > 0 ? string.Join(", ", names.Take(10)) : "nobody")}, not for {domain}";
    }

    private (string? Problem, IReadOnlyList<X509Certificate2> Chain) CheckChain(
        X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers, Oid usage)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }
        foreach (var issuer in issuers)
            policy.ExtraStore.Add(issuer);
        policy.ApplicationPolicy.Add(usage);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = time.GetUtcNow().UtcDateTime;
        var problem = chain.Build(certificate) ? null : Describe(chain, certificate);
        return (problem, [.. chain.ChainElements.Select(element => element.Certificate)]);
    }

    private string Describe(X509Chain chain, X509Certificate2 certificate)
    {
        var flags = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        var now = time.GetUtcNow().UtcDateTime;
        if (flags.HasFlag(X509ChainStatusFlags.NotTimeValid))
        {
            var bad = chain.ChainElements.Select(element => element.Certificate)
                .FirstOrDefault(element => element.NotAfter.ToUniversalTime() < now || element.NotBefore.ToUniversalTime() > now)
                ?? certificate;
            return bad.NotAfter.ToUniversalTime() < now
                ? string.Create(CultureInfo.InvariantCulture, $"expired on {bad.NotAfter.ToUniversalTime():yyyy-MM-dd}")
                : string.Create(CultureInfo.InvariantCulture, $"is valid from {bad.NotBefore.ToUniversalTime():yyyy-MM-dd} on");
        }
        if (flags.HasFlag(X509ChainStatusFlags.PartialChain))
        {
            return $"is issued by {certificate.Issuer}, which is not known here: it is not trusted, "
                + "or an intermediate certificate was not sent";
        }
        if (flags.HasFlag(X509ChainStatusFlags.UntrustedRoot))
        {
            return certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData)
                ? "is self-signed"
                : $"comes from an authority that is not trusted: {chain.ChainElements[^1].Certificate.Subject}";
        }
        return flags.HasFlag(X509ChainStatusFlags.NotValidForUsage)
            ? "is not for servers (extendedKeyUsage)"
            : $"is not valid: {string.Join(", ", chain.ChainStatus.Select(status => status.Status))}";
    }
}
