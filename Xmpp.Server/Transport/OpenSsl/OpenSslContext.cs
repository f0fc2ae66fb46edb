using System.Runtime.InteropServices;
using System.Security.Authentication;
using Microsoft.Win32.SafeHandles;

namespace Xmpp.Server.Transport.OpenSsl;

/// <summary>An SSL_CTX: one certificate of ours with everything that all contexts of a server have in common.</summary>
internal sealed unsafe class OpenSslContext : SafeHandleZeroOrMinusOneIsInvalid
{
    /// <summary>For TLS 1.2: forward secrecy and authenticated encryption only (RFC 9325 §4.2). TLS 1.3 has nothing else.</summary>
    private const string Tls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

    private OpenSslContext(byte[]? endPointBinding)
        : base(ownsHandle: true) => EndPointBinding = endPointBinding;

    /// <summary>The data of tls-server-end-point, or null where it is undefined.</summary>
    public byte[]? EndPointBinding { get; }

    /// <exception cref="TlsConfigurationException">The certificate or its key can't be used.</exception>
    public static OpenSslContext Create(TlsCertificate files, TlsServerOptions options, SslProtocols protocols) =>
        Create(files, LibSsl.TLS_server_method(), context =>
        {
            context.Configure(protocols);
            context.ConfigureServer(options);
        });

    /// <summary>The same for connections that we make.</summary>
    /// <exception cref="TlsConfigurationException">The certificate or its key can't be used.</exception>
    public static OpenSslContext CreateClient(TlsCertificate files, SslProtocols protocols) =>
        Create(files, LibSsl.TLS_client_method(), context => context.Configure(protocols));

    private static OpenSslContext Create(TlsCertificate files, nint method, Action<OpenSslContext> configure)
    {
        using var certificate = ServerCertificate.Load(files.ChainFile, files.KeyFile);
        var context = new OpenSslContext(certificate.EndPointBinding);
        try
        {
            context.SetHandle(LibSsl.SSL_CTX_new(method));
            configure(context);
            context.UseCertificate(certificate, files);
            return context;
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>A new connection, which keeps the context alive by itself.</summary>
    /// <exception cref="ObjectDisposedException">The server was replaced.</exception>
    public SafeSslHandle NewConnection() => Use(static (context, _) => new SafeSslHandle(LibSsl.SSL_new(context)), 0);

    /// <summary>Lets the connection go on with this certificate.</summary>
    /// <exception cref="ObjectDisposedException">The server was replaced.</exception>
    public void SwitchTo(nint ssl) => Use(static (context, ssl) => LibSsl.SSL_set_SSL_CTX(ssl, context), ssl);

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_CTX_free(handle);
        return true;
    }

    private T Use<T>(Func<nint, nint, T> use, nint argument)
    {
        var referenced = false;
        try
        {
            DangerousAddRef(ref referenced);
            return use(handle, argument);
        }
        finally
        {
            if (referenced)
                DangerousRelease();
        }
    }

    private void Configure(SslProtocols protocols)
    {
        Check(LibSsl.SSL_CTX_ctrl(handle, LibSsl.CtrlSetMinimumVersion,
            protocols.HasFlag(SslProtocols.Tls12) ? LibSsl.Tls12Version : LibSsl.Tls13Version, 0));
        Check(LibSsl.SSL_CTX_set_cipher_list(handle, Tls12Ciphers));
        LibSsl.SSL_CTX_set_options(
            handle, LibSsl.OptionNoRenegotiation | LibSsl.OptionNoCompression | LibSsl.OptionCipherServerPreference);
        LibSsl.SSL_CTX_ctrl(handle, LibSsl.CtrlMode,
            LibSsl.ModePartialWrite | LibSsl.ModeMovingWriteBuffer | LibSsl.ModeNoAutoChain | LibSsl.ModeReleaseBuffers, 0);
        LibSsl.SSL_CTX_ctrl(handle, LibSsl.CtrlSetSessionCacheMode, 0, 0);
    }

    private void ConfigureServer(TlsServerOptions options)
    {
        // Resumption by tickets, which the clients keep: no memory here. One is enough, the next connection brings another.
        Check(LibSsl.SSL_CTX_set_num_tickets(handle, options.AllowResumption ? 1u : 0));
        if (!options.AllowResumption)
            LibSsl.SSL_CTX_set_options(handle, LibSsl.OptionNoTicket);
        var id = "xmpp"u8;
        fixed (byte* first = id)
            Check(LibSsl.SSL_CTX_set_session_id_context(handle, first, (uint)id.Length));

        LibSsl.SSL_CTX_callback_ctrl(handle, LibSsl.CtrlSetServerNameCallback, &OpenSslSession.OnServerName);
        if (options.ApplicationProtocols.Count > 0)
            LibSsl.SSL_CTX_set_alpn_select_cb(handle, &OpenSslSession.OnApplicationProtocols, 0);
        if (options.RequestClientCertificate)
        {
            LibSsl.SSL_CTX_set_verify(handle, LibSsl.VerifyPeer, 0);
            LibSsl.SSL_CTX_set_cert_verify_callback(handle, &AcceptAnyCertificate, 0);
        }
    }

    private void UseCertificate(ServerCertificate certificate, TlsCertificate files)
    {
        var leaf = certificate.Leaf.RawData;
        fixed (byte* first = leaf)
            Check(LibSsl.SSL_CTX_use_certificate_ASN1(handle, leaf.Length, first), files.ChainFile);

        foreach (var issuer in certificate.Issuers)
        {
            var der = issuer.RawData;
            fixed (byte* first = der)
            {
                var next = first;
                // Ownership of the issuer goes to the context.
                Check(LibSsl.SSL_CTX_ctrl(
                    handle, LibSsl.CtrlChainCertificate, 0, LibCrypto.d2i_X509(null, &next, der.Length)), files.ChainFile);
            }
        }

        var keyBytes = certificate.ExportKey();
        fixed (byte* first = keyBytes)
        {
            var next = first;
            var key = LibCrypto.d2i_AutoPrivateKey(null, &next, keyBytes.Length);
            new Span<byte>(first, keyBytes.Length).Clear();
            var result = LibSsl.SSL_CTX_use_PrivateKey(handle, key);
            LibCrypto.EVP_PKEY_free(key);
            Check(result, files.KeyFile);
        }
    }

    private static void Check(nint result, string? file = null)
    {
        if (result != 1)
            throw new TlsConfigurationException($"{file ?? "OpenSSL"} can't be used for TLS: {LibCrypto.LastError()}.");
    }

    /// <summary>Client certificates are judged by whoever reads them.</summary>
    [UnmanagedCallersOnly]
    private static int AcceptAnyCertificate(nint store, nint argument) => 1;
}
