using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Core;
using Xmpp.Core.Sasl;

namespace Xmpp.Server.Hosting;

/// <summary>Judges the certificates that clients show, for SASL EXTERNAL (XEP-0178 §3), by a list of authorities of the operator's.</summary>
internal sealed class ClientCertificateValidator(X509Certificate2Collection authorities, TimeProvider time)
{
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <param name="path">A PEM file with one certificate or more.</param>
    public static ClientCertificateValidator Load(string path, TimeProvider time)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(path);
        return new ClientCertificateValidator(authorities, time);
    }

    /// <summary>The XMPP addresses that a valid certificate proves; empty for one that is not.</summary>
    public IReadOnlyList<Jid> IdentitiesOf(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(authorities);
        policy.ApplicationPolicy.Add(ClientAuthentication);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        // Nobody makes this server fetch things by showing it a certificate.
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = time.GetUtcNow().UtcDateTime;
        return chain.Build(certificate) ? CertificateIdentities.XmppAddresses(certificate) : [];
    }
}
