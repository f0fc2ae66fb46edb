using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Server.Dns;

namespace Xmpp.Server.Federation;

/// <summary>What is known of a certificate before TLSA records are looked at.</summary>
/// <param name="Problem">Why it isn't valid by the authorities that are trusted; null when it is.</param>
/// <param name="Chain">From it to its authority, as far as that was found.</param>
/// <param name="NameProblem">Why it isn't for whom was looked for; null when it is.</param>
internal sealed record ExaminedCertificate(
    X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Issuers, string? Problem, IReadOnlyList<X509Certificate2> Chain,
    string? NameProblem);

/// <summary>Judges certificates by TLSA records (RFC 6698 §2.1, RFC 7671 §5).</summary>
internal static class DaneCheck
{
    private const string NoMatch = "is not what the DNS says (DANE)";

    private const X509ChainStatusFlags AboveAnchor = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain
        | X509ChainStatusFlags.RevocationStatusUnknown | X509ChainStatusFlags.OfflineRevocation;

    /// <summary>Whether it is what one of the records says, of which there is one at least.</summary>
    /// <returns>Why not, in words that complete "its certificate …"; null when it is.</returns>
    public static string? Check(ExaminedCertificate examined, IReadOnlyList<TlsaRecord> usable, DateTime now)
    {
        var problem = NoMatch;
        foreach (var record in usable)
        {
            if (Check(examined, record, now) is not { } found)
                return null;
            // What is wrong with the one that is meant says more than that others aren't.
            if (found != NoMatch)
                problem = found;
        }
        return problem;
    }

    private static string? Check(ExaminedCertificate examined, TlsaRecord record, DateTime now) => record.Usage switch
    {
        // PKIX-TA and PKIX-EE limit what authorities may say.
        0 => examined.Chain.Skip(1).Any(issuer => Matches(issuer, record)) ? examined.Problem ?? examined.NameProblem : NoMatch,
        1 => Matches(examined.Certificate, record) ? examined.Problem ?? examined.NameProblem : NoMatch,
        // DANE-TA: an authority for this server only.
        2 => AnchorsOf(examined, record).Any(anchor => IsBelow(examined, anchor, now)) ? examined.NameProblem : NoMatch,
        // DANE-EE: whatever its names and dates (RFC 7671 §5.1).
        _ => Matches(examined.Certificate, record) ? null : NoMatch,
    };

    private static bool Matches(X509Certificate2 certificate, TlsaRecord record)
    {
        var selected = record.Selector == 0 ? certificate.RawData : certificate.PublicKey.ExportSubjectPublicKeyInfo();
        return record.Matching switch
        {
            0 => selected,
            1 => SHA256.HashData(selected),
            _ => SHA512.HashData(selected),
        } is var value && value.AsSpan().SequenceEqual(record.Data);
    }

    /// <summary>The record may have the certificate itself; otherwise the server has to show it (RFC 7671 §5.2.1).</summary>
    private static IEnumerable<X509Certificate2> AnchorsOf(ExaminedCertificate examined, TlsaRecord record) =>
        Delegation.CertificateOf(record) is { } whole ? [whole] : examined.Issuers.Where(issuer => Matches(issuer, record));

    /// <summary>Whether the chain leads to a certificate, whatever is above that, and holds up to there.</summary>
    private static bool IsBelow(ExaminedCertificate examined, X509Certificate2 anchor, DateTime now)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        // Nobody else is trusted.
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.ExtraStore.Add(anchor);
        policy.ExtraStore.AddRange(examined.Issuers.ToArray());
        policy.VerificationFlags = X509VerificationFlags.AllowUnknownCertificateAuthority;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = now;
        chain.Build(examined.Certificate);
        var elements = chain.ChainElements.ToList();
        var top = elements.FindIndex(1, element => element.Certificate.RawDataMemory.Span.SequenceEqual(anchor.RawDataMemory.Span));
        return top > 0 && elements.Take(top + 1).All(element =>
            element.ChainElementStatus.All(status => (status.Status & ~AboveAnchor) == X509ChainStatusFlags.NoError));
    }
}
