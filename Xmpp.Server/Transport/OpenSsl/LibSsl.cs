using System.Runtime.InteropServices;

namespace Xmpp.Server.Transport.OpenSsl;

/// <summary>libssl 3, named as in its manual pages. Calls that only look something up skip the GC transition.</summary>
internal static unsafe partial class LibSsl
{
    public const string Library = "libssl.so.3";

    public const int Tls12Version = 0x0303;
    public const int Tls13Version = 0x0304;

    public const int ErrorWantRead = 2;
    public const int ErrorZeroReturn = 6;

    public const int CtrlMode = 33;
    public const int CtrlSetSessionCacheMode = 44;
    public const int CtrlSetServerNameCallback = 53;
    public const int CtrlSetServerName = 55;
    public const int CtrlChainCertificate = 89;
    public const int CtrlGetExtendedMasterSecret = 122;
    public const int CtrlSetMinimumVersion = 123;

    public const int ModePartialWrite = 0x1;
    public const int ModeMovingWriteBuffer = 0x2;
    public const int ModeNoAutoChain = 0x8;
    public const int ModeReleaseBuffers = 0x10;

    public const ulong OptionNoTicket = 1UL << 14;
    public const ulong OptionNoCompression = 1UL << 17;
    public const ulong OptionCipherServerPreference = 1UL << 22;
    public const ulong OptionNoRenegotiation = 1UL << 30;

    public const int VerifyPeer = 1;

    public const int ExtensionOk = 0;
    public const int ExtensionAlertFatal = 2;

    [LibraryImport(Library)]
    public static partial nint TLS_server_method();

    [LibraryImport(Library)]
    public static partial nint TLS_client_method();

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_ctrl(nint context, int command, nint number, nint pointer);

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_callback_ctrl(nint context, int command, delegate* unmanaged<nint, int*, nint, int> callback);

    [LibraryImport(Library)]
    public static partial ulong SSL_CTX_set_options(nint context, ulong options);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_cipher_list(nint context, string list);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_num_tickets(nint context, nuint count);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_session_id_context(nint context, byte* id, uint length);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_use_certificate_ASN1(nint context, int length, byte* der);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_use_PrivateKey(nint context, nint key);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_verify(nint context, int mode, nint callback);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_cert_verify_callback(nint context, delegate* unmanaged<nint, nint, int> callback, nint argument);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_alpn_select_cb(
        nint context, delegate* unmanaged<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);

    [LibraryImport(Library)]
    public static partial nint SSL_new(nint context);

    [LibraryImport(Library)]
    public static partial void SSL_free(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_set_connect_state(nint ssl);

    /// <summary>0 when it has worked.</summary>
    [LibraryImport(Library)]
    public static partial int SSL_set_alpn_protos(nint ssl, byte* protocols, uint length);

    [LibraryImport(Library)]
    public static partial void SSL_set0_rbio(nint ssl, nint bio);

    [LibraryImport(Library)]
    public static partial void SSL_set0_wbio(nint ssl, nint bio);

    [LibraryImport(Library)]
    public static partial nint SSL_set_SSL_CTX(nint ssl, nint context);

    [LibraryImport(Library)]
    public static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_read(nint ssl, byte* bytes, int length);

    [LibraryImport(Library)]
    public static partial int SSL_write(nint ssl, byte* bytes, int length);

    [LibraryImport(Library)]
    public static partial int SSL_shutdown(nint ssl);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int SSL_has_pending(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_ctrl(nint ssl, int command, nint number, nint pointer);

    [LibraryImport(Library)]
    public static partial int SSL_version(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_session_reused(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_get_servername(nint ssl, int type);

    [LibraryImport(Library)]
    public static partial void SSL_get0_alpn_selected(nint ssl, byte** protocol, uint* length);

    [LibraryImport(Library)]
    public static partial nint SSL_get_current_cipher(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_CIPHER_standard_name(nint cipher);

    [LibraryImport(Library)]
    public static partial nint SSL_get1_peer_certificate(nint ssl);

    /// <summary>What the peer sent, its own certificate included only on a client; borrowed.</summary>
    [LibraryImport(Library)]
    public static partial nint SSL_get_peer_cert_chain(nint ssl);

    [LibraryImport(Library)]
    public static partial nuint SSL_get_finished(nint ssl, byte* bytes, nuint length);

    [LibraryImport(Library)]
    public static partial nuint SSL_get_peer_finished(nint ssl, byte* bytes, nuint length);

    [LibraryImport(Library)]
    public static partial int SSL_export_keying_material(
        nint ssl, byte* output, nuint outputLength, byte* label, nuint labelLength, byte* context, nuint contextLength, int useContext);
}
