using System.Net;

namespace Xmpp.Server.Dns;

/// <summary>Types of resource records that are asked for, by their numbers on the wire.</summary>
internal enum DnsType : ushort
{
    A = 1,
    Cname = 5,
    Soa = 6,
    Aaaa = 28,
    Srv = 33,
    Opt = 41,
    Tlsa = 52,
}

/// <summary>One resource record of those that are read; of others nothing is kept.</summary>
/// <param name="Owner">In lower case, without the final dot.</param>
/// <param name="TimeToLive">In seconds.</param>
internal abstract record DnsRecord(string Owner, uint TimeToLive);

/// <summary>An A or AAAA record.</summary>
internal sealed record AddressRecord(string Owner, uint TimeToLive, IPAddress Address) : DnsRecord(Owner, TimeToLive);

/// <summary>An alias.</summary>
internal sealed record AliasRecord(string Owner, uint TimeToLive, string Target) : DnsRecord(Owner, TimeToLive);

/// <summary>RFC 2782.</summary>
/// <param name="Target">"" where the record says that the service is not offered (".").</param>
internal sealed record ServiceRecord(string Owner, uint TimeToLive, ushort Priority, ushort Weight, ushort Port, string Target)
    : DnsRecord(Owner, TimeToLive);

/// <summary>RFC 6698 §2: what is said about the certificate of a server.</summary>
/// <param name="Usage">0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE (RFC 7218).</param>
/// <param name="Selector">0 the certificate, 1 its SubjectPublicKeyInfo.</param>
/// <param name="Matching">0 as it is, 1 its SHA-256, 2 its SHA-512.</param>
internal sealed record TlsaRecord(string Owner, uint TimeToLive, byte Usage, byte Selector, byte Matching, byte[] Data)
    : DnsRecord(Owner, TimeToLive);

/// <summary>How an answer came out.</summary>
internal enum DnsOutcome
{
    /// <summary>There are records.</summary>
    Found,

    /// <summary>The name exists, but has none of that type.</summary>
    NoData,

    /// <summary>There is no such name.</summary>
    NoName,

    /// <summary>Nobody said whether there is.</summary>
    Failed,
}

/// <summary>What is known of a name.</summary>
/// <param name="Records">Of the type that was asked for, aliases followed; empty unless found.</param>
/// <param name="Failure">Why nothing is known, in words; else null.</param>
internal sealed record DnsAnswer(DnsOutcome Outcome, IReadOnlyList<DnsRecord> Records, string? Failure = null)
{
    /// <summary>Whether it comes from a resolver that validates: then a failure may be somebody's work, and can't be passed over.</summary>
    public bool IsValidated { get; init; }

    /// <summary>Whether DNSSEC proves it, aliases included (RFC 4035 §4.3); also that there is nothing.</summary>
    public bool IsSecure { get; init; }

    public static DnsAnswer Failed(string why) => new(DnsOutcome.Failed, [], why);
}

/// <summary>Looks names up. Any thread may ask, nobody is ever told more than an answer: what goes wrong is one, too.</summary>
internal interface IDnsResolver
{
    /// <param name="name">As A-labels, without the final dot.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancellationToken);
}
