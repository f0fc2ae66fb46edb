using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Xmpp.Server.Hosting;

/// <summary>
/// Tells systemd how the service is (sd_notify(3)), by datagrams to the socket that it names in <c>NOTIFY_SOCKET</c>. Without one, as
/// when started by hand, nothing is sent.
/// </summary>
public sealed class SystemdNotifier : IDisposable
{
    private readonly Socket? _socket;
    private readonly UnixDomainSocketEndPoint? _manager;
    private readonly Timer? _watchdog;

    /// <param name="environment">Looks up a variable; that of the process when null.</param>
    public SystemdNotifier(Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        if (environment("NOTIFY_SOCKET") is not [('/' or '@') and var kind, .. var name])
            return;
        _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        // "@" stands for the zero byte of an abstract name.
        _manager = new((kind == '@' ? '\0' : kind) + name);
        if (WatchdogInterval(environment) is { } interval)
            _watchdog = new(_ => Send("WATCHDOG=1"), null, interval, interval);
    }

    /// <summary>The server takes connections.</summary>
    /// <param name="status">One line for <c>systemctl status</c>.</param>
    public void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>The server reads its configuration again; <see cref="Ready"/> says when it has.</summary>
    public void Reloading()
    {
        var microseconds = (long)(Stopwatch.GetTimestamp() * (1_000_000.0 / Stopwatch.Frequency));
        Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    /// <summary>The server takes no more connections and ends.</summary>
    public void Stopping() => Send("STOPPING=1");

    public void Dispose()
    {
        _watchdog?.Dispose();
        _socket?.Dispose();
    }

    // Half of what the unit allows (WatchdogSec). The timer runs on the thread pool: a pool that hangs is a server that hangs.
    private static TimeSpan? WatchdogInterval(Func<string, string?> environment)
    {
        if (environment("WATCHDOG_PID") is { } pid && pid != Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
            return null;
        return long.TryParse(environment("WATCHDOG_USEC"), CultureInfo.InvariantCulture, out var microseconds) && microseconds > 0
            ? TimeSpan.FromMicroseconds(microseconds / 2)
            : null;
    }

    private void Send(string state)
    {
        try
        {
            _socket?.SendTo(Encoding.UTF8.GetBytes(state), _manager!);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // A manager that doesn't listen is no reason to stop serving.
        }
    }
}
