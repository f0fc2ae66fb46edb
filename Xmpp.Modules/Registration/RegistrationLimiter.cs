using System.Net;
using Xmpp.Core.Sasl;

namespace Xmpp.Modules.Registration;

/// <summary>
/// Counts by address the accounts that were made, and the attempts, which cost computing and tell what names there are. All start
/// anew when the window has passed.
/// </summary>
internal sealed class RegistrationLimiter(RegistrationOptions options, TimeProvider time)
{
    /// <summary>For each account that may be made: names that are taken, answers that are wrong.</summary>
    private const int AttemptsPerAccount = 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, Entry> _addresses = [];
    private DateTimeOffset _windowStart;

    /// <summary>Whether an address may try once more.</summary>
    public bool TryAttempt(IPAddress address) => TryCount(address, entry => entry with { Attempts = entry.Attempts + 1 });

    /// <summary>Whether an address may make one more account, which then counts until <see cref="Return"/>.</summary>
    public bool TryTake(IPAddress address) => TryCount(address, entry => entry with { Accounts = entry.Accounts + 1 });

    /// <summary>It was not made after all.</summary>
    public void Return(IPAddress address)
    {
        var network = AuthenticationThrottle.NetworkOf(address);
        lock (_lock)
        {
            // The window may have passed meanwhile.
            if (_addresses.TryGetValue(network, out var entry) && entry.Accounts > 0)
                _addresses[network] = entry with { Accounts = entry.Accounts - 1 };
        }
    }

    private bool TryCount(IPAddress address, Func<Entry, Entry> count)
    {
        var network = AuthenticationThrottle.NetworkOf(address);
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (now - _windowStart >= options.AddressWindow)
            {
                _windowStart = now;
                _addresses.Clear();
            }
            var entry = count(_addresses.GetValueOrDefault(network));
            if (entry.Accounts > options.AccountsPerAddress || entry.Attempts > AttemptsPerAccount * options.AccountsPerAddress)
                return false;
            _addresses[network] = entry;
            return true;
        }
    }

    private readonly record struct Entry(int Accounts, int Attempts);
}
