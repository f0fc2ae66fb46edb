using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Xmpp.Server.Dns;

/// <summary>
/// A stub resolver: puts questions to recursive servers, follows aliases, remembers answers as long as these say. Who asks what another
/// one has just asked gets the same answer.
/// </summary>
/// <param name="servers">Where to ask, in order; looked at anew for each question.</param>
internal sealed class DnsResolver(Func<IReadOnlyList<IPEndPoint>> servers, TimeProvider time) : IDnsResolver
{
    /// <summary>How long one server has for an answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private const int Rounds = 2;
    private const int MaxAliases = 8;
    private const int MaxConcurrent = 256;
    private const int MaxCached = 10_000;
    private const int FormatError = 1;
    private const int NoSuchName = 3;
    private const int NotImplemented = 4;

    // Of the process.
    private static readonly SemaphoreSlim Places = new(MaxConcurrent);

    private static readonly TimeSpan LongestLife = TimeSpan.FromHours(24);
    private static readonly TimeSpan LongestNegativeLife = TimeSpan.FromMinutes(15);

    private readonly ConcurrentDictionary<(string, DnsType), Lazy<Task<DnsAnswer>>> _pending = new();
    private readonly DnsCache _cache = new(MaxCached, time);

    public async ValueTask<DnsAnswer> QueryAsync(string name, DnsType type, CancellationToken cancellationToken)
    {
        if (!DnsMessage.IsName(name))
            return new(DnsOutcome.NoName, []);
        name = name.ToLowerInvariant();
        lock (_cache)
        {
            if (_cache.Find(name, type) is { } known)
                return known;
        }
        var key = (name, type);
        // What is under way goes on when this asker has no time any more: others may be waiting.
        var pending = _pending.GetOrAdd(key, key => new(() => ResolveAndForgetAsync(key.Item1, key.Item2)));
        return await pending.Value.WaitAsync(cancellationToken);
    }

    private async Task<DnsAnswer> ResolveAndForgetAsync(string name, DnsType type)
    {
        await Places.WaitAsync();
        try
        {
            var (answer, lifetime) = await ResolveAsync(name, type);
            lock (_cache)
                _cache.Add(name, type, answer, lifetime);
            return answer;
        }
        finally
        {
            Places.Release();
            _pending.TryRemove((name, type), out _);
        }
    }

    /// <summary>Follows aliases until there are records, or it is clear that there are none.</summary>
    private async Task<(DnsAnswer Answer, TimeSpan Lifetime)> ResolveAsync(string name, DnsType type)
    {
        var (owner, lifetime) = (name, LongestLife);
        for (var aliases = 0; aliases <= MaxAliases;)
        {
            var (message, failure) = await AskAsync(owner, type);
            if (message is null)
                return (DnsAnswer.Failed(failure!), TimeSpan.Zero);
            while (aliases <= MaxAliases
                && message.Answers.OfType<AliasRecord>().FirstOrDefault(record => record.Owner == owner) is { } alias)
            {
                (owner, lifetime) = (alias.Target, Shorter(lifetime, alias.TimeToLive));
                aliases++;
            }
            // Only what is about the name: servers have been made to add what nobody asked for.
            List<DnsRecord> records = [.. message.Answers.Where(record => record.Owner == owner && IsOf(record, type))];
            if (records.Count > 0)
                return (new(DnsOutcome.Found, records), records.Aggregate(lifetime, (life, record) => Shorter(life, record.TimeToLive)));
            var isWholeChain = message.Code == NoSuchName || message.NegativeTimeToLive is not null
                || !message.Answers.OfType<AliasRecord>().Any();
            if (!isWholeChain)
                continue; // The server has given the alias only.
            var negative = Shorter(LongestNegativeLife, message.NegativeTimeToLive ?? 0);
            return (new(message.Code == NoSuchName ? DnsOutcome.NoName : DnsOutcome.NoData, []), Min(lifetime, negative));
        }
        return (DnsAnswer.Failed($"{name} has too many aliases"), TimeSpan.Zero);
    }

    /// <returns>An answer that says something; or why there is none.</returns>
    private async Task<(DnsMessage? Answer, string? Failure)> AskAsync(string name, DnsType type)
    {
        var failure = "no DNS server is configured";
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var server in servers())
            {
                try
                {
                    using var patience = new CancellationTokenSource(Patience, time);
                    var answer = await DnsTransport.AskAsync(server, name, type, isExtended: true, patience.Token);
                    if (answer.Code is FormatError or NotImplemented)
                        answer = await DnsTransport.AskAsync(server, name, type, isExtended: false, patience.Token);
                    if (answer.Code is 0 or NoSuchName)
                        return (answer, null);
                    failure = $"the DNS server {server} answers with code {answer.Code}";
                }
                catch (OperationCanceledException)
                {
                    failure = $"the DNS server {server} doesn't answer";
                }
                catch (Exception exception) when (exception is SocketException or IOException)
                {
                    failure = $"the DNS server {server} can't be asked: {exception.Message}";
                }
            }
        }
        return (null, failure);
    }

    private static bool IsOf(DnsRecord record, DnsType type) => (record, type) switch
    {
        (ServiceRecord, DnsType.Srv) => true,
        (TlsaRecord, DnsType.Tlsa) => true,
        (AddressRecord address, DnsType.A) => address.Address.AddressFamily == AddressFamily.InterNetwork,
        (AddressRecord address, DnsType.Aaaa) => address.Address.AddressFamily == AddressFamily.InterNetworkV6,
        _ => false,
    };

    private static TimeSpan Shorter(TimeSpan life, uint seconds) => Min(life, TimeSpan.FromSeconds(seconds));

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
