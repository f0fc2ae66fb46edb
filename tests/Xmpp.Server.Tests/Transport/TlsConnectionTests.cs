using System.Diagnostics;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Authentication.ExtendedProtection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Xmpp.Server.Transport;
using Xunit;

namespace Xmpp.Server.Tests.Transport;

/// <summary>What TLS adds, with either engine.</summary>
public abstract class TlsConnectionTests : ConnectionTests, IAsyncDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly TransportHarness _harness = new();
    private readonly TlsServer _tls;

    protected TlsConnectionTests() => _tls = CreateServer([_certificates.AddEcdsa("example.org")]);

    protected abstract string Engine { get; }

    private protected TestCertificates Certificates => _certificates;

    public async ValueTask DisposeAsync()
    {
        await _harness.DisposeAsync();
        _tls.Dispose();
        _certificates.Dispose();
        GC.SuppressFinalize(this);
    }

    protected override ValueTask SecureAsync(SocketConnection server) => server.StartTlsAsync(_tls, Stop);

    protected override async Task<Stream> SecureAsync(Socket client) => await HandshakeAsync(client, new());

    protected override Task FinishSendingAsync(Stream client) => ((SslStream)client).ShutdownAsync();

    private protected TlsServer CreateServer(
        IReadOnlyList<TlsCertificate> certificates, Func<TlsServerOptions, TlsServerOptions>? with = null)
    {
        var options = new TlsServerOptions { Engine = Engine, Certificates = certificates };
        return TlsServer.Create(with?.Invoke(options) ?? options);
    }

    [Fact]
    public void The_engine_is_the_one_asked_for() => Assert.Equal(Engine, _tls.Engine);

    [Theory(Timeout = Timeout)]
    [InlineData(SslProtocols.Tls12, "TLSv1.2")]
    [InlineData(SslProtocols.Tls13, "TLSv1.3")]
    public async Task Both_versions_of_TLS_are_spoken(SslProtocols version, string name)
    {
        var (client, server) = await ConnectAsync(_tls, new() { EnabledSslProtocols = version, TargetHost = "example.org" });
        await using var _ = client;
        Assert.Equal(name, server.Tls!.Protocol);
        Assert.Equal(client.NegotiatedCipherSuite.ToString(), server.Tls.CipherSuite);
        Assert.Equal("example.org", server.Tls.ServerName);
        Assert.Null(server.Tls.ApplicationProtocol);
        Assert.Null(server.Tls.PeerCertificate);
        await AssertEchoAsync(client, server);
    }

    [Fact(Timeout = Timeout)]
    public async Task A_client_below_the_minimum_version_is_refused()
    {
        using var tls = CreateServer([Certificates.AddEcdsa("example.org")], options => options with { MinimumVersion = "1.3" });
        var reason = await HandshakeFailureAsync(tls, new() { EnabledSslProtocols = SslProtocols.Tls12 });
        Assert.StartsWith("TLS handshake failed: ", reason, StringComparison.Ordinal);
    }

    [Theory(Timeout = Timeout)]
    [InlineData(null, "default.example")]
    [InlineData("default.example", "default.example")]
    [InlineData("unknown.example", "default.example")]
    [InlineData("example.org", "example.org")]
    [InlineData("EXAMPLE.org", "example.org")]
    [InlineData("conference.example.org", "example.org")]
    [InlineData("upload.example.org", "upload.example.org")]
    [InlineData("a.b.wild.example", "*.wild.example")]
    [InlineData("wild.example", "default.example")]
    [InlineData("xn--bcher-kva.example", "bücher.example")]
    public async Task The_name_the_client_asks_for_chooses_the_certificate(string? asked, string expected)
    {
        var certificates = new[]
        {
            Certificates.AddEcdsa("default.example"),
            Certificates.AddEcdsa("example.org"),
            Certificates.AddRsa("upload.example.org", HashAlgorithmName.SHA256),
            Certificates.AddEcdsa("*.wild.example"),
            Certificates.AddEcdsa("bücher.example"),
        };
        using var tls = CreateServer(certificates);
        var (client, server) = await ConnectAsync(tls, new() { TargetHost = asked ?? "" });
        await using var _ = client;

        var shown = new X509Certificate2(client.RemoteCertificate!);
        using var right = X509CertificateLoader.LoadCertificateFromFile(certificates.Single(c => c.Host == expected).ChainFile);
        Assert.Equal(right.Thumbprint, shown.Thumbprint);
        Assert.Equal(asked, server.Tls!.ServerName);
        // The binding is the chosen certificate's, not the default one's.
        Assert.Equal(SHA256.HashData(shown.RawData), server.Tls.ChannelBinding.Get("tls-server-end-point"));
    }

    [Theory(Timeout = Timeout)]
    [InlineData("xmpp-client", "xmpp-client")]
    [InlineData("http/1.1 xmpp-client", "xmpp-client")]
    [InlineData("", null)]
    public async Task A_common_application_protocol_or_none_offered_is_accepted(string offered, string? agreed)
    {
        using var tls = CreateServer(
            [Certificates.AddEcdsa("example.org")], options => options with { ApplicationProtocols = ["xmpp-client"] });
        var protocols = offered.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => new SslApplicationProtocol(name)).ToList();
        var (client, server) = await ConnectAsync(tls, new() { ApplicationProtocols = protocols.Count > 0 ? protocols : null });
        await using var _ = client;
        Assert.Equal(agreed, server.Tls!.ApplicationProtocol);
        Assert.Equal(agreed ?? "", client.NegotiatedApplicationProtocol.ToString());
        await AssertEchoAsync(client, server);
    }

    [Fact(Timeout = Timeout)]
    public async Task Only_foreign_application_protocols_end_the_handshake()
    {
        using var tls = CreateServer(
            [Certificates.AddEcdsa("example.org")], options => options with { ApplicationProtocols = ["xmpp-client"] });
        await HandshakeFailureAsync(tls, new() { ApplicationProtocols = [new("http/1.1"), new("h2")] });
    }

    [Theory(Timeout = Timeout)]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_self_signed_client_certificate_is_seen(SslProtocols version)
    {
        using var tls = CreateServer([Certificates.AddEcdsa("example.org")], options => options with { RequestClientCertificate = true });
        using var certificate = TestCertificates.CreateSelfSigned("juliet");
        var (client, server) = await ConnectAsync(tls, new()
        {
            EnabledSslProtocols = version,
            ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true),
        });
        await using var _ = client;
        Assert.Equal(certificate.RawData, server.Tls!.PeerCertificate!.RawData);
        await AssertEchoAsync(client, server);
    }

    [Fact(Timeout = Timeout)]
    public async Task A_client_without_the_certificate_asked_for_is_served()
    {
        using var tls = CreateServer([Certificates.AddEcdsa("example.org")], options => options with { RequestClientCertificate = true });
        var (client, server) = await ConnectAsync(tls, new());
        await using var _ = client;
        Assert.Null(server.Tls!.PeerCertificate);
        await AssertEchoAsync(client, server);
    }

    public static TheoryData<string, string> Signatures => new()
    {
        { "ecdsa", "SHA256" }, { "rsa", "SHA256" }, { "rsa", "SHA384" }, { "rsa", "SHA512" }, { "pss", "SHA384" }, { "pss", "SHA256" },
    };

    [Theory(Timeout = Timeout)]
    [MemberData(nameof(Signatures))]
    public async Task The_end_point_binding_is_the_certificate_under_its_own_hash(string kind, string signature)
    {
        var hash = new HashAlgorithmName(signature);
        var files = kind switch
        {
            "ecdsa" => Certificates.AddEcdsa("example.org"),
            "rsa" => Certificates.AddRsa("example.org", hash),
            _ => Certificates.AddRsa("example.org", hash, RSASignaturePadding.Pss),
        };
        using var tls = CreateServer([files]);
        var (client, server) = await ConnectAsync(tls, new());
        await using var _ = client;

        var expected = CryptographicOperations.HashData(hash, client.RemoteCertificate!.GetRawCertData());
        Assert.Equal(expected, server.Tls!.ChannelBinding.Get("tls-server-end-point"));
        Assert.Contains("tls-server-end-point", server.Tls.ChannelBinding.Types);
        Assert.All(server.Tls.ChannelBinding.Types, type => Assert.NotNull(server.Tls.ChannelBinding.Get(type)));
    }

    [Fact(Timeout = Timeout)]
    public async Task STARTTLS_takes_over_in_the_middle_of_a_stream()
    {
        await using var harness = new TransportHarness(run: async server =>
        {
            var request = await server.ReadAsync();
            Assert.Equal("<starttls/>"u8.ToArray(), request.ToArray());
            server.Advance(request.Length);
            server.Write("<proceed/>"u8);
            await server.StartTlsAsync(_tls, Stop);
            await TransportHarness.EchoAsync(server);
        });
        var (socket, server) = await harness.ConnectAsync();
        await socket.SendAsync("<starttls/>"u8.ToArray(), Stop);
        var proceed = new byte["<proceed/>".Length];
        await socket.ReceiveAsync(proceed, Stop);
        Assert.Equal("<proceed/>"u8.ToArray(), proceed);

        await using var client = await HandshakeAsync(socket, new());

        await client.WriteAsync("<stream>"u8.ToArray(), Stop);
        var answer = new byte["<stream>".Length];
        await client.ReadExactlyAsync(answer, Stop);
        Assert.Equal("<stream>"u8.ToArray(), answer);
        Assert.NotNull(server.Tls);
    }

    [Fact(Timeout = Timeout)]
    public async Task Plaintext_buffered_behind_starttls_ends_the_connection()
    {
        await using var harness = new TransportHarness();
        var (socket, server) = await harness.ConnectAsync();
        using var _ = socket;
        await socket.SendAsync("<starttls/><iq/>"u8.ToArray(), Stop);
        await server.ReadAsync();
        server.Advance("<starttls/>".Length);

        var exception = await Assert.ThrowsAsync<AuthenticationException>(async () => await server.StartTlsAsync(_tls, Stop));

        Assert.Contains("plaintext", exception.Message, StringComparison.Ordinal);
        Assert.Equal(exception.Message, server.AbortReason);
        Assert.Null(server.Tls);
    }

    public static TheoryData<string, string> Garbage => new()
    {
        { "<?xml version='1.0'?><stream:stream to='example.org'>", "XMPP in clear" },
        { "\n<stream:stream to='example.org'>", "XMPP in clear" },
        { "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "HTTP" },
        { "POST /bosh HTTP/1.1\r\n\r\n", "HTTP" },
        { "\u0080\u0001\u0002", "something else" },
        { "\0\0\0\0", "something else" },
        // Records that are none.
        { "\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001\u0000", "TLS handshake failed: " },
        { "\u0016\u0003\u0001\u0000\u0004\u0002\u0000\u0000\u0000", "TLS handshake failed: " },
        { "\u0016\u0009\u0009\u00ff\u00ff\u0001\u0000\u0000\u0001\u0000", "TLS handshake failed: " },
    };

    [Theory(Timeout = Timeout)]
    [MemberData(nameof(Garbage))]
    public async Task What_is_not_TLS_fails_with_a_short_reason(string sent, string expected)
    {
        await using var harness = new TransportHarness();
        var (socket, server) = await harness.ConnectAsync();
        using var _ = socket;
        var handshake = server.StartTlsAsync(_tls, Stop).AsTask();
        await socket.SendAsync(Encoding.Latin1.GetBytes(sent), Stop);
        socket.Shutdown(SocketShutdown.Send);

        var exception = await Assert.ThrowsAsync<AuthenticationException>(() => handshake);

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.Equal(exception.Message, server.AbortReason);
        Assert.InRange(exception.Message.Length, 10, 120);
        Assert.False(server.Write("<a/>"u8));
        Assert.True((await server.ReadAsync()).IsEmpty);
        // Whatever alert came is the end of it.
        while (await socket.ReceiveAsync(new byte[1024], Stop) > 0)
            continue;
        await server.Finished;
    }

    [Fact(Timeout = Timeout)]
    public async Task A_client_that_distrusts_the_certificate_says_so()
    {
        await using var harness = new TransportHarness();
        var client = RunOpenSslClientAsync(harness, "-tls1_2", "-verify_return_error");
        var server = await harness.AcceptAsync();

        var exception = await Assert.ThrowsAsync<AuthenticationException>(async () => await server.StartTlsAsync(_tls, Stop));

        Assert.Contains("alert", exception.Message, StringComparison.Ordinal);
        Assert.InRange(exception.Message.Length, 10, 120);
        await client;
    }

    [Fact(Timeout = Timeout)]
    public async Task Garbage_in_an_established_session_ends_it_with_a_reason()
    {
        await using var harness = new TransportHarness(secure: SecureAsync);
        var socket = default(Socket)!;
        var (_, server) = await harness.ConnectAsync(client => SecureAsync(socket = client));
        var reading = server.ReadAsync();
        await socket.SendAsync(Encoding.Latin1.GetBytes("\u0017\u0003\u0003\u0000\u0020" + new string('x', 32)), Stop);

        Assert.True((await reading).IsEmpty);
        Assert.StartsWith("TLS failed: ", server.AbortReason, StringComparison.Ordinal);
        socket.Dispose();
        await server.Finished;
    }

    [Fact(Timeout = Timeout)]
    public async Task A_handshake_that_takes_too_long_is_dropped()
    {
        await using var harness = new TransportHarness();
        var (socket, server) = await harness.ConnectAsync();
        using var _ = socket;
        using var deadline = new CancellationTokenSource();
        var handshake = server.StartTlsAsync(_tls, deadline.Token).AsTask();
        await socket.SendAsync(new byte[] { 22, 3, 1 }, Stop);

        await deadline.CancelAsync();

        var exception = await Assert.ThrowsAsync<AuthenticationException>(() => handshake);
        Assert.Equal("the TLS handshake took too long", exception.Message);
        await server.Finished;
    }

    [Fact(Timeout = Timeout)]
    public async Task A_handshake_cut_into_single_bytes_succeeds()
    {
        await using var harness = new TransportHarness(secure: SecureAsync, run: TransportHarness.EchoAsync);
        var (socket, _) = await harness.ConnectAsync();
        await using var client = new SslStream(new OneByteStream(socket), false, (_, _, _, _) => true);
        await client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "example.org" }, Stop);
        await client.WriteAsync("hello"u8.ToArray(), Stop);
        var answer = new byte[5];
        await client.ReadExactlyAsync(answer, Stop);
        Assert.Equal("hello"u8.ToArray(), answer);
    }

    [Fact(Timeout = Timeout)]
    public async Task Connections_outlive_the_server_that_began_them()
    {
        var old = CreateServer([Certificates.AddEcdsa("old.example")]);
        var (client, server) = await ConnectAsync(old, new());
        await using var _ = client;
        using var replacement = CreateServer([Certificates.AddEcdsa("new.example")]);

        old.Dispose();
        GC.Collect();
        GC.WaitForPendingFinalizers();

        await AssertEchoAsync(client, server);
        Assert.Equal("CN=old.example", client.RemoteCertificate!.Subject);
        var (late, lateServer) = await _harness.ConnectAsync();
        await Assert.ThrowsAsync<AuthenticationException>(async () => await lateServer.StartTlsAsync(old, Stop));
        late.Dispose();
        var (next, _) = await ConnectAsync(replacement, new());
        await using var __ = next;
        Assert.Equal("CN=new.example", next.RemoteCertificate!.Subject);
    }

    [Theory]
    [InlineData("missing.crt", null, "missing.crt can't be read")]
    [InlineData("empty.crt", null, "empty.crt has no certificate")]
    [InlineData("broken.crt", null, "broken.crt can't be used")]
    [InlineData(null, "missing.key", "missing.key can't be read")]
    [InlineData(null, "empty.key", "empty.key has no private key")]
    [InlineData(null, "encrypted.key", "encrypted.key is encrypted")]
    [InlineData(null, "other.key", "other.key is not the key of")]
    [InlineData(null, "rsa.key", "rsa.key")]
    public void Files_that_can_not_be_used_are_named(string? chainFile, string? keyFile, string expected)
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var rsa = RSA.Create(2048);
        var parameters = new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1000);
        Certificates.AddFile("empty.crt", "");
        Certificates.AddFile("broken.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        Certificates.AddFile("empty.key", "");
        Certificates.AddFile("encrypted.key", other.ExportEncryptedPkcs8PrivateKeyPem("secret", parameters));
        Certificates.AddFile("other.key", other.ExportPkcs8PrivateKeyPem());
        Certificates.AddFile("rsa.key", rsa.ExportPkcs8PrivateKeyPem());
        var good = Certificates.AddEcdsa("example.org");
        var directory = Path.GetDirectoryName(good.ChainFile)!;

        var exception = Assert.Throws<TlsConfigurationException>(() => CreateServer([good with
        {
            ChainFile = chainFile is null ? good.ChainFile : Path.Combine(directory, chainFile),
            KeyFile = keyFile is null ? good.KeyFile : Path.Combine(directory, keyFile),
        }]));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith(directory, exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Both ends of a connection with another server than the class's own.</summary>
    private protected async Task<(SslStream Client, SocketConnection Server)> ConnectAsync(
        TlsServer tls, SslClientAuthenticationOptions options)
    {
        var (socket, server) = await _harness.ConnectAsync();
        var handshake = server.StartTlsAsync(tls, Stop);
        var client = await HandshakeAsync(socket, options);
        await handshake;
        return (client, server);
    }

    private protected static async Task<SslStream> HandshakeAsync(Socket socket, SslClientAuthenticationOptions options)
    {
        var client = new SslStream(new NetworkStream(socket, ownsSocket: true));
        options.TargetHost ??= "example.org";
        options.RemoteCertificateValidationCallback ??= (_, _, _, _) => true;
        await client.AuthenticateAsClientAsync(options, Stop);
        return client;
    }

    private static async Task<string> HandshakeFailureAsync(TlsServer tls, SslClientAuthenticationOptions options)
    {
        await using var harness = new TransportHarness();
        var (socket, server) = await harness.ConnectAsync();
        var handshake = server.StartTlsAsync(tls, Stop).AsTask();
        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(socket, options));
        var exception = await Assert.ThrowsAsync<AuthenticationException>(() => handshake);
        Assert.Equal(exception.Message, server.AbortReason);
        socket.Dispose();
        return exception.Message;
    }

    private protected static async Task AssertEchoAsync(Stream client, SocketConnection server)
    {
        await client.WriteAsync("ping"u8.ToArray(), Stop);
        var given = await server.ReadAsync();
        Assert.Equal("ping"u8.ToArray(), given.ToArray());
        server.Advance(given.Length);
        Assert.True(server.Write("pong"u8));
        server.Flush();
        var answer = new byte[4];
        await client.ReadExactlyAsync(answer, Stop);
        Assert.Equal("pong"u8.ToArray(), answer);
    }

    /// <summary>Runs openssl s_client to its end.</summary>
    /// <returns>What it printed.</returns>
    private protected static async Task<string> RunOpenSslClientAsync(TransportHarness harness, params string[] arguments)
    {
        var installed = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
            .Any(directory => File.Exists(Path.Combine(directory, "openssl")));
        Assert.SkipUnless(installed, "the openssl command is not installed");
        string[] command = ["s_client", "-connect", harness.EndPoint.ToString(), .. arguments];
        using var client = Process.Start(new ProcessStartInfo("openssl", command)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = client.StandardError.ReadToEndAsync(Stop);
        var printed = await client.StandardOutput.ReadToEndAsync(Stop);
        await client.WaitForExitAsync(Stop);
        return printed + await errors;
    }

    /// <summary>Sends each byte by itself.</summary>
    private sealed class OneByteStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var i = 0; i < buffer.Length; i++)
                await base.WriteAsync(buffer.Slice(i, 1), cancellationToken);
        }
    }
}

public sealed class SslStreamConnectionTests : TlsConnectionTests
{
    protected override string Engine => "sslstream";
}

public sealed class OpenSslConnectionTests : TlsConnectionTests
{
    protected override string Engine => "openssl";

    [Theory(Timeout = Timeout)]
    [InlineData(SslProtocols.Tls12, "tls-exporter tls-unique tls-server-end-point")]
    [InlineData(SslProtocols.Tls13, "tls-exporter tls-server-end-point")]
    public async Task The_bindings_are_those_that_the_version_allows(SslProtocols version, string types)
    {
        using var tls = CreateServer([Certificates.AddEcdsa("example.org")]);
        var (client, server) = await ConnectAsync(tls, new() { EnabledSslProtocols = version });
        await using var _ = client;
        Assert.Equal(types.Split(' '), server.Tls!.ChannelBinding.Types);
        Assert.Equal(32, server.Tls.ChannelBinding.Get("tls-exporter")!.Length);
        Assert.Null(server.Tls.ChannelBinding.Get("tls-something"));
    }

    [Fact(Timeout = Timeout)]
    public async Task The_unique_binding_is_the_client_s_in_full_and_resumed_handshakes()
    {
        using var tls = CreateServer([Certificates.AddEcdsa("example.org")]);
        var seen = new HashSet<string>();
        for (var round = 0; round < 3; round++)
        {
            var (client, server) = await ConnectAsync(tls, new() { EnabledSslProtocols = SslProtocols.Tls12 });
            await using var _ = client;
            using var binding = client.TransportContext.GetChannelBinding(ChannelBindingKind.Unique)!;
            var expected = new byte[binding.Size];
            System.Runtime.InteropServices.Marshal.Copy(binding.DangerousGetHandle(), expected, 0, expected.Length);
            var unique = server.Tls!.ChannelBinding.Get("tls-unique")!;
            Assert.Equal(Convert.ToHexString(expected.AsSpan()[^12..]), Convert.ToHexString(unique));
            Assert.True(seen.Add(Convert.ToHexString(unique)));
            await AssertEchoAsync(client, server);
            await client.ShutdownAsync();
        }
    }

    [Fact(Timeout = Timeout)]
    public async Task The_exporter_binding_is_the_one_that_openssl_computes()
    {
        await using var harness = new TransportHarness();
        var client = RunOpenSslClientAsync(harness, "-tls1_3", "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32");
        var server = await harness.AcceptAsync();
        await SecureAsync(server);
        server.Close();

        var printed = await client;

        Assert.Contains(Convert.ToHexString(server.Tls!.ChannelBinding.Get("tls-exporter")!), printed, StringComparison.Ordinal);
    }

    [Theory(Timeout = Timeout)]
    [InlineData("-tls1_2")]
    [InlineData("-tls1_3")]
    public async Task Sessions_resume(string version)
    {
        await using var harness = new TransportHarness();
        var session = Certificates.AddFile("session.pem", "");

        var first = await ServeOpenSslClientAsync(harness, version, "-sess_out", session);
        var second = await ServeOpenSslClientAsync(harness, version, "-sess_in", session);

        Assert.Contains("\nNew, TLSv1.", first, StringComparison.Ordinal);
        Assert.Contains("\nReused, TLSv1.", second, StringComparison.Ordinal);
    }

    private async Task<string> ServeOpenSslClientAsync(TransportHarness harness, params string[] arguments)
    {
        var client = RunOpenSslClientAsync(harness, arguments);
        var server = await harness.AcceptAsync();
        await SecureAsync(server);
        server.Close();
        return await client;
    }
}
