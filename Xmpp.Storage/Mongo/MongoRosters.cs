using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// The collection <c>roster_entry</c>, one document for each contact of each account, and what <c>account</c> has of the roster's
/// version. A change of one contact is one atomic write. The version is the highest that stands anywhere, in the account or in an
/// entry: so it needs no write of its own, unless nothing else shows it.
/// </summary>
internal sealed class MongoRosters(MongoCollections collections, AccountIds ids, AccountGates gates) : IRosterStore
{
    /// <summary>How many removals an account's roster remembers.</summary>
    internal const int MaxRemoved = 100;

    // Far from what a command may hold.
    private const int ChunkSize = 1_000;

    private static readonly FindOptions Header = new()
    {
        Projection = BsonDocument.Build(w => w.Int32("rosterVersion", 1).Int32("rosterFloor", 1)),
    };

    private static readonly FindOptions Before = new() { Projection = BsonDocument.Build(w => w.Int32("listed", 1).Int32("removed", 1)) };

    private static readonly FindOptions FirstToForget = new()
    {
        Sort = BsonDocument.Build(w => w.Int32("removed", -1)),
        Skip = MaxRemoved,
        Limit = 1,
        Projection = BsonDocument.Build(w => w.Int32("removed", 1)),
    };

    private static readonly BsonDocument Entries = BsonDocument.Build(w => w.Begin("version").Bool("$exists", true).End());

    // Those not below the floor of their account.
    private static readonly BsonDocument CountOfRemoved = BsonDocument.Build(w => w.BeginArray("pipeline")
        .Begin().Begin("$match").Begin("removed").Bool("$exists", true).End().End().End()
        .Begin().Begin("$lookup").String("from", "account").String("localField", "_id.a").String("foreignField", "_id")
            .String("as", "account").End().End()
        .Begin().Begin("$match").Begin("$expr").BeginArray("$gte").String("$removed")
            .Begin().BeginArray("$arrayElemAt").String("$account.rosterFloor").Int32(0).End().End().End().End().End().End()
        .Begin().String("$count", "n").End().End());

    private readonly MongoCollection _entries = collections.RosterEntries;
    private readonly MongoCollection _accounts = collections.Accounts;
    private readonly MongoCollection _counters = collections.Counters;

    /// <summary>The document of <c>counter</c> with the highest version of a roster that is gone.</summary>
    internal static BsonDocument RetiredVersionId { get; } = BsonDocument.Build(w => w.String("_id", "deleted_roster"));

    public async ValueTask<StoredRoster?> LoadAsync(Jid account, CancellationToken cancellationToken)
    {
        var filter = AccountIds.ByName(account);
        // In turn with changes: one of several contacts is seen whole.
        using var turn = await gates.EnterAsync(account, cancellationToken);
        return await _accounts.FindOneAsync(filter, ReadHeader, Header, cancellationToken) is { } header
            ? await LoadAsync(header, cancellationToken)
            : null;
    }

    public async ValueTask<bool> ApplyAsync(Jid account, RosterChange change, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        using var turn = await gates.EnterAsync(account, cancellationToken);
        if (await ids.FindAsync(account, cancellationToken) is not { } id)
            return false;

        var step = new Step(id, change, await ReadBeforeAsync(id, change, cancellationToken));
        await _entries.PutAsync(step.Writes, cancellationToken);
        if (step.Shown < change.Version)
            await RaiseAsync(id, "rosterVersion", change.Version);
        if (step.IsAnyRemoved)
            await TryTrimAsync(id);
        return true;
    }

    /// <summary>Where the versions of a new account's roster begin: behind those of every roster that is gone.</summary>
    public async ValueTask<long> FreshVersionAsync(DateTimeOffset created, CancellationToken cancellationToken) =>
        Math.Max(created.ToUnixTimeMilliseconds(), 1 + await FindRetiredVersionAsync(cancellationToken));

    /// <summary>The highest version of a roster that is gone; 0 when there was none.</summary>
    public ValueTask<long> FindRetiredVersionAsync(CancellationToken cancellationToken) => _counters.FindOneAsync(
        RetiredVersionId, static document => document.Get("version"u8).Int64, null, cancellationToken);

    public ValueTask<long> CountEntriesAsync(CancellationToken cancellationToken) => _entries.CountAsync(Entries, null, cancellationToken);

    public async ValueTask<long> CountRemovedAsync(CancellationToken cancellationToken) =>
        (await _entries.AggregateAsync(CountOfRemoved, static counted => counted.Get("n"u8).Int64, cancellationToken)).FirstOrDefault();

    /// <summary>Notes the version of a roster that is about to go.</summary>
    public async ValueTask KeepVersionAsync(AccountId account)
    {
        var roster = await _accounts.FindOneAsync(AccountDocuments.ById(account), ReadHeader, Header);
        var shown = await _entries.AggregateAsync(HighestVersions(account), static document =>
            Math.Max(document.Has("version"u8) ? document.Int64 : 0, document.Has("removed"u8) ? document.Int64 : 0));
        var version = Math.Max(roster?.Version ?? 0, shown.FirstOrDefault());
        await _counters.UpdateAsync(RetiredVersionId, Max("version", version), upsert: true);
    }

    internal static BsonDocument SetRetiredVersion(long version) => BsonDocument.Build(version, static (w, version) =>
        w.Begin("$set").Int64("version", version).End());

    private static RosterHeader? ReadHeader(BsonReader account) => new(
        AccountIds.ReadId(account), account.Get("rosterVersion"u8).Int64, account.Get("rosterFloor"u8).Int64);

    private static BsonDocument HighestVersions(AccountId account) => BsonDocument.Build(account, static (w, account) =>
        w.BeginArray("pipeline").Begin().Document("$match", AccountDocuments.Of(account)).End()
            .Begin().Begin("$group").Null("_id").Begin("version").String("$max", "$version").End()
            .Begin("removed").String("$max", "$removed").End().End().End().End());

    private static BsonDocument Max(string field, long value) =>
        BsonDocument.Build((field, value), static (w, max) => w.Begin("$max").Int64(max.field, max.value).End());

    private async ValueTask<StoredRoster> LoadAsync(RosterHeader header, CancellationToken cancellationToken)
    {
        var (list, removals) = (new List<RosterEntry>(), new List<(Jid Contact, long Version)>());
        var version = Math.Max(header.Version, header.Floor);
        await _entries.FindAsync(AccountDocuments.Of(header.Account), document =>
        {
            if (MongoRosterEntry.Read(document) is { } entry)
            {
                version = Math.Max(version, entry.Version);
                list.Add(entry);
            }

            if (MongoRosterEntry.ReadRemoved(document) is { } removed)
            {
                version = Math.Max(version, removed);
                // What has been forgotten and could not be erased.
                if (removed >= header.Floor)
                    removals.Add((MongoRosterEntry.ReadContact(document), removed));
            }

            return true;
        }, null, cancellationToken);
        return new StoredRoster(version, header.Floor, list, removals);
    }

    // How those contacts are stored of whom it makes a difference: whom the roster loses is to be remembered.
    private async ValueTask<Dictionary<Jid, Earlier>> ReadBeforeAsync(
        AccountId account, RosterChange change, CancellationToken cancellationToken)
    {
        var before = new Dictionary<Jid, Earlier>();
        var contacts = change.Deleted.Concat(change.Saved.Where(entry => !entry.IsListed).Select(entry => entry.Contact));
        foreach (var chunk in contacts.Chunk(ChunkSize))
        {
            foreach (var (contact, earlier) in await _entries.FindAsync(ByIds(account, chunk), ReadEarlier, Before, cancellationToken))
                before[contact] = earlier;
        }

        return before;
    }

    private static (Jid Contact, Earlier Earlier) ReadEarlier(BsonReader document) => (
        MongoRosterEntry.ReadContact(document),
        new Earlier(document.Has("listed"u8) && document.Bool, MongoRosterEntry.ReadRemoved(document)));

    private ValueTask<BulkCounts> RaiseAsync(AccountId account, string field, long version) =>
        _accounts.UpdateAsync(AccountDocuments.ById(account), Max(field, version));

    private async ValueTask TryTrimAsync(AccountId account)
    {
        try
        {
            await TrimAsync(account);
        }
        catch (StoreException)
        {
            // The change is stored. A few removals more are remembered until the next one.
        }
    }

    // Whoever has the version that is forgotten last has seen that removal: from there on nothing is missing. The floor comes first, so
    // that nobody relies on what is being erased.
    private async ValueTask TrimAsync(AccountId account)
    {
        var floor = await _entries.FindOneAsync(Removed(account, null), MongoRosterEntry.ReadRemoved, FirstToForget);
        if (floor is not { } version)
            return;

        await RaiseAsync(account, "rosterFloor", version);
        await _entries.DeleteAsync(Removed(account, version), many: true);
    }

    /// <param name="upTo">Only what a version up to this one has removed and nothing else is known of; null: all.</param>
    private static BsonDocument Removed(AccountId account, long? upTo) => BsonDocument.Build((account, upTo), static (w, removed) =>
    {
        // The index is for documents that have it.
        w.Account("_id.a", removed.account).Begin("removed").Bool("$exists", true);
        if (removed.upTo is { } version)
            w.Int64("$lte", version).End().Begin("version").Bool("$exists", false).End();
        else
            w.End();
    });

    private static BsonDocument ById(AccountId account, Jid contact) => BsonDocument.Build((account, contact), static (w, one) =>
        w.Key(one.account, "c", one.contact.ToString()));

    private static BsonDocument ByIds(AccountId account, Jid[] contacts) => BsonDocument.Build((account, contacts), static (w, some) =>
    {
        w.Begin("_id").BeginArray("$in");
        foreach (var contact in some.contacts)
            w.Begin().Account("a", some.account).String("c", contact.ToString()).End();
        w.End().End();
    });

    private readonly record struct Earlier(bool IsListed, long? Removed);

    private sealed record RosterHeader(AccountId Account, long Version, long Floor);

    /// <summary>What a change writes.</summary>
    private sealed class Step
    {
        private readonly AccountId _account;
        private readonly RosterChange _change;
        private readonly Dictionary<Jid, Earlier> _before;

        public Step(AccountId account, RosterChange change, Dictionary<Jid, Earlier> before)
        {
            (_account, _change, _before) = (account, change, before);
            foreach (var contact in change.Deleted)
                Delete(contact);
            foreach (var entry in change.Saved)
                Save(entry);
        }

        public MongoBulk Writes { get; } = new();

        /// <summary>The highest version that stands in what is written.</summary>
        public long Shown { get; private set; } = long.MinValue;

        public bool IsAnyRemoved { get; private set; }

        private void Delete(Jid contact)
        {
            if (!_before.TryGetValue(contact, out var earlier))
                return;
            if (Removal(earlier) is { } version)
                Replace(contact, MongoRosterEntry.WriteRemoved(_account, contact, version));
            else
                Writes.Delete(ById(_account, contact));
            _before[contact] = new Earlier(false, Removal(earlier));
        }

        private void Save(RosterEntry entry)
        {
            var removal = entry.IsListed ? null : Removal(_before.GetValueOrDefault(entry.Contact));
            Replace(entry.Contact, MongoRosterEntry.Write(_account, entry, removal));
            _before[entry.Contact] = new Earlier(entry.IsListed, removal);
            Shown = Math.Max(Shown, entry.Version);
        }

        private long? Removal(Earlier earlier)
        {
            if (!earlier.IsListed)
                return earlier.Removed;

            IsAnyRemoved = true;
            Shown = Math.Max(Shown, _change.Version);
            return _change.Version;
        }

        private void Replace(Jid contact, BsonDocument document) => Writes.Replace(ById(_account, contact), document, upsert: true);
    }
}
