using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.UserSearch;

/// <summary>
/// Those users of a host who may be found. Who has which name is remembered for some minutes, so that a new one is found a little later;
/// what is told is read anew, so that nobody is found any more who doesn't want to be.
/// </summary>
internal sealed class UserDirectory
{
    internal const string Kind = "directory";

    private const int Page = 200, MaxUsers = 200_000;

    private static readonly TimeSpan _freshness = TimeSpan.FromMinutes(5);
    private static readonly ReadOnlyMemory<byte> _yes = "1"u8.ToArray(), _no = "0"u8.ToArray();

    private readonly IAccountStore _accounts;
    private readonly IAccountDataStore _data;
    private readonly UserSearchOptions _options;
    private readonly TimeProvider _time;
    private readonly KeyedCache<string, Names> _names;

    public UserDirectory(IAccountStore accounts, IAccountDataStore data, UserSearchOptions options, TimeProvider time)
    {
        (_accounts, _data, _options, _time) = (accounts, data, options, time);
        _names = new(_ => true, ReadAsync);
    }

    public async ValueTask<IReadOnlyList<UserEntry>> FindAsync(string host, UserQuery query, CancellationToken cancellationToken)
    {
        var found = new List<UserEntry>();
        foreach (var candidate in await NamesOfAsync(host, cancellationToken))
        {
            if (found.Count >= _options.MaxResults)
                break;
            if (query.Matches(candidate) && await FindAsync(candidate.Jid, cancellationToken) is { } user && query.Matches(user))
                found.Add(user);
        }
        return found;
    }

    /// <summary>Whether somebody is found.</summary>
    public async ValueTask<bool> IsListedAsync(Jid account, CancellationToken cancellationToken) =>
        await _data.FindAsync(account, Kind, "", cancellationToken) is { } said ? said.Span.SequenceEqual(_yes.Span) : _options.Listed;

    public async ValueTask SetListedAsync(Jid account, bool isListed, CancellationToken cancellationToken)
    {
        await _data.SetAsync(account, Kind, "", isListed ? _yes : _no, new(MaxEntries: 1, MaxBytes: 16), cancellationToken);
        await _names.ForgetAsync(account.Domain);
    }

    /// <summary>Null when there is no such user, or nobody is to know.</summary>
    private async ValueTask<UserEntry?> FindAsync(Jid account, CancellationToken cancellationToken) =>
        await IsListedAsync(account, cancellationToken)
        && await _data.FindAsync(account, VCardTemp.Kind, "", cancellationToken) is { } card
            ? UserEntry.Of(account, StoredXml.Read(card))
            : null;

    private async ValueTask<ImmutableArray<UserEntry>> NamesOfAsync(string host, CancellationToken cancellationToken)
    {
        var names = await _names.GetAsync(host, cancellationToken);
        if (_time.GetUtcNow() - names.At >= _freshness)
        {
            await _names.ForgetAsync(host);
            names = await _names.GetAsync(host, cancellationToken);
        }
        return names.Users;
    }

    private async ValueTask<Names> ReadAsync(string host, CancellationToken cancellationToken)
    {
        var users = ImmutableArray.CreateBuilder<UserEntry>();
        string? last = null;
        while (users.Count < MaxUsers && await _accounts.ListAsync(host, last, Page, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var account in page.Where(account => account.Enabled))
            {
                if (await FindAsync(account.Jid, cancellationToken) is { } user)
                    users.Add(user);
            }
            last = page[^1].Jid.Local;
        }
        return new(users.ToImmutable(), _time.GetUtcNow());
    }

    private sealed record Names(ImmutableArray<UserEntry> Users, DateTimeOffset At);
}
