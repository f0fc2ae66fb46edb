using System.Net.Sockets;

namespace Xmpp.Server.Transport;

/// <summary>Settings of sockets: the process's, and what System.Net.Sockets has no name for.</summary>
public static class SocketTuning
{
    /// <summary>
    /// Lets completions run on the thread that waits on epoll instead of being queued to the thread pool, which halves
    /// the cost of a small message. It holds for every socket of the process: nothing may block on such a thread.
    /// Call it before the first socket exists; an environment that says otherwise is left alone.
    /// </summary>
    public static void Apply()
    {
        const string inline = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
        if (Environment.GetEnvironmentVariable(inline) is null)
            Environment.SetEnvironmentVariable(inline, "1");
    }

    /// <summary>
    /// Breaks a connection whose peer takes nothing of what is sent for so long (RFC 5482), not only after the quarter of an hour that
    /// Linux gives it. Elsewhere it does nothing.
    /// </summary>
    /// <param name="timeout">Whole milliseconds.</param>
    public static void SetUserTimeout(Socket socket, TimeSpan timeout)
    {
        const int tcp = 6, userTimeout = 18;
        if (OperatingSystem.IsLinux())
            socket.SetRawSocketOption(tcp, userTimeout, BitConverter.GetBytes((int)timeout.TotalMilliseconds));
    }
}
