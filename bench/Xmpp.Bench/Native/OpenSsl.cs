using System.Runtime.InteropServices;

namespace Xmpp.Bench.Native;

/// <summary>libssl as a client, straight on the socket. Certificates are not verified: the load generator carries no secrets.</summary>
internal static unsafe partial class OpenSsl
{
    private const string Library = "libssl.so.3";

    internal const int ErrorWantRead = 2;
    internal const int ErrorWantWrite = 3;
    internal const int ErrorZeroReturn = 6;

    private const int ControlMode = 33;
    private const int ControlSetReadAhead = 41;
    private const int ControlSetServerName = 55;
    private const int ModeEnablePartialWriteAcceptMovingBufferReleaseBuffers = 0x1 | 0x2 | 0x10;

    private static readonly Lazy<nint> Context = new(CreateContext);

    /// <summary>A client-side TLS object on a connected socket, with <paramref name="serverName"/> as SNI.</summary>
    internal static nint Create(int descriptor, string serverName)
    {
        var ssl = New(Context.Value);
        if (ssl == 0 || SetDescriptor(ssl, descriptor) != 1)
            throw new InvalidOperationException("libssl could not make a TLS object");
        var name = Marshal.StringToCoTaskMemUTF8(serverName);
        _ = Control(ssl, ControlSetServerName, 0, name);
        Marshal.FreeCoTaskMem(name);
        return ssl;
    }

    private static nint CreateContext()
    {
        var context = NewContext(ClientMethod());
        _ = ContextControl(context, ControlMode, ModeEnablePartialWriteAcceptMovingBufferReleaseBuffers, 0);
        // With read-ahead one recv takes whole records; without it each record costs two.
        _ = ContextControl(context, ControlSetReadAhead, 1, 0);
        return context;
    }

    [LibraryImport(Library, EntryPoint = "TLS_client_method")]
    private static partial nint ClientMethod();

    [LibraryImport(Library, EntryPoint = "SSL_CTX_new")]
    private static partial nint NewContext(nint method);

    [LibraryImport(Library, EntryPoint = "SSL_CTX_ctrl")]
    private static partial nint ContextControl(nint context, int command, nint number, nint pointer);

    [LibraryImport(Library, EntryPoint = "SSL_new")]
    private static partial nint New(nint context);

    [LibraryImport(Library, EntryPoint = "SSL_set_fd")]
    private static partial int SetDescriptor(nint ssl, int descriptor);

    [LibraryImport(Library, EntryPoint = "SSL_ctrl")]
    private static partial nint Control(nint ssl, int command, nint number, nint pointer);

    [LibraryImport(Library, EntryPoint = "SSL_connect")]
    internal static partial int Connect(nint ssl);

    [LibraryImport(Library, EntryPoint = "SSL_read")]
    internal static partial int Read(nint ssl, byte* buffer, int length);

    [LibraryImport(Library, EntryPoint = "SSL_write")]
    internal static partial int Write(nint ssl, byte* buffer, int length);

    [LibraryImport(Library, EntryPoint = "SSL_has_pending")]
    internal static partial int HasPending(nint ssl);

    [LibraryImport(Library, EntryPoint = "SSL_get_error")]
    internal static partial int GetError(nint ssl, int result);

    [LibraryImport(Library, EntryPoint = "SSL_free")]
    internal static partial void Free(nint ssl);

    [LibraryImport("libcrypto.so.3", EntryPoint = "ERR_clear_error")]
    internal static partial void ClearErrors();

    [LibraryImport("libcrypto.so.3", EntryPoint = "ERR_get_error")]
    private static partial nuint NextError();

    [LibraryImport("libcrypto.so.3", EntryPoint = "ERR_reason_error_string")]
    private static partial nint Reason(nuint error);

    /// <summary>The reason of the last failure, in OpenSSL's words.</summary>
    internal static string LastError() => Marshal.PtrToStringUTF8(Reason(NextError())) ?? "connection closed";
}
