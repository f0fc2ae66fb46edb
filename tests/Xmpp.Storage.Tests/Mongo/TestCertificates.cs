using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Xmpp.Storage.Tests.Mongo;

/// <summary>A CA with the certificate of a server on this machine and that of a client, as files.</summary>
internal sealed class TestCertificates : IDisposable
{
    public const string ClientSubject = "CN=xmppchat";

    private readonly TemporaryDirectory _directory = new();
    private readonly X509Certificate2 _authority = Issue("CN=Test CA", null, request =>
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true)));

    public TestCertificates()
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        Server = Issue("CN=localhost", _authority, request => request.CertificateExtensions.Add(names.Build()));
        using var client = Issue(ClientSubject, _authority, _ => { });
        File.WriteAllText(Authority, _authority.ExportCertificatePem());
        File.WriteAllText(Client, client.ExportCertificatePem() + "\n" + client.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    public X509Certificate2 Server { get; }

    public string Authority => Path.Combine(_directory.Path, "ca.pem");

    public string Client => Path.Combine(_directory.Path, "client.pem");

    public void Dispose()
    {
        Server.Dispose();
        _authority.Dispose();
        _directory.Dispose();
    }

    private static X509Certificate2 Issue(string subject, X509Certificate2? issuer, Action<CertificateRequest> complete)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        complete(request);
        if (issuer is null)
            return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var certificate = request.Create(issuer, issuer.NotBefore, issuer.NotAfter, RandomNumberGenerator.GetBytes(8));
        return certificate.CopyWithPrivateKey(key);
    }
}
