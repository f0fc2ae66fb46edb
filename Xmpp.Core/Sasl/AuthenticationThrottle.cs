using System.Net;
using System.Net.Sockets;

namespace Xmpp.Core.Sasl;

/// <summary>How many failed logins are too many.</summary>
/// <param name="MaxPerAccount">Failures of one account, from anywhere, before further attempts are refused.</param>
/// <param name="MaxPerAddress">Failures from one address (for IPv6: one /64), whatever the account.</param>
/// <param name="Window">Failures older than this are forgotten.</param>
/// <param name="MaxTracked">How many accounts, and how many addresses, are remembered; the longest quiet are forgotten first.</param>
public sealed record AuthenticationThrottleOptions(int MaxPerAccount, int MaxPerAddress, TimeSpan Window, int MaxTracked = 10_000)
{
    /// <summary>Room for a forgetful person and for a few of them behind one address; a password a minute for who guesses.</summary>
    public static AuthenticationThrottleOptions Default { get; } =
        new(MaxPerAccount: 10, MaxPerAddress: 30, Window: TimeSpan.FromMinutes(10));
}

/// <summary>
/// Counts failed logins per account and per address in a sliding window, so that guessing gets slow wherever it comes from.
/// Successes don't reset the count: an attacker with an account of its own would buy new guesses with them. Thread-safe.
/// </summary>
public sealed class AuthenticationThrottle(AuthenticationThrottleOptions options, TimeProvider time)
{
    private readonly FailureWindow<Jid> _accounts = new(options.MaxPerAccount, options.Window, options.MaxTracked, time);
    private readonly FailureWindow<IPAddress> _addresses = new(options.MaxPerAddress, options.Window, options.MaxTracked, time);

    /// <summary>Puts an exchange under the throttle: it counts when it fails, and fails when too many have.</summary>
    /// <param name="exchange">The exchange, not yet begun.</param>
    /// <param name="host">The host whose account it is about.</param>
    /// <param name="address">The client's address, or null where there is none.</param>
    public ISaslExchange Guard(ISaslExchange exchange, string host, IPAddress? address) =>
        new ThrottledExchange(exchange, this, host, address);

    /// <summary>Whether a login may be tried now, or may succeed.</summary>
    /// <param name="account">The account, or null as long as it isn't known.</param>
    /// <param name="address">The client's address, or null where there is none.</param>
    /// <param name="retryAfter">How long to wait, with false.</param>
    public bool IsAllowed(Jid? account, IPAddress? address, out TimeSpan retryAfter)
    {
        var accountWait = account is null ? TimeSpan.Zero : _accounts.Wait(account);
        var addressWait = address is null ? TimeSpan.Zero : _addresses.Wait(NetworkOf(address));
        retryAfter = accountWait > addressWait ? accountWait : addressWait;
        return retryAfter == TimeSpan.Zero;
    }

    /// <summary>Notes a failed login.</summary>
    /// <inheritdoc cref="IsAllowed" path="/param"/>
    public void RecordFailure(Jid? account, IPAddress? address)
    {
        if (account is not null)
            _accounts.Add(account);
        if (address is not null)
            _addresses.Add(NetworkOf(address));
    }

    /// <summary>Entries in memory.</summary>
    internal int Tracked => _accounts.Count + _addresses.Count;

    /// <summary>The address to count by: who has one IPv6 address has the 2^64 of its network as well.</summary>
    public static IPAddress NetworkOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily is not AddressFamily.InterNetworkV6)
            return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
