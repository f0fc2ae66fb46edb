using Xmpp.Core;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// Finds the ids of accounts. They are remembered: without that each message that is kept would ask the database for one. A change by
/// somebody else (another node, or xmppctl from another machine) is noticed within <see cref="MaxAge"/>; docs/storage.md says what that
/// means.
/// </summary>
internal sealed class AccountIds(MongoCollection accounts, TimeProvider time)
{
    private const int Capacity = 16 * 1024;

    public static readonly FindOptions IdOnly = new() { Projection = BsonDocument.Build(w => w.Int32("_id", 1)) };

    private static readonly FindOptions IdAndName = new() { Projection = BsonDocument.Build(w => w.Int32("_id", 1).Int32("name", 1)) };

    private readonly RecentlyFound<AccountId> _recent = new(Capacity, time, MaxAge);

    /// <summary>How long an account that somebody else has deleted may still be taken for existing.</summary>
    public static TimeSpan MaxAge { get; } = TimeSpan.FromSeconds(30);

    /// <summary>An account by its address.</summary>
    public static BsonDocument ByName(Jid account)
    {
        var key = AccountKey.Of(account);
        return BsonDocument.Build(key, static (w, key) => w.String("host", key.Host).String("name", key.Name));
    }

    /// <summary>The <c>_id</c> of an account's own document.</summary>
    public static AccountId ReadId(BsonReader account) => AccountId.Of(account.Get("_id"u8).ObjectId);

    public bool TryFind(Jid account, out AccountId id) => _recent.TryFind(account, out id);

    /// <summary>The account's id; null when there is no such account.</summary>
    /// <exception cref="ArgumentException">It is no bare JID with a localpart.</exception>
    public ValueTask<AccountId?> FindAsync(Jid account, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<AccountId?>(cancellationToken);
        return _recent.TryFind(account, out var id) ? new(id) : ReadAsync(account, cancellationToken);
    }

    /// <summary>The ids of those that exist.</summary>
    public async ValueTask<Dictionary<Jid, AccountId>> FindAsync(IReadOnlyList<Jid> wanted, CancellationToken cancellationToken)
    {
        var found = new Dictionary<Jid, AccountId>(wanted.Count);
        foreach (var host in wanted.GroupBy(account => account.Domain))
        {
            var filter = BsonDocument.Build(host, static (w, host) => w.String("host", host.Key)
                .Begin("name").Strings("$in", host.Select(account => account.Local!)).End());
            var ids = await accounts.FindAsync(
                filter, static document => (document.Get("name"u8).String, ReadId(document)), IdAndName, cancellationToken);
            var byName = ids.ToDictionary();
            foreach (var account in host)
            {
                if (byName.TryGetValue(account.Local!, out var id))
                    found[account] = id;
            }
        }

        return found;
    }

    /// <summary>To be called when an account has come or gone.</summary>
    public void Forget(Jid account) => _recent.Forget(account);

    private async ValueTask<AccountId?> ReadAsync(Jid account, CancellationToken cancellationToken)
    {
        var reading = _recent.BeginReading();
        var found = await accounts.FindOneAsync<AccountId?>(
            ByName(account), static document => ReadId(document), IdOnly, cancellationToken);
        if (found is { } id)
            _recent.Remember(account, id, reading);
        return found;
    }
}
