using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Server.Dns;
using Xmpp.Server.Federation;
using Xmpp.Server.Transport;
using Xmpp.Testing;
using Xunit;

namespace Xmpp.Server.Tests.Federation;

/// <summary>RFC 6698 §2.1 and RFC 7671 §5, as tables: which certificate a record accepts.</summary>
public sealed class DaneCheckTests : IDisposable
{
    private const string Domain = "montague.example";
    private const string Host = "xmpp.hosting.example";

    private static readonly DateTimeOffset _now = new ManualTime().GetUtcNow();

    private readonly Signer _root = Signer.Root("Root");
    private readonly Signer _between;
    private readonly Signer _stranger = Signer.Root("Stranger");

    public DaneCheckTests() => _between = _root.Issue("Between", isAuthority: true);

    public void Dispose()
    {
        _root.Dispose();
        _between.Dispose();
        _stranger.Dispose();
    }

    public static TheoryData<int, int> Forms => new MatrixTheoryData<int, int>([0, 1], [0, 1, 2]);

    [Theory]
    [MemberData(nameof(Forms))]
    public void DANE_EE_takes_that_certificate_whatever_its_names_and_dates(int selector, int matching)
    {
        using var leaf = _stranger.Issue("nobody.example", until: -1);
        using var other = _stranger.Issue(Domain);
        Assert.Null(Check(leaf, [], Record(3, selector, matching, leaf.Certificate)));
        Assert.NotNull(Check(other, [], Record(3, selector, matching, leaf.Certificate)));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void PKIX_EE_takes_that_certificate_if_it_is_valid_too(int selector, int matching)
    {
        using var leaf = _between.Issue(Domain);
        using var other = _between.Issue(Domain);
        using var untrusted = _stranger.Issue(Domain);
        using var misnamed = _between.Issue("nobody.example");
        var shown = new[] { _between.Certificate };
        Assert.Null(Check(leaf, shown, Record(1, selector, matching, leaf.Certificate)));
        Assert.NotNull(Check(other, shown, Record(1, selector, matching, leaf.Certificate)));
        Assert.Contains("not known here", Check(untrusted, [], Record(1, selector, matching, untrusted.Certificate)));
        Assert.Contains("is for nobody.example", Check(misnamed, shown, Record(1, selector, matching, misnamed.Certificate)));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void PKIX_TA_takes_what_that_authority_has_issued_if_it_is_valid_too(int selector, int matching)
    {
        using var leaf = _between.Issue(Domain);
        using var untrusted = _stranger.Issue(Domain);
        using var misnamed = _between.Issue("nobody.example");
        var shown = new[] { _between.Certificate };
        // The root isn't shown.
        Assert.Null(Check(leaf, shown, Record(0, selector, matching, _root.Certificate)));
        Assert.Null(Check(leaf, shown, Record(0, selector, matching, _between.Certificate)));
        Assert.NotNull(Check(leaf, shown, Record(0, selector, matching, _stranger.Certificate)));
        Assert.NotNull(Check(leaf, shown, Record(0, selector, matching, leaf.Certificate)));
        Assert.NotNull(Check(untrusted, [_stranger.Certificate], Record(0, selector, matching, _stranger.Certificate)));
        Assert.Contains("is for nobody.example", Check(misnamed, shown, Record(0, selector, matching, _root.Certificate)));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void DANE_TA_takes_what_that_authority_has_issued_for_the_domain_or_its_host(int selector, int matching)
    {
        using var below = _stranger.Issue("Below", isAuthority: true);
        using var leaf = below.Issue(Domain);
        using var hosted = below.Issue(Host);
        using var misnamed = below.Issue("nobody.example");
        using var expired = below.Issue(Domain, until: -1);
        var shown = new[] { below.Certificate, _stranger.Certificate };
        foreach (var anchor in shown)
        {
            var record = Record(2, selector, matching, anchor);
            Assert.Null(Check(leaf, shown, record));
            Assert.Null(Check(hosted, shown, record));
            Assert.Contains("is for nobody.example", Check(misnamed, shown, record));
            Assert.NotNull(Check(expired, shown, record));
            Assert.NotNull(Check(leaf, shown, Record(2, selector, matching, _root.Certificate)));
        }
        // RFC 7671 §5.2.3: what isn't shown has to be in the record as a whole.
        Assert.Equal(selector == 0 && matching == 0, Check(leaf, [], Record(2, selector, matching, below.Certificate)) is null);
        Assert.NotNull(Check(leaf, shown, Record(2, selector, matching, leaf.Certificate)));
    }

    [Fact]
    public void DANE_TA_is_not_taken_in_by_an_authority_of_the_same_name()
    {
        using var impostor = Signer.Root("Stranger");
        using var leaf = impostor.Issue(Domain);
        Assert.NotNull(Check(leaf, [_stranger.Certificate], Record(2, 0, 1, _stranger.Certificate)));
        Assert.NotNull(Check(leaf, [_stranger.Certificate, impostor.Certificate], Record(2, 0, 1, _stranger.Certificate)));
        Assert.NotNull(Check(leaf, [], Record(2, 0, 0, _stranger.Certificate)));
    }

    [Fact]
    public void One_record_that_matches_is_enough_and_of_two_digests_the_stronger_counts()
    {
        using var leaf = _stranger.Issue(Domain);
        using var other = _stranger.Issue(Domain);
        Assert.Null(Check(leaf, [], Record(3, 1, 1, other.Certificate), Record(3, 1, 1, leaf.Certificate)));
        Assert.Null(Check(leaf, [], Record(0, 1, 1, _root.Certificate), Record(3, 0, 1, leaf.Certificate)));
        // RFC 7671 §9.
        Assert.NotNull(Check(leaf, [], Record(3, 1, 2, other.Certificate), Record(3, 1, 1, leaf.Certificate)));
        Assert.Null(Check(leaf, [], Record(3, 1, 2, other.Certificate), Record(3, 1, 0, leaf.Certificate)));
    }

    private string? Check(Signer shown, X509Certificate2[] issuers, params TlsaRecord[] records)
    {
        var certificates = new PeerCertificates([_root.Certificate], new ManualTime());
        var tls = new TlsInfo("TLSv1.3", "TLS_AES_128_GCM_SHA256", null, null, shown.Certificate, null!, issuers);
        return certificates.Check(tls, Domain, new Delegation(Host, 5269, records));
    }

    private static TlsaRecord Record(int usage, int selector, int matching, X509Certificate2 certificate)
    {
        var data = selector == 0 ? certificate.RawData : certificate.PublicKey.ExportSubjectPublicKeyInfo();
        return new(Host, 60, (byte)usage, (byte)selector, (byte)matching,
            matching switch { 0 => data, 1 => SHA256.HashData(data), _ => SHA512.HashData(data) });
    }

    /// <summary>Somebody with a key and a certificate.</summary>
    private sealed class Signer(X509Certificate2 certificate, ECDsa key) : IDisposable
    {
        public X509Certificate2 Certificate => certificate;

        public static Signer Root(string name)
        {
            var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return new(RequestFor(name, key, isAuthority: true).CreateSelfSigned(_now.AddDays(-9), _now.AddDays(9)), key);
        }

        public Signer Issue(string name, bool isAuthority = false, int until = 2)
        {
            var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return new(
                RequestFor(name, own, isAuthority).Create(
                    certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(key), _now.AddDays(-5), _now.AddDays(until),
                    [1, .. RandomNumberGenerator.GetBytes(15)]),
                own);
        }

        public void Dispose()
        {
            certificate.Dispose();
            key.Dispose();
        }

        private static CertificateRequest RequestFor(string name, ECDsa key, bool isAuthority)
        {
            var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, critical: true));
            if (isAuthority)
                return request;
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(name);
            request.CertificateExtensions.Add(names.Build());
            return request;
        }
    }
}
