using System.Runtime.InteropServices;

namespace Xmpp.Server.Transport.OpenSsl;

/// <summary>libcrypto 3, named as in its manual pages. Calls that only look something up skip the GC transition.</summary>
internal static unsafe partial class LibCrypto
{
    public const string Library = "libcrypto.so.3";

    public const int BioCtrlReset = 1;
    public const int BioCtrlPending = 10;
    public const int BioCSetBufMemEofReturn = 130;

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void ERR_clear_error();

    [LibraryImport(Library)]
    public static partial nuint ERR_peek_last_error();

    [LibraryImport(Library)]
    public static partial nint ERR_reason_error_string(nuint error);

    [LibraryImport(Library)]
    public static partial nint BIO_s_mem();

    [LibraryImport(Library)]
    public static partial nint BIO_new(nint type);

    [LibraryImport(Library)]
    public static partial int BIO_free(nint bio);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial int BIO_up_ref(nint bio);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial nint BIO_ctrl(nint bio, int command, nint number, nint pointer);

    [LibraryImport(Library)]
    public static partial int BIO_read(nint bio, byte* bytes, int length);

    [LibraryImport(Library)]
    public static partial int BIO_write(nint bio, byte* bytes, int length);

    [LibraryImport(Library)]
    public static partial nint d2i_X509(nint* result, byte** der, nint length);

    [LibraryImport(Library)]
    public static partial int i2d_X509(nint certificate, byte** der);

    [LibraryImport(Library)]
    public static partial void X509_free(nint certificate);

    [LibraryImport(Library)]
    public static partial int OPENSSL_sk_num(nint stack);

    [LibraryImport(Library)]
    public static partial nint OPENSSL_sk_value(nint stack, int index);

    [LibraryImport(Library)]
    public static partial nint d2i_AutoPrivateKey(nint* result, byte** der, nint length);

    [LibraryImport(Library)]
    public static partial void EVP_PKEY_free(nint key);

    /// <summary>The last error of this thread, in a few words.</summary>
    public static string LastError()
    {
        var error = ERR_peek_last_error();
        var reason = error == 0 ? null : Marshal.PtrToStringUTF8(ERR_reason_error_string(error));
        return reason ?? "unknown error";
    }

    /// <summary>A queue of bytes in memory. Empty, it says "try again" and not "end".</summary>
    public static nint NewMemoryBio()
    {
        var bio = BIO_new(BIO_s_mem());
        if (bio == 0)
            throw new InsufficientMemoryException();
        BIO_ctrl(bio, BioCSetBufMemEofReturn, -1, 0);
        return bio;
    }
}
