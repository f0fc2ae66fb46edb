using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Server.Hosting;
using Xunit;

namespace Xmpp.Server.Tests.Hosting;

public sealed class CertificateCheckTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryDirectory _directory = new();
    private readonly Clock _clock = new(new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_fresh_directory_gets_a_ca_and_a_certificate_for_each_host()
    {
        var check = Prepare("localhost", "example.org");

        Assert.Equal(
            ["ca.key", "ca.crt", "localhost.key", "localhost.crt", "example.org.key", "example.org.crt"],
            check.Created.Select(Path.GetFileName));
        Assert.Empty(check.Problems);
        Assert.Empty(check.Warnings);
        Assert.All(check.Certificates, certificate => Assert.Equal(_clock.GetUtcNow().AddDays(825), certificate.NotAfter));
    }

    [Fact]
    public void Keys_are_for_the_owner_only()
    {
        Prepare("localhost");

        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_directory["ca.key"]));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_directory["localhost.key"]));
        Assert.Equal(OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(_directory["localhost.crt"]));
    }

    [Theory]
    [InlineData("localhost", "localhost")]
    [InlineData("localhost", "127.0.0.1")]
    [InlineData("localhost", "::1")]
    [InlineData("example.org", "rooms.example.org")]
    [InlineData("bücher.example", "xn--bcher-kva.example")]
    [InlineData("192.0.2.1", "192.0.2.1")]
    public void The_certificate_is_for_the_host_and_its_subdomains(string host, string name)
    {
        Prepare(host);
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(_directory[$"{host}.crt"]);

        Assert.True(certificate.MatchesHostname(name, allowCommonName: false));
    }

    [Fact]
    public void The_certificate_verifies_against_the_ca_for_servers_and_clients()
    {
        Prepare("localhost");
        using var authority = X509CertificateLoader.LoadCertificateFromFile(_directory["ca.crt"]);
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(_directory["localhost.crt"]);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _clock.GetUtcNow().LocalDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.1"));
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));

        Assert.True(chain.Build(certificate));
    }

    [Fact]
    public void Existing_files_are_kept_and_the_ca_is_used_again()
    {
        Prepare("localhost");
        var before = Files();

        var check = Prepare("localhost", "example.org");

        Assert.Equal(["example.org.key", "example.org.crt"], check.Created.Select(Path.GetFileName));
        Assert.All(before, file => Assert.Equal(file.Value, File.ReadAllText(file.Key)));
        Assert.Empty(Prepare("localhost", "example.org").Created);
    }

    [Fact]
    public void Half_a_pair_stops_the_start_and_is_kept()
    {
        Prepare("localhost");
        File.Delete(_directory["localhost.crt"]);

        var check = Prepare("localhost");

        Assert.Empty(check.Created);
        Assert.StartsWith(
            $"tls.certificates: {_directory["localhost.crt"]} is missing; ",
            Assert.Single(check.Problems).ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_ca_without_its_key_stops_the_start()
    {
        Prepare("localhost");
        File.Delete(_directory["ca.key"]);

        var problem = Assert.Single(Prepare("example.org").Problems);

        Assert.Contains(_directory["ca.key"], problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_made_when_the_options_forbid_it()
    {
        var check = CertificateCheck.Prepare(
            Options("localhost") with { Tls = new() { Certificates = _directory.Path, GenerateMissing = false } }, _clock);

        Assert.Equal(2, check.Problems.Count);
        Assert.Empty(Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void A_key_of_another_certificate_stops_the_start()
    {
        Prepare("a.example", "b.example");
        File.Copy(_directory["b.example.key"], _directory["a.example.key"], overwrite: true);

        Assert.Equal(
            $"tls.certificates: {_directory["a.example.key"]} is not the key of {_directory["a.example.crt"]}; "
            + "put the two that were made together",
            Assert.Single(Run("a.example").Problems).ToString());
    }

    [Fact]
    public void A_chain_out_of_order_stops_the_start_and_one_in_order_does_not()
    {
        Prepare("a.example", "b.example");
        var (host, other, authority) = (Pem("a.example"), Pem("b.example"), Pem("ca"));

        File.WriteAllText(_directory["a.example.crt"], host + other);
        Assert.Contains(
            "is out of order: its certificate 2 did not issue certificate 1",
            Assert.Single(Run("a.example").Problems).ToString(),
            StringComparison.Ordinal);
        File.WriteAllText(_directory["a.example.crt"], host + authority);
        Assert.Empty(Run("a.example").Problems);
    }

    [Theory]
    [InlineData("crt", "", "it has no BEGIN CERTIFICATE")]
    [InlineData("key", "", "it is no ECDSA or RSA private key in PEM")]
    [InlineData("key", "-----BEGIN ENCRYPTED PRIVATE KEY-----", "it is encrypted; remove its passphrase (openssl pkey)")]
    public void An_unusable_file_stops_the_start(string extension, string content, string reason)
    {
        Prepare("localhost");
        File.WriteAllText(_directory[$"localhost.{extension}"], content);

        Assert.Equal(
            $"tls.certificates: {_directory[$"localhost.{extension}"]} can't be used: {reason}",
            Assert.Single(Run("localhost").Problems).ToString());
    }

    [Fact]
    public void An_rsa_key_is_as_good()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(_clock.GetUtcNow(), _clock.GetUtcNow().AddDays(90));
        _directory.Write("localhost.crt", certificate.ExportCertificatePem());
        _directory.Write("localhost.key", key.ExportRSAPrivateKeyPem());
        File.SetUnixFileMode(_directory["localhost.key"], OwnerOnly);

        var check = Run("localhost");

        Assert.Empty(check.Problems);
        Assert.Empty(check.Warnings);
    }

    [Theory]
    [InlineData(-2, "is valid from")]
    [InlineData(810, null)]
    [InlineData(811, "expires on 2029-02-22; renew it")]
    [InlineData(825, "expired on 2029-02-22")]
    public void The_end_of_a_certificate_is_announced(int days, string? warning)
    {
        Prepare("localhost");
        _clock.Now = _clock.Now.AddDays(days).AddSeconds(1);

        var warnings = Run("localhost").Warnings;

        if (warning is null)
            Assert.Empty(warnings);
        else
            Assert.Contains(warning, Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_for_another_host_is_warned_about()
    {
        Prepare("a.example");
        File.Copy(_directory["a.example.crt"], _directory["b.example.crt"]);
        File.Copy(_directory["a.example.key"], _directory["b.example.key"]);

        Assert.Contains("is not for b.example", Assert.Single(Run("b.example").Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_everybody_can_read_is_warned_about()
    {
        Prepare("localhost");
        File.SetUnixFileMode(_directory["localhost.key"], OwnerOnly | UnixFileMode.OtherRead);

        Assert.Contains("chmod 600", Assert.Single(Run("localhost").Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void An_expired_ca_signs_nothing()
    {
        Prepare("localhost");
        _clock.Now = _clock.Now.AddYears(11);

        Assert.Contains("ca.crt has expired", Assert.Single(Prepare("example.org").Problems).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Client_authorities_must_be_a_file_of_certificates()
    {
        Prepare("localhost");
        var options = Options("localhost");

        Assert.Empty(Check("ca.crt").Problems);
        Assert.Contains("has no certificate", Assert.Single(Check("ca.key").Problems).ToString(), StringComparison.Ordinal);
        Assert.Contains("can't be used", Assert.Single(Check("none.pem").Problems).ToString(), StringComparison.Ordinal);

        CertificateCheck Check(string file) => CertificateCheck.Run(
            options with { Tls = options.Tls with { ClientCertificateAuthorities = _directory[file] } }, _clock);
    }

    private CertificateCheck Prepare(params string[] hosts) => CertificateCheck.Prepare(Options(hosts), _clock);

    private CertificateCheck Run(params string[] hosts) => CertificateCheck.Run(Options(hosts), _clock);

    private ServerOptions Options(params string[] hosts) => new() { Hosts = hosts, Tls = new() { Certificates = _directory.Path } };

    private string Pem(string name) => File.ReadAllText(_directory[$"{name}.crt"]);

    private Dictionary<string, string> Files() => Directory.GetFiles(_directory.Path).ToDictionary(file => file, File.ReadAllText);

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
