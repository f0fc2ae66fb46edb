using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Xmpp.Server.Dns;
using Xmpp.Server.Hosting;

namespace Xmpp.Testing;

/// <summary>Servers that find each other, on loopback sockets with real TLS, and trust one CA.</summary>
public sealed class TestNetwork : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("xmppchat-network-");
    private readonly TestZone _zone = new();

    /// <summary>Where the certificates of all servers are, and the CA: ca.crt, ca.key.</summary>
    public string Certificates => _directory.FullName;

    internal IDnsResolver Resolver => _zone;

    /// <summary>Starts a server for a domain, and tells the others where it is.</summary>
    /// <param name="tls">What the records in the DNS say.</param>
    public async Task<TestServer> StartAsync(
        string domain, Func<ServerOptions, ServerOptions>? configure = null, ListenerTls tls = ListenerTls.StartTls)
    {
        var server = await TestServer.StartAsync(this, options =>
        {
            options = options with
            {
                Hosts = [domain],
                Tls = options.Tls with { Certificates = Certificates },
                S2s = new S2sOptions
                {
                    Use = S2sUse.On,
                    Authorities = Path.Combine(Certificates, "ca.crt"),
                    Listeners = [new() { Address = IPAddress.Loopback, Port = 0, Tls = tls }],
                },
            };
            return configure?.Invoke(options) ?? options;
        }, []);
        Publish(domain, server.Server.Listeners.Single(listener => listener.Options.Tls == tls).EndPoint.Port, tls);
        Publish($"conference.{domain}", server.Server.Listeners.Single(listener => listener.Options.Tls == tls).EndPoint.Port, tls);
        return server;
    }

    /// <summary>Puts records into the DNS that say that a domain's server is at this port of 127.0.0.1.</summary>
    public void Publish(string domain, int port, ListenerTls tls = ListenerTls.StartTls)
    {
        var service = tls == ListenerTls.Direct ? "_xmpps-server" : "_xmpp-server";
        var (owner, host) = ($"{service}._tcp.{domain}", $"host.{domain}");
        _zone.Records[(owner, DnsType.Srv)] = [new ServiceRecord(owner, 60, 0, 0, (ushort)port, host)];
        _zone.Records[(host, DnsType.A)] = [new AddressRecord(host, 60, IPAddress.Loopback)];
    }

    /// <summary>Lets DNSSEC prove what the DNS says of a domain, and that it says no more.</summary>
    /// <param name="records">About the certificate of its server, which has to be published before.</param>
    public void Sign(string domain, params (byte Usage, byte Selector, byte Matching, byte[] Data)[] records)
    {
        _zone.Signed[domain] = true;
        if (records.Length == 0)
            return;
        var owner = TlsaOf(domain);
        _zone.Records[(owner, DnsType.Tlsa)] =
            [.. records.Select(record => new TlsaRecord(owner, 60, record.Usage, record.Selector, record.Matching, record.Data))];
    }

    /// <summary>Makes the signatures of what the DNS says about the certificate of a domain's server wrong.</summary>
    public void Forge(string domain) => _zone.Broken[TlsaOf(domain)] = true;

    private string TlsaOf(string domain)
    {
        var service = _zone.Records[($"_xmpp-server._tcp.{domain}", DnsType.Srv)].OfType<ServiceRecord>().Single();
        return $"_{service.Port}._tcp.{service.Target}";
    }

    /// <summary>Makes the DNS say nothing of a domain, not even that there is none.</summary>
    public void Break(string domain) => _zone.Broken[domain] = true;

    /// <summary>That of a domain's server, as development certificates are: for what is below the domain, too.</summary>
    public X509Certificate2 CertificateOf(string domain)
    {
        DevelopmentCertificates.CreateMissing(Certificates, [domain], new ManualTime());
        return X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Certificates, $"{domain}.crt"));
    }

    /// <summary>A certificate of the network's CA.</summary>
    /// <param name="domain">What its DNS-ID says.</param>
    /// <param name="usages">Of the key; the server's only, as public authorities have it, when none is given.</param>
    public X509Certificate2 Issue(
        string domain, DateTimeOffset notBefore, DateTimeOffset notAfter, IEnumerable<string>? usages = null)
    {
        using var authority = X509Certificate2.CreateFromPemFile(
            Path.Combine(Certificates, "ca.crt"), Path.Combine(Certificates, "ca.key"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = RequestFor(domain, key, usages ?? ["1.3.6.1.5.5.7.3.1"]);
        using var authorityKey = authority.GetECDsaPrivateKey()!;
        // Also at times when the authority was not there.
        using var certificate = request.Create(
            authority.SubjectName, X509SignatureGenerator.CreateForECDsa(authorityKey), notBefore, notAfter,
            [1, .. RandomNumberGenerator.GetBytes(15)]);
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>A certificate that nobody has signed but its own key.</summary>
    public static X509Certificate2 IssueSelfSigned(string domain, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return RequestFor(domain, key, ["1.3.6.1.5.5.7.3.1"]).CreateSelfSigned(notBefore, notAfter);
    }

    /// <summary>Puts a certificate in the place of a domain's.</summary>
    public void Replace(string domain, X509Certificate2 certificate)
    {
        File.WriteAllText(Path.Combine(Certificates, $"{domain}.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(
            Path.Combine(Certificates, $"{domain}.key"), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static CertificateRequest RequestFor(string domain, ECDsa key, IEnumerable<string> usages)
    {
        var request = new CertificateRequest($"CN={domain}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(domain);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(usage => new Oid(usage))], critical: false));
        return request;
    }

    private sealed class TestZone : IDnsResolver
    {
        public ConcurrentDictionary<(string Name, DnsType Type), IReadOnlyList<DnsRecord>> Records { get; } = new();

        public ConcurrentDictionary<string, bool> Broken { get; } = new();

        public ConcurrentDictionary<string, bool> Signed { get; } = new();

        public ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancellationToken) =>
            new(Answer(name, type) with { IsSecure = IsBelow(name, Signed), IsValidated = IsBelow(name, Signed) });

        private DnsAnswer Answer(string name, DnsType type) => IsBelow(name, Broken) ? DnsAnswer.Failed("the DNS server does not answer")
            : Records.TryGetValue((name, type), out var records) ? new DnsAnswer(DnsOutcome.Found, records)
            : new DnsAnswer(DnsOutcome.NoName, []);

        private static bool IsBelow(string name, ConcurrentDictionary<string, bool> domains) =>
            domains.Keys.Any(domain => name == domain || name.EndsWith($".{domain}", StringComparison.Ordinal));
    }
}
