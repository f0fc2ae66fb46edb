using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Tests.Transport;

/// <summary>Certificates made here and now, and their PEM files in a directory that goes with the object.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    /// <summary>A self-signed P-256 certificate.</summary>
    public static X509Certificate2 CreateSelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Sign(new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256), name);
    }

    /// <summary>Files for the host with a P-256 key.</summary>
    public TlsCertificate AddEcdsa(string host)
    {
        using var certificate = CreateSelfSigned(host);
        return Write(host, certificate, certificate.GetECDsaPrivateKey()!);
    }

    /// <summary>Files for the host with an RSA key, signed with the given hash.</summary>
    public TlsCertificate AddRsa(string host, HashAlgorithmName hash, RSASignaturePadding? padding = null)
    {
        using var key = RSA.Create(2048);
        using var certificate = Sign(new CertificateRequest($"CN={host}", key, hash, padding ?? RSASignaturePadding.Pkcs1), host);
        return Write(host, certificate, key);
    }

    public string AddFile(string name, string content)
    {
        var path = Path.Combine(_directory.Path, name);
        File.WriteAllText(path, content);
        return path;
    }

    public void Dispose() => _directory.Dispose();

    private static X509Certificate2 Sign(CertificateRequest request, string name)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
    }

    private TlsCertificate Write(string host, X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        var file = host.Replace('*', '_') + Guid.NewGuid().ToString("N");
        return new(
            host,
            AddFile($"{file}.crt", certificate.ExportCertificatePem()),
            AddFile($"{file}.key", key.ExportPkcs8PrivateKeyPem()));
    }
}
