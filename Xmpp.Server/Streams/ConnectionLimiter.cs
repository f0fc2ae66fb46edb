using System.Net;
using Xmpp.Core.Sasl;
using Xmpp.Server.Hosting;

namespace Xmpp.Server.Streams;

/// <summary>
/// Counts connections, in all and by address, and attempts per minute by address; an IPv6 network of 64 bits counts as one
/// address, since one customer has all of it. Addresses without connections are forgotten every minute.
/// </summary>
internal sealed class ConnectionLimiter(Func<LimitOptions> limits, CoarseClock clock)
{
    private const int Window = 60;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Entry> _addresses = [];
    private int _windowStart;
    private int _open;

    public int Open => Volatile.Read(ref _open);

    /// <summary>Whether one more connection may come; if so it counts until <see cref="Release"/>.</summary>
    public bool TryAcquire(IPAddress address)
    {
        var (options, network) = (limits(), AuthenticationThrottle.NetworkOf(address));
        lock (_lock)
        {
            StartWindow();
            var entry = _addresses.GetValueOrDefault(network);
            entry.Attempts++;
            var isAdmitted = _open < options.Connections
                && entry.Open < options.ConnectionsPerAddress
                && entry.Attempts <= options.ConnectionAttemptsPerMinutePerAddress;
            if (isAdmitted)
            {
                entry.Open++;
                _open++;
            }
            _addresses[network] = entry;
            return isAdmitted;
        }
    }

    public void Release(IPAddress address)
    {
        var network = AuthenticationThrottle.NetworkOf(address);
        lock (_lock)
        {
            var entry = _addresses[network];
            _addresses[network] = entry with { Open = entry.Open - 1 };
            _open--;
        }
    }

    private void StartWindow()
    {
        if (clock.Seconds - _windowStart < Window)
            return;
        _windowStart = clock.Seconds;
        foreach (var (address, entry) in _addresses.ToArray())
        {
            if (entry.Open == 0)
                _addresses.Remove(address);
            else
                _addresses[address] = entry with { Attempts = 0 };
        }
    }

    private record struct Entry(int Open, int Attempts);
}
