using Microsoft.Win32.SafeHandles;

namespace Xmpp.Server.Transport.OpenSsl;

/// <summary>An SSL: one connection.</summary>
internal sealed class SafeSslHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public SafeSslHandle(nint ssl)
        : base(ownsHandle: true) => SetHandle(ssl);

    protected override bool ReleaseHandle()
    {
        LibSsl.SSL_free(handle);
        return true;
    }
}
