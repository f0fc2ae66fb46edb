using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Server.Transport;
using Xunit;

namespace Xmpp.Server.Tests.Transport;

public sealed class ServerCertificateTests
{
    [Fact]
    public void The_end_point_binding_of_a_SHA_1_signature_is_made_with_SHA_256()
    {
        using var key = RSA.Create(2048);
        var name = new X500DistinguishedName("CN=old.example");
        using var certificate = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .Create(name, new Sha1Generator(key), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1), [1]);

        Assert.Equal("1.2.840.113549.1.1.5", certificate.SignatureAlgorithm.Value);
        Assert.Equal(SHA256.HashData(certificate.RawData), ServerCertificate.HashForEndPoint(certificate));
    }

    /// <summary>sha1WithRSAEncryption, which CertificateRequest no longer signs with by itself.</summary>
    private sealed class Sha1Generator(RSA key) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm)
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.113549.1.1.5");
                writer.WriteNull();
            }
            return writer.Encode();
        }

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) =>
            key.SignData(data, HashAlgorithmName.SHA1, RSASignaturePadding.Pkcs1);

        protected override PublicKey BuildPublicKey() => new(key);
    }
}
