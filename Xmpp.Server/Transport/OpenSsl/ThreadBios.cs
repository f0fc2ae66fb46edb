namespace Xmpp.Server.Transport.OpenSsl;

/// <summary>
/// The two memory BIOs that all sessions used on a thread share, so that none needs buffers of its own. Each call leaves
/// both empty.
/// </summary>
internal sealed class ThreadBios
{
    [ThreadStatic] private static ThreadBios? t_current;

    private ThreadBios()
    {
        Input = LibCrypto.NewMemoryBio();
        Output = LibCrypto.NewMemoryBio();
    }

    /// <summary>The thread is gone; sessions that still point here hold references of their own.</summary>
    ~ThreadBios()
    {
        _ = LibCrypto.BIO_free(Input);
        _ = LibCrypto.BIO_free(Output);
    }

    public static ThreadBios Current => t_current ??= new ThreadBios();

    /// <summary>Ciphertext from the peer.</summary>
    public nint Input { get; }

    /// <summary>Ciphertext to the peer.</summary>
    public nint Output { get; }
}
