using System.Collections.Concurrent;
using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Xmpp.Server.Transport.OpenSsl;

/// <summary>One SSL. Its owner's lock protects it; libssl allows one call at a time, and none after the end.</summary>
internal sealed unsafe class OpenSslSession : TlsSession
{
    private const int FinishedLength = 64;

    /// <summary>The names of cipher suites, by libssl's constant objects.</summary>
    private static readonly ConcurrentDictionary<nint, string> CipherNames = new();

    /// <summary>The session whose handshake this thread is in, for libssl's callbacks.</summary>
    [ThreadStatic] private static OpenSslSession? t_handshaking;

    private readonly OpenSslServer? _server;
    private readonly string? _serverName;
    private readonly IReadOnlyList<(string Name, byte[] Bytes)> _protocols;
    private readonly SafeSslHandle _handle;
    private readonly nint _ssl;
    private OpenSslContext _context;
    private nint _input;
    private nint _output;

    public OpenSslSession(OpenSslServer server, OpenSslContext context)
        : this(context, server.ApplicationProtocols)
    {
        _server = server;
        LibSsl.SSL_set_accept_state(_ssl);
    }

    /// <summary>For a connection that we make.</summary>
    public OpenSslSession(OpenSslContext context, TlsTarget target)
        : this(context, target.ApplicationProtocol is { } protocol ? [(protocol, Encoding.ASCII.GetBytes(protocol))] : [])
    {
        _serverName = ServerNameMap.ToAscii(target.ServerName);
        LibSsl.SSL_set_connect_state(_ssl);
        // RFC 6066 §3: an address is no server name.
        fixed (byte* name = Encoding.ASCII.GetBytes(_serverName + '\0'))
        {
            if (!IPAddress.TryParse(_serverName, out _))
                LibSsl.SSL_ctrl(_ssl, LibSsl.CtrlSetServerName, 0, (nint)name);
        }
        foreach (var (_, bytes) in _protocols)
        {
            fixed (byte* first = (byte[])[(byte)bytes.Length, .. bytes])
                _ = LibSsl.SSL_set_alpn_protos(_ssl, first, (uint)bytes.Length + 1);
        }
    }

    private OpenSslSession(OpenSslContext context, IReadOnlyList<(string Name, byte[] Bytes)> protocols)
    {
        _protocols = protocols;
        _context = context;
        _handle = context.NewConnection();
        _ssl = _handle.DangerousGetHandle();
        // For the handshake the BIOs are its own: libssl keeps a buffer chained to the output between the steps.
        _input = LibCrypto.NewMemoryBio();
        _output = LibCrypto.NewMemoryBio();
        LibSsl.SSL_set0_rbio(_ssl, _input);
        LibSsl.SSL_set0_wbio(_ssl, _output);
    }

    public override void Begin(ref PooledBuffer wire)
    {
        if (_server is not null)
            return;
        Handshake();
        TakeOutput(ref wire);
    }

    public override bool Encrypt(ReadOnlyMemory<byte> plaintext, ref PooledBuffer wire)
    {
        UseThreadBios();
        var bytes = plaintext.Span;
        fixed (byte* first = bytes)
        {
            for (var offset = 0; offset < bytes.Length;)
            {
                LibCrypto.ERR_clear_error();
                var count = LibSsl.SSL_write(_ssl, first + offset, bytes.Length - offset);
                if (count <= 0)
                {
                    Fail(LibCrypto.LastError());
                    break;
                }
                offset += count;
            }
        }
        TakeOutput(ref wire);
        return Failure is null;
    }

    public override void Shutdown(ref PooledBuffer wire)
    {
        UseThreadBios();
        LibCrypto.ERR_clear_error();
        // Whatever it returns, there is nothing left to do but to send what it wrote.
        _ = LibSsl.SSL_shutdown(_ssl);
        TakeOutput(ref wire);
    }

    public override void Dispose() => _handle.Dispose();

    protected override TlsStatus Decrypt(ReadOnlySpan<byte> ciphertext, ref PooledBuffer plaintext, ref PooledBuffer wire)
    {
        if (Info is not null)
            UseThreadBios();
        fixed (byte* first = ciphertext)
            _ = LibCrypto.BIO_write(_input, first, ciphertext.Length);
        var status = TlsStatus.Open;
        if (Info is not null || Handshake())
            status = ReadAll(ciphertext.Length, ref plaintext);
        TakeOutput(ref wire);
        if (status is not TlsStatus.Open)
            LibCrypto.BIO_ctrl(_input, LibCrypto.BioCtrlReset, 0, 0);
        return status;
    }

    /// <summary>libssl asks which certificate belongs to the name in the ClientHello; without a name it asks too.</summary>
    [UnmanagedCallersOnly]
    internal static int OnServerName(nint ssl, int* alert, nint argument)
    {
        try
        {
            var session = t_handshaking!;
            var context = session._server!.ContextFor(Marshal.PtrToStringUTF8(LibSsl.SSL_get_servername(ssl, 0)));
            if (!ReferenceEquals(context, session._context))
            {
                context.SwitchTo(ssl);
                session._context = context;
            }
            return LibSsl.ExtensionOk;
        }
        catch (ObjectDisposedException)
        {
            // The server was replaced in the middle of this handshake.
            return LibSsl.ExtensionAlertFatal;
        }
    }

    /// <summary>libssl asks which of the client's protocols to choose.</summary>
    [UnmanagedCallersOnly]
    internal static int OnApplicationProtocols(
        nint ssl, byte** chosen, byte* chosenLength, byte* offered, uint offeredLength, nint argument)
    {
        foreach (var (_, ours) in t_handshaking!._protocols)
        {
            for (var i = 0u; i < offeredLength; i += offered[i] + 1u)
            {
                if (!new ReadOnlySpan<byte>(offered + i + 1, offered[i]).SequenceEqual(ours))
                    continue;
                *chosen = offered + i + 1;
                *chosenLength = offered[i];
                return LibSsl.ExtensionOk;
            }
        }
        return LibSsl.ExtensionAlertFatal;
    }

    /// <summary>True when the handshake is complete.</summary>
    private bool Handshake()
    {
        LibCrypto.ERR_clear_error();
        t_handshaking = this;
        var result = LibSsl.SSL_do_handshake(_ssl);
        t_handshaking = null;
        if (result != 1)
        {
            if (LibSsl.SSL_get_error(_ssl, result) != LibSsl.ErrorWantRead)
                Fail(LibCrypto.LastError());
            return false;
        }
        try
        {
            Info = Describe();
            return true;
        }
        catch (CryptographicException)
        {
            Fail("the peer's certificate can't be read");
            return false;
        }
    }

    private TlsStatus ReadAll(int atMost, ref PooledBuffer plaintext)
    {
        // Asking whether anything is left is cheaper than a read that finds nothing: that would allocate libssl's buffer.
        while (LibCrypto.BIO_ctrl(_input, LibCrypto.BioCtrlPending, 0, 0) > 0 || LibSsl.SSL_has_pending(_ssl) != 0)
        {
            var room = plaintext.GetRoom(atMost).Span;
            atMost = 1;
            LibCrypto.ERR_clear_error();
            int count;
            fixed (byte* first = room)
                count = LibSsl.SSL_read(_ssl, first, room.Length);
            if (count > 0)
            {
                plaintext.Commit(count);
                continue;
            }
            switch (LibSsl.SSL_get_error(_ssl, count))
            {
                case LibSsl.ErrorWantRead:
                    return TlsStatus.Open;
                case LibSsl.ErrorZeroReturn:
                    return TlsStatus.Ended;
                default:
                    Fail(LibCrypto.LastError());
                    return TlsStatus.Failed;
            }
        }
        return TlsStatus.Open;
    }

    private void TakeOutput(ref PooledBuffer wire)
    {
        var length = (int)LibCrypto.BIO_ctrl(_output, LibCrypto.BioCtrlPending, 0, 0);
        if (length == 0)
            return;
        fixed (byte* room = wire.GetRoom(length).Span)
            wire.Commit(LibCrypto.BIO_read(_output, room, length));
    }

    private void UseThreadBios()
    {
        var bios = ThreadBios.Current;
        if (_input == bios.Input)
            return;
        // libssl takes over one reference of each, and drops those it had.
        _ = LibCrypto.BIO_up_ref(_input = bios.Input);
        _ = LibCrypto.BIO_up_ref(_output = bios.Output);
        LibSsl.SSL_set0_rbio(_ssl, _input);
        LibSsl.SSL_set0_wbio(_ssl, _output);
    }

    private TlsInfo Describe()
    {
        var isTls13 = LibSsl.SSL_version(_ssl) == LibSsl.Tls13Version;
        // Without the extended master secret two sessions can be made to share their bindings (RFC 7627 §1, RFC 9266 §2).
        var bindsMasterSecret = isTls13 || LibSsl.SSL_ctrl(_ssl, LibSsl.CtrlGetExtendedMasterSecret, 0, 0) == 1;
        return new TlsInfo(
            isTls13 ? "TLSv1.3" : "TLSv1.2",
            CipherNames.GetOrAdd(LibSsl.SSL_get_current_cipher(_ssl),
                static cipher => Marshal.PtrToStringUTF8(LibSsl.SSL_CIPHER_standard_name(cipher))!),
            _serverName ?? Marshal.PtrToStringUTF8(LibSsl.SSL_get_servername(_ssl, 0)),
            ApplicationProtocol(),
            PeerCertificate(),
            _server is null ? ChannelBinding.None : new ChannelBinding(
                bindsMasterSecret ? Exporter() : null,
                bindsMasterSecret && !isTls13 ? FirstFinished() : null,
                _context.EndPointBinding),
            PeerIssuers());
    }

    private string? ApplicationProtocol()
    {
        byte* protocol;
        uint length;
        LibSsl.SSL_get0_alpn_selected(_ssl, &protocol, &length);
        foreach (var (name, bytes) in _protocols)
        {
            if (new ReadOnlySpan<byte>(protocol, (int)length).SequenceEqual(bytes))
                return name;
        }
        return null;
    }

    private X509Certificate2? PeerCertificate()
    {
        var certificate = LibSsl.SSL_get1_peer_certificate(_ssl);
        if (certificate == 0)
            return null;
        try
        {
            return Copy(certificate);
        }
        finally
        {
            LibCrypto.X509_free(certificate);
        }
    }

    private List<X509Certificate2> PeerIssuers()
    {
        var issuers = new List<X509Certificate2>();
        var chain = LibSsl.SSL_get_peer_cert_chain(_ssl);
        // A client finds the peer's own certificate there, too.
        for (var i = _server is null ? 1 : 0; chain != 0 && i < LibCrypto.OPENSSL_sk_num(chain); i++)
            issuers.Add(Copy(LibCrypto.OPENSSL_sk_value(chain, i)));
        return issuers;
    }

    private static X509Certificate2 Copy(nint certificate)
    {
        var der = new byte[LibCrypto.i2d_X509(certificate, null)];
        fixed (byte* first = der)
        {
            var next = first;
            _ = LibCrypto.i2d_X509(certificate, &next);
        }
        return X509CertificateLoader.LoadCertificate(der);
    }

    /// <summary>RFC 9266 §2: 32 bytes, with a context that is there and empty.</summary>
    private byte[]? Exporter()
    {
        var binding = new byte[32];
        var label = "EXPORTER-Channel-Binding"u8;
        byte nothing;
        fixed (byte* output = binding, labelBytes = label)
        {
            return LibSsl.SSL_export_keying_material(
                _ssl, output, (nuint)binding.Length, labelBytes, (nuint)label.Length, &nothing, 0, useContext: 1) == 1 ? binding : null;
        }
    }

    /// <summary>RFC 5929 §3.1: the first Finished message, the client's in a full handshake, the server's in a resumed one.</summary>
    private byte[] FirstFinished()
    {
        var bytes = stackalloc byte[FinishedLength];
        var length = LibSsl.SSL_session_reused(_ssl) == 1
            ? LibSsl.SSL_get_finished(_ssl, bytes, FinishedLength)
            : LibSsl.SSL_get_peer_finished(_ssl, bytes, FinishedLength);
        return new ReadOnlySpan<byte>(bytes, (int)Math.Min(length, FinishedLength)).ToArray();
    }
}
