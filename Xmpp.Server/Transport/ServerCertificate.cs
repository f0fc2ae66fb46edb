using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Xmpp.Server.Transport;

/// <summary>A certificate of ours with its key and issuers, read once from PEM files.</summary>
internal sealed class ServerCertificate : IDisposable
{
    private ServerCertificate(X509Certificate2 leaf, X509Certificate2Collection issuers)
    {
        Leaf = leaf;
        Issuers = issuers;
        EndPointBinding = HashForEndPoint(leaf);
    }

    /// <summary>The host's certificate with its private key.</summary>
    public X509Certificate2 Leaf { get; }

    /// <summary>What is sent along with it, in the order of the file.</summary>
    public X509Certificate2Collection Issuers { get; }

    /// <summary>The data of tls-server-end-point (RFC 5929 §4.1), or null where that is undefined.</summary>
    public byte[]? EndPointBinding { get; }

    /// <exception cref="TlsConfigurationException">A file can't be read or used, or they don't belong together.</exception>
    public static ServerCertificate Load(string chainFile, string keyFile)
    {
        var chain = new X509Certificate2Collection();
        Read(chainFile, pem => chain.ImportFromPem(pem));
        if (chain.Count == 0)
            throw new TlsConfigurationException($"{chainFile} has no certificate in PEM (BEGIN CERTIFICATE).");
        var leaf = WithKey(chain[0], chainFile, keyFile);
        chain[0].Dispose();
        chain.RemoveAt(0);
        return new ServerCertificate(leaf, chain);
    }

    /// <summary>The private key as PKCS #8.</summary>
    public byte[] ExportKey()
    {
        using AsymmetricAlgorithm? key = (AsymmetricAlgorithm?)Leaf.GetECDsaPrivateKey() ?? Leaf.GetRSAPrivateKey();
        return key!.ExportPkcs8PrivateKey();
    }

    public void Dispose()
    {
        Leaf.Dispose();
        foreach (var issuer in Issuers)
            issuer.Dispose();
    }

    private static X509Certificate2 WithKey(X509Certificate2 certificate, string chainFile, string keyFile)
    {
        using AsymmetricAlgorithm key = certificate.GetKeyAlgorithm() switch
        {
            Oids.Rsa => RSA.Create(),
            Oids.EllipticCurve => ECDsa.Create(),
            var other => throw new TlsConfigurationException($"{chainFile} has a key of an unsupported kind ({other}): use RSA or ECDSA."),
        };
        Read(keyFile, pem => Import(key, pem, keyFile));
        if (!key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(certificate.PublicKey.ExportSubjectPublicKeyInfo()))
            throw Mismatch(chainFile, keyFile);
        return key is RSA rsa ? certificate.CopyWithPrivateKey(rsa) : certificate.CopyWithPrivateKey((ECDsa)key);
    }

    private static void Import(AsymmetricAlgorithm key, string pem, string keyFile)
    {
        if (pem.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw new TlsConfigurationException($"{keyFile} is encrypted: store it without a passphrase, readable by the server only.");
        try
        {
            key.ImportFromPem(pem);
        }
        catch (ArgumentException exception)
        {
            throw new TlsConfigurationException($"{keyFile} has no private key in PEM (BEGIN PRIVATE KEY).", exception);
        }
    }

    private static void Read(string file, Action<string> import)
    {
        try
        {
            import(File.ReadAllText(file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TlsConfigurationException($"{file} can't be read: {exception.Message}", exception);
        }
        catch (CryptographicException exception)
        {
            throw new TlsConfigurationException($"{file} can't be used: {exception.Message}", exception);
        }
    }

    private static TlsConfigurationException Mismatch(string chainFile, string keyFile) =>
        new($"{keyFile} is not the key of {chainFile}: put the two that were made together.");

    /// <summary>RFC 5929 §4.1: the hash of the signature algorithm, SHA-256 in place of MD5 and SHA-1.</summary>
    internal static byte[]? HashForEndPoint(X509Certificate2 certificate) => SignatureHashOf(certificate) switch
    {
        Oids.Md5 or Oids.Sha1 or Oids.Sha256 => SHA256.HashData(certificate.RawData),
        Oids.Sha384 => SHA384.HashData(certificate.RawData),
        Oids.Sha512 => SHA512.HashData(certificate.RawData),
        _ => null,
    };

    /// <summary>The one hash function that the certificate is signed with, or null (EdDSA, or one unknown here).</summary>
    private static string? SignatureHashOf(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value switch
    {
        "1.2.840.113549.1.1.4" => Oids.Md5,
        "1.2.840.113549.1.1.5" or "1.2.840.10045.4.1" => Oids.Sha1,
        "1.2.840.113549.1.1.11" or "1.2.840.10045.4.3.2" => Oids.Sha256,
        "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => Oids.Sha384,
        "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => Oids.Sha512,
        Oids.RsaPss => PssHashOf(certificate),
        _ => null,
    };

    /// <summary>RSASSA-PSS has its hash in the parameters, SHA-1 by default (RFC 4055 §3.1).</summary>
    private static string PssHashOf(X509Certificate2 certificate)
    {
        var fields = new AsnReader(certificate.RawData, AsnEncodingRules.DER).ReadSequence();
        fields.ReadEncodedValue();
        var algorithm = fields.ReadSequence();
        algorithm.ReadObjectIdentifier();
        var parameters = algorithm.ReadSequence();
        var hashTag = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        if (!parameters.HasData || !parameters.PeekTag().HasSameClassAndValue(hashTag))
            return Oids.Sha1;
        return parameters.ReadSequence(hashTag).ReadSequence().ReadObjectIdentifier();
    }

    private static class Oids
    {
        public const string Rsa = "1.2.840.113549.1.1.1";
        public const string EllipticCurve = "1.2.840.10045.2.1";
        public const string RsaPss = "1.2.840.113549.1.1.10";
        public const string Md5 = "1.2.840.113549.2.5";
        public const string Sha1 = "1.3.14.3.2.26";
        public const string Sha256 = "2.16.840.1.101.3.4.2.1";
        public const string Sha384 = "2.16.840.1.101.3.4.2.2";
        public const string Sha512 = "2.16.840.1.101.3.4.2.3";
    }
}
