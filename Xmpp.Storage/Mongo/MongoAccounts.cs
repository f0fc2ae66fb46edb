using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>The collection <c>account</c>.</summary>
/// <param name="forgetNotes">Forgets what is on its way to the database for an account of that name.</param>
internal sealed class MongoAccounts(
    MongoCollection accounts, AccountIds ids, AccountGates gates, MongoRosters rosters, DeletedOwners deleted, TimeProvider time,
    AccountNotes<DateTimeOffset> logins, Action<Jid> forgetNotes) : IAccountStore
{
    private static readonly BsonDocument ByNameOrder = BsonDocument.Build(w => w.Int32("name", 1));

    public async ValueTask<Account?> FindAsync(Jid account, CancellationToken cancellationToken)
    {
        var filter = AccountIds.ByName(account);
        var lastLogin = logins.Find(account);
        return await accounts.FindOneAsync(filter, document => Read(document, account, lastLogin), null, cancellationToken);
    }

    public async ValueTask<bool> AddAsync(Account account, CancellationToken cancellationToken)
    {
        AccountKey.Of(account.Jid);
        // In turn with a deletion of that name: the versions of the new roster begin behind those of the old one.
        using var turn = await gates.EnterAsync(account.Jid, cancellationToken);
        var version = await rosters.FreshVersionAsync(account.Created, cancellationToken);
        forgetNotes(account.Jid);
        var id = AccountId.New(time.GetUtcNow());
        return await accounts.InsertAsync(Write(account, id, version, version), cancellationToken);
    }

    public ValueTask<bool> SetKeysAsync(Jid account, IReadOnlyList<ScramKeys> keys, CancellationToken cancellationToken) =>
        SetAsync(account, w => WriteKeys(w, keys), cancellationToken);

    public ValueTask<bool> SetEnabledAsync(Jid account, bool enabled, CancellationToken cancellationToken) =>
        SetAsync(account, w => w.Bool("enabled", enabled), cancellationToken);

    public ValueTask SetLastLoginAsync(Jid account, DateTimeOffset when, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);

        logins.Note(account, when);
        return ValueTask.CompletedTask;
    }

    public async ValueTask<bool> DeleteAsync(Jid account, CancellationToken cancellationToken)
    {
        var filter = AccountIds.ByName(account);
        using var turn = await gates.EnterAsync(account, cancellationToken);
        var found = await accounts.FindOneAsync<AccountId?>(
            filter, static document => AccountIds.ReadId(document), AccountIds.IdOnly, cancellationToken);
        if (found is not { } id)
            return false;

        await rosters.KeepVersionAsync(id);
        await deleted.NoteAsync(id);
        forgetNotes(account);
        try
        {
            if (await accounts.DeleteAsync(AccountDocuments.ById(id), cancellationToken: CancellationToken.None) == 0)
                return false;
        }
        finally
        {
            ids.Forget(account);
        }

        await deleted.EraseAsync(id);
        return true;
    }

    public async ValueTask<IReadOnlyList<Account>> ListAsync(string host, string? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        cancellationToken.ThrowIfCancellationRequested();
        // To MongoDB 0 is no limit.
        if (limit == 0)
            return [];

        var filter = BsonDocument.Build((host, after), static (w, page) => w.String("host", page.host)
            .Begin("name").String("$gt", page.after ?? "").End());
        return await accounts.FindAsync(filter, document =>
        {
            var jid = ToJid(document.Get("name"u8).String, host);
            return Read(document, jid, logins.Find(jid));
        }, new FindOptions { Sort = ByNameOrder, Limit = limit }, cancellationToken);
    }

    public ValueTask<long> CountAsync(string host, CancellationToken cancellationToken) =>
        accounts.CountAsync(BsonDocument.Build(host, static (w, host) => w.String("host", host)), null, cancellationToken);

    /// <summary>A noted login as a write.</summary>
    internal static void WriteLastLogin(MongoBulk bulk, AccountId account, DateTimeOffset when) => bulk.Update(
        AccountDocuments.ById(account), BsonDocument.Build(when, static (w, when) => w.Begin("$set").Date("lastLogin", when).End()));

    /// <summary>An account's own document.</summary>
    internal static BsonDocument Write(Account account, AccountId id, long rosterVersion, long rosterFloor) => BsonDocument.Build(w =>
    {
        var (host, name) = AccountKey.Of(account.Jid);
        w.Account("_id", id).String("host", host).String("name", name).Bool("enabled", account.Enabled).Date("created", account.Created);
        if (account.LastLogin is { } lastLogin)
            w.Date("lastLogin", lastLogin);
        WriteKeys(w, account.Keys);
        w.Int64("rosterVersion", rosterVersion).Int64("rosterFloor", rosterFloor);
    });

    internal static Jid ToJid(string name, string host) => Jid.TryCreate(name, host, null, out var jid)
        ? jid
        : throw new StoreException(StanzaErrorCondition.InternalServerError, $"The stored account name {name}@{host} is not a JID.");

    private static BsonWriter WriteKeys(BsonWriter w, IReadOnlyList<ScramKeys> keys)
    {
        w.BeginArray("keys");
        foreach (var key in keys)
        {
            w.Begin().String("hash", key.Hash).Bytes("salt", key.Salt.Span).Int32("iterations", key.Iterations)
                .Bytes("storedKey", key.StoredKey.Span).Bytes("serverKey", key.ServerKey.Span).End();
        }

        return w.End();
    }

    private static Account Read(BsonReader document, Jid jid, DateTimeOffset? lastLogin)
    {
        var keys = new List<ScramKeys>(3);
        var list = document.Get("keys"u8).Array;
        while (list.Next())
            keys.Add(ReadKeys(list.Document));
        var enabled = document.Get("enabled"u8).Bool;
        var created = document.Get("created"u8).Date;
        lastLogin ??= document.Has("lastLogin"u8) ? document.Date : null;
        return new Account(jid, keys, enabled, created, lastLogin);
    }

    private static ScramKeys ReadKeys(BsonReader key) => new(
        key.Get("hash"u8).String, key.Get("salt"u8).Binary.ToArray(), key.Get("iterations"u8).Int32,
        key.Get("storedKey"u8).Binary.ToArray(), key.Get("serverKey"u8).Binary.ToArray());

    private async ValueTask<bool> SetAsync(Jid account, Action<BsonWriter> write, CancellationToken cancellationToken)
    {
        var update = BsonDocument.Build(w =>
        {
            w.Begin("$set");
            write(w);
            w.End();
        });
        return (await accounts.UpdateAsync(AccountIds.ByName(account), update, cancellationToken: cancellationToken)).Matched > 0;
    }
}
