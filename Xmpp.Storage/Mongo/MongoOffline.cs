using Xmpp.Core;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// The collection <c>offline_message</c>. Messages are inserted together with those for others, in the order of their numbers; the
/// database is asked for nothing else while an account and its <see cref="Mailbox"/> are known.
/// </summary>
internal sealed class MongoOffline(MongoCollection messages, AccountIds ids, AccountGates gates, TimeProvider time) : IOfflineStore
{
    private const int MaxMailboxes = 10_000;

    // Nobody else counts here; this is for what is done behind our back.
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(1);

    private static readonly BsonDocument ById = BsonDocument.Build(w => w.Int32("_id", 1));

    private readonly Dictionary<AccountId, Mailbox> _mailboxes = [];
    private long _lastNumber;

    public ValueTask<OfflineOutcome> AddAsync(
        Jid account, DateTimeOffset at, ReadOnlyMemory<byte> stanza, int limit, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<OfflineOutcome>(cancellationToken);
        // The caller's memory is his own again as soon as this returns.
        return ids.TryFind(account, out var id) && Find(id) is { } mailbox
            && TryAdd(mailbox, id, at, stanza, limit, cancellationToken) is { } adding
            ? new(adding)
            : AddAsync(account, at, stanza.ToArray(), limit, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<OfflineMessage>> ReadAsync(Jid account, long after, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        AccountKey.Of(account);
        // To MongoDB 0 is no limit.
        if (await ids.FindAsync(account, cancellationToken) is not { } id || count == 0)
            return [];

        var filter = BsonDocument.Build((id, after), static (w, page) => w.Begin("_id")
            .Begin("$gt").Account("a", page.id).Int64("n", page.after).End().Below(page.id).End());
        return await messages.FindAsync(
            filter,
            static document => new OfflineMessage(
                ReadNumber(document), document.Get("at"u8).Date, document.Get("stanza"u8).Binary.ToArray()),
            new FindOptions { Sort = ById, Limit = count }, cancellationToken);
    }

    public async ValueTask<int> RemoveAsync(Jid account, long from, long upTo, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        // In turn with counting: what is removed has been counted.
        using var turn = await gates.EnterAsync(account, cancellationToken);
        if (await ids.FindAsync(account, cancellationToken) is not { } id)
            return 0;

        var filter = BsonDocument.Build((id, from, upTo), static (w, removed) => w.Begin("_id")
            .Begin("$gte").Account("a", removed.id).Int64("n", removed.from).End()
            .Begin("$lte").Account("a", removed.id).Int64("n", removed.upTo).End().End());
        long? count = null;
        try
        {
            count = await messages.DeleteAsync(filter, many: true, cancellationToken);
            return (int)count;
        }
        finally
        {
            if (Find(id) is { } mailbox)
            {
                lock (mailbox.Lock)
                {
                    if (count is { } removed)
                        mailbox.Remove(removed);
                    else
                        mailbox.Doubt();
                }
            }
        }
    }

    public async ValueTask<int> CountAsync(Jid account, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        return await ids.FindAsync(account, cancellationToken) is { } id
            ? (int)await messages.CountAsync(AccountDocuments.Of(id), null, cancellationToken)
            : 0;
    }

    /// <summary>A message with the next number, for who puts it into the collection himself.</summary>
    internal BsonDocument Restore(AccountId account, DateTimeOffset at, ReadOnlyMemory<byte> stanza)
    {
        if (Find(account) is { } mailbox)
        {
            lock (mailbox.Lock)
                mailbox.Doubt();
        }

        return Document(account, NextNumber(), at, stanza);
    }

    private async ValueTask<OfflineOutcome> AddAsync(
        Jid account, DateTimeOffset at, byte[] stanza, int limit, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (await ids.FindAsync(account, cancellationToken) is not { } id)
                return OfflineOutcome.NoAccount;

            var mailbox = await OpenAsync(account, id, cancellationToken);
            if (TryAdd(mailbox, id, at, stanza, limit, cancellationToken) is { } adding)
                return await adding;
        }
    }

    /// <returns>Null when the mailbox has to be opened anew.</returns>
    private Task<OfflineOutcome>? TryAdd(
        Mailbox mailbox, AccountId account, DateTimeOffset at, ReadOnlyMemory<byte> stanza, int limit, CancellationToken cancellationToken)
    {
        // Numbers are given in the order in which the messages are queued for the database: no reader ever sees one and not yet an
        // earlier one. Nothing waits in here.
        lock (mailbox.Lock)
        {
            if (mailbox.IsClosed || (mailbox.IsStale(time, MaxAge) && mailbox.TryClose()))
                return null;
            if (!mailbox.TryBegin(limit))
                return Task.FromResult(OfflineOutcome.Full);
            return InsertAsync(mailbox, Document(account, NextNumber(), at, stanza), cancellationToken);
        }
    }

    private async Task<OfflineOutcome> InsertAsync(Mailbox mailbox, BsonDocument message, CancellationToken cancellationToken)
    {
        bool? isKept = null;
        try
        {
            isKept = await messages.InsertBatchedAsync(message, cancellationToken);
            return isKept is true ? OfflineOutcome.Kept : throw new StoreException(
                StanzaErrorCondition.ResourceConstraint, "Another process has given a message of the same account the same number.");
        }
        catch (OperationCanceledException)
        {
            isKept = false;
            throw;
        }
        finally
        {
            lock (mailbox.Lock)
                mailbox.End(isKept);
        }
    }

    private static BsonDocument Document(AccountId account, long number, DateTimeOffset at, ReadOnlyMemory<byte> stanza) =>
        BsonDocument.Build((account, number, at, stanza), static (w, message) =>
            w.Begin("_id").Account("a", message.account).Int64("n", message.number).End()
                .Date("at", message.at).Bytes("stanza", message.stanza.Span));

    private Mailbox? Find(AccountId account)
    {
        lock (_mailboxes)
            return _mailboxes.GetValueOrDefault(account) is { IsClosed: false } mailbox ? mailbox : null;
    }

    private async ValueTask<Mailbox> OpenAsync(Jid account, AccountId id, CancellationToken cancellationToken)
    {
        // In turn: of many that come at once one counts.
        using var turn = await gates.EnterAsync(account, cancellationToken);
        if (Find(id) is { } open)
            return open;

        var countedAt = time.GetTimestamp();
        var (count, last) = (await messages.AggregateAsync(CountAndLast(id), static group =>
            (group.Get("count"u8).Int64, group.Get("last"u8).Int64), cancellationToken)).FirstOrDefault();
        RaiseNumber(last);
        var mailbox = new Mailbox(count, countedAt);
        lock (_mailboxes)
        {
            if (_mailboxes.Count >= MaxMailboxes)
                ForgetIdle();
            _mailboxes[id] = mailbox;
        }

        return mailbox;
    }

    private static BsonDocument CountAndLast(AccountId account) => BsonDocument.Build(account, static (w, account) =>
        w.BeginArray("pipeline").Begin().Document("$match", AccountDocuments.Of(account)).End()
            .Begin().Begin("$group").Null("_id").Begin("count").Int32("$sum", 1).End()
            .Begin("last").String("$max", "$_id.n").End().End().End().End());

    private void ForgetIdle()
    {
        foreach (var (account, mailbox) in _mailboxes)
        {
            lock (mailbox.Lock)
            {
                if (mailbox.TryClose())
                    _mailboxes.Remove(account);
            }
        }
    }

    /// <summary>
    /// Microseconds since 1970, or one more than the last number where the clock stood still or went back. So numbers don't come again
    /// after a restart either, and two processes hardly ever give the same one.
    /// </summary>
    private long NextNumber()
    {
        var now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        while (true)
        {
            var last = Volatile.Read(ref _lastNumber);
            var next = Math.Max(now, last + 1);
            if (Interlocked.CompareExchange(ref _lastNumber, next, last) == last)
                return next;
        }
    }

    /// <summary>From now on numbers are higher than this one, which is in the database.</summary>
    private void RaiseNumber(long number)
    {
        for (var last = Volatile.Read(ref _lastNumber); last < number; last = Volatile.Read(ref _lastNumber))
            Interlocked.CompareExchange(ref _lastNumber, number, last);
    }

    private static long ReadNumber(BsonReader document) => document.Get("_id"u8).Document.Get("n"u8).Int64;
}
