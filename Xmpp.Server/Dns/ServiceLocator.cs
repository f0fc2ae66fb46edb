using System.Net;
using System.Net.Sockets;
using Xmpp.Server.Transport;

namespace Xmpp.Server.Dns;

/// <summary>Where the server of a domain is.</summary>
/// <param name="Targets">In the order in which to try them; empty when it is nowhere.</param>
/// <param name="Failure">Why there are none, in words; else null.</param>
/// <param name="IsUnknown">Nobody said whether there are any: it may be worth asking later.</param>
internal sealed record ServiceLocation(IReadOnlyList<ServiceTarget> Targets, string? Failure = null, bool IsUnknown = false);

/// <summary>Finds servers by the DNS: RFC 6120 §3.2, with the records of XEP-0368 among the others.</summary>
internal sealed class ServiceLocator(IDnsResolver resolver, TimeProvider time)
{
    private const int DefaultPort = 5269;

    /// <summary>RFC 8305 §3: what IPv6 may take longer than IPv4.</summary>
    private static readonly TimeSpan ResolutionDelay = TimeSpan.FromMilliseconds(50);

    /// <summary>Records of one domain beyond which the others are ignored.</summary>
    private const int MaxTargets = 16;

    public async ValueTask<ServiceLocation> LocateAsync(string domain, CancellationToken cancellationToken)
    {
        // §3.2.3: an address needs no DNS.
        if (IPAddress.TryParse(domain.Trim('[', ']'), out var literal))
            return new([new(literal.ToString(), DefaultPort, IsDirectTls: false)]);
        if (AsciiOf(domain) is not { } name)
            return new([], $"{domain} is not a name of the DNS");

        var directly = resolver.QueryAsync($"_xmpps-server._tcp.{name}", DnsType.Srv, cancellationToken).AsTask();
        var usual = await resolver.QueryAsync($"_xmpp-server._tcp.{name}", DnsType.Srv, cancellationToken);
        var direct = await directly;
        // RFC 7673 §3.1: what may have been tampered with is no answer.
        if (new[] { usual, direct }.FirstOrDefault(answer => answer is { Outcome: DnsOutcome.Failed, IsValidated: true }) is { } bogus)
            return new([], bogus.Failure, IsUnknown: true);
        List<(ServiceRecord Record, bool IsDirectTls)> records =
        [
            .. direct.Records.OfType<ServiceRecord>().Select(record => (record, true)),
            .. usual.Records.OfType<ServiceRecord>().Select(record => (record, false)),
        ];
        if (records.Count == 0)
        {
            // §3.2.2, also when the SRV records can't be asked for: what the name itself says is then said by who connects to it.
            return new([new(name, DefaultPort, IsDirectTls: false)]);
        }
        records.RemoveAll(entry => entry.Record.Target.Length == 0);
        if (records.Count > 0)
        {
            return new([.. ServiceOrder.Of(records).Take(MaxTargets).Select(target =>
                target with { IsSecure = (target.IsDirectTls ? direct : usual).IsSecure })]);
        }
        // XEP-0368, Implementation Notes: who has said that there is no service is not looked for elsewhere.
        return usual.Outcome == DnsOutcome.Failed || direct.Outcome == DnsOutcome.Failed
            ? new([], usual.Failure ?? direct.Failure, IsUnknown: true)
            : new([], $"{domain} says in the DNS that it has no XMPP server");
    }

    /// <summary>The addresses of a host, IPv6 and IPv4 in turn (RFC 8305 §4).</summary>
    public async ValueTask<(IReadOnlyList<IPAddress> Addresses, DnsAnswer Answer)> FindAddressesAsync(
        string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var literal))
            return ([literal], new(DnsOutcome.Found, []));
        var newer = Socket.OSSupportsIPv6
            ? resolver.QueryAsync(host, DnsType.Aaaa, cancellationToken).AsTask()
            : Task.FromResult(new DnsAnswer(DnsOutcome.NoData, []));
        var v4 = await resolver.QueryAsync(host, DnsType.A, cancellationToken);
        DnsAnswer v6;
        try
        {
            v6 = v4.Outcome == DnsOutcome.Found ? await newer.WaitAsync(ResolutionDelay, time, cancellationToken) : await newer;
        }
        catch (TimeoutException)
        {
            v6 = new(DnsOutcome.NoData, []);
        }
        var addresses = Interleave(v6, v4);
        var isSecure = new[] { v4, v6 }.Any(answer => answer is { Outcome: DnsOutcome.Found, IsSecure: true });
        return (addresses, (addresses.Count > 0 || v6.Outcome != DnsOutcome.Failed ? v4 : v6) with { IsSecure = isSecure });
    }

    /// <summary>What secure DNS says about who is to be found at a target (RFC 7673 §3.3, §3.4).</summary>
    /// <param name="isAddressSecure">Of one of its addresses at least.</param>
    /// <returns>A delegation, or null where nothing is secure; or why the target must not be connected to.</returns>
    public async ValueTask<(Delegation? Delegation, string? Failure)> FindDelegationAsync(
        ServiceTarget target, bool isAddressSecure, CancellationToken cancellationToken)
    {
        if (!target.IsSecure)
            return (null, null);
        // §3.2: where the addresses aren't signed the query would fail at best.
        if (!isAddressSecure)
            return (new(target.Host, target.Port, []), null);
        var answer = await resolver.QueryAsync($"_{target.Port}._tcp.{target.Host}", DnsType.Tlsa, cancellationToken);
        if (answer.Outcome == DnsOutcome.Failed)
            return (null, answer.Failure);
        var delegation = new Delegation(target.Host, target.Port, answer.IsSecure ? [.. answer.Records.OfType<TlsaRecord>()] : []);
        return (delegation, null);
    }

    private static List<IPAddress> Interleave(DnsAnswer first, DnsAnswer second)
    {
        var (a, b) = (first.Records.OfType<AddressRecord>().ToList(), second.Records.OfType<AddressRecord>().ToList());
        var addresses = new List<IPAddress>(a.Count + b.Count);
        for (var i = 0; i < Math.Max(a.Count, b.Count); i++)
        {
            if (i < a.Count)
                addresses.Add(a[i].Address);
            if (i < b.Count)
                addresses.Add(b[i].Address);
        }
        return addresses;
    }

    private static string? AsciiOf(string domain)
    {
        try
        {
            return ServerNameMap.ToAscii(domain) is var name && DnsMessage.IsName(name) ? name : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
