using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// The collections <c>archive_message</c> and <c>archive_conversation</c>. Messages are inserted together with those of others; reading
/// waits for what is being added to the same archive by this process.
/// </summary>
internal sealed partial class MongoArchive(
    MongoCollections collections, ArchiveOwnerIds ids, AccountGates gates, TimeProvider time)
    : IArchiveStore
{
    private static readonly FindOptions IdOnly = new() { Projection = BsonDocument.Build(w => w.Int32("_id", 1)) };

    private readonly MongoCollection _messages = collections.ArchiveMessages;
    private readonly MongoCollection _conversations = collections.ArchiveConversations;
    private readonly ArchivePending _pending = new();
    private readonly ConversationMoves _moves = new(collections.ArchiveConversations);

    public async ValueTask AddAsync(IReadOnlyList<ArchiveEntry> messages, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // The caller's memory is his own again as soon as this waits.
        var copies = new ArchiveEntry[messages.Count];
        for (var i = 0; i < copies.Length; i++)
        {
            AccountKey.Of(messages[i].Account);
            copies[i] = messages[i] with { Stanza = messages[i].Stanza.ToArray() };
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        foreach (var message in copies)
            _pending.Begin(message.Account, done.Task);
        try
        {
            await InsertAsync(copies);
        }
        finally
        {
            foreach (var message in copies)
                _pending.End(message.Account, done.Task);
            done.SetResult();
        }
    }

    public async ValueTask<ArchivePage?> ReadAsync(
        Jid account, ArchiveQuery query, int count, bool isFromEnd, CancellationToken cancellationToken)
    {
        ArchiveLimits.Check(query, count);
        if (await BeginReadingAsync(account, query, cancellationToken) is not { } reading)
            return query is { After: null, Before: null, Ids: null or [] } ? new([], IsComplete: true) : null;
        if (!await HasNamedAsync(reading.Account, query, cancellationToken))
            return null;
        if (reading.IsEmpty)
            return new([], IsComplete: true);

        BsonRead<ArchiveEntry> read = document => ArchiveDocument.Read(account, document);
        var order = ArchiveDocument.Order(reading.Peer is not null, isFromEnd);
        var page = reading.IsFiltered
            ? await _messages.AggregateAsync(Pipeline(reading, order, w => w.Begin().Int64("$limit", count + 1L).End()), read, cancellationToken)
            : await _messages.FindAsync(
                reading.ToFilter(), read, new FindOptions { Sort = order, Limit = count + 1 }, cancellationToken);
        var isComplete = page.Count <= count
            && (!reading.IsFiltered || query.Ids is not null || await IsWithinBoundAsync(reading, cancellationToken));
        if (page.Count == 0 && !isComplete)
            throw ArchiveLimits.TooRare();
        if (page.Count > count)
            page.RemoveRange(count, page.Count - count);
        if (isFromEnd)
            page.Reverse();
        return new(page, isComplete);
    }

    public async ValueTask<int> CountAsync(Jid account, ArchiveQuery query, int limit, CancellationToken cancellationToken)
    {
        ArchiveLimits.Check(query, limit);
        if (await BeginReadingAsync(account, query, cancellationToken) is not { IsEmpty: false } reading || limit == 0
            || !await HasNamedAsync(reading.Account, query, cancellationToken))
            return 0;
        if (!reading.IsFiltered)
            return (int)await _messages.CountAsync(reading.ToFilter(), limit, cancellationToken);

        var pipeline = Pipeline(reading, ArchiveDocument.Order(reading.Peer is not null, isFromEnd: false),
            w => w.Begin().Int64("$limit", limit).End().Begin().String("$count", "n").End());
        return (await _messages.AggregateAsync(pipeline, static counted => counted.Get("n"u8).Int32, cancellationToken)).SingleOrDefault();
    }

    public async ValueTask<(SortableId First, SortableId Last)?> FindEndsAsync(Jid account, CancellationToken cancellationToken)
    {
        if (await BeginAsync(account, cancellationToken) is not { } id
            || await FindEndAsync(isFromEnd: false) is not { } first || await FindEndAsync(isFromEnd: true) is not { } last)
            return null;
        return (first, last);

        ValueTask<SortableId?> FindEndAsync(bool isFromEnd) => _messages.FindOneAsync<SortableId?>(
            ArchiveDocument.InRange(id, null, ArchiveRange.All), static document => ArchiveDocument.ReadId(document),
            new FindOptions { Sort = ArchiveDocument.Order(isWithPeer: false, isFromEnd), Projection = IdOnly.Projection }, cancellationToken);
    }

    public async ValueTask<bool> ReplaceAsync(
        Jid account, SortableId id, ReadOnlyMemory<byte> stanza, CancellationToken cancellationToken)
    {
        var update = BsonDocument.Build(stanza, static (w, stanza) => w
            .Begin("$set").Int32("size", stanza.Length).Bytes("stanza", stanza.Span).End()
            .Begin("$unset").Int32("text", 1).End());
        return await BeginAsync(account, cancellationToken) is { } owner
            && (await _messages.UpdateAsync(ArchiveDocument.ById(owner, id), update, cancellationToken: cancellationToken)).Matched > 0;
    }

    /// <summary>Waits for what is being added.</summary>
    public Task CloseAsync() => _pending.WaitForAllAsync();

    // First the conversations, then the messages: what is broken off in between is a conversation that says too much, which reading notices.
    private async Task InsertAsync(ArchiveEntry[] wanted)
    {
        var owners = new AccountId?[wanted.Length];
        for (var i = 0; i < wanted.Length; i++)
            owners[i] = await ids.FindAsync(wanted[i].Account, CancellationToken.None);

        Task? moved = null;
        for (var i = 0; i < wanted.Length; i++)
        {
            if (owners[i] is { } owner && wanted[i] is { IsShown: true } message)
                moved = Both(moved, _moves.MoveAsync(owner, message.With.Bare, message.Id.Value, message.IsIncoming));
        }

        if (moved is not null)
            await moved;

        Task? inserted = null;
        byte[]? text = null;
        for (var i = 0; i < wanted.Length; i++)
        {
            // Both sides have the same text.
            if (i == 0 || !ReferenceEquals(wanted[i].Text, wanted[i - 1].Text))
                text = SearchText.Normalize(wanted[i].Text);
            // One that is there already is there.
            if (owners[i] is { } owner)
                inserted = Both(inserted, _messages.InsertBatchedAsync(ArchiveDocument.Write(owner, wanted[i], text)).AsTask());
        }

        if (inserted is not null)
            await inserted;

        static Task Both(Task? first, Task second) => first is null || first == second ? second : Task.WhenAll(first, second);
    }

    /// <summary>The account's id, once what was begun to be added to its archive is there.</summary>
    private async ValueTask<AccountId?> BeginAsync(Jid account, CancellationToken cancellationToken)
    {
        AccountKey.Of(account);
        cancellationToken.ThrowIfCancellationRequested();
        await _pending.WaitAsync(account, cancellationToken);
        return await ids.FindAsync(account, cancellationToken);
    }

    private async ValueTask<ArchiveReading?> BeginReadingAsync(Jid account, ArchiveQuery query, CancellationToken cancellationToken) =>
        await BeginAsync(account, cancellationToken) is { } id ? new ArchiveReading(id, query) : null;

    /// <summary>Whether the messages that the query names are there.</summary>
    private async ValueTask<bool> HasNamedAsync(AccountId account, ArchiveQuery query, CancellationToken cancellationToken)
    {
        var named = new HashSet<SortableId>(query.Ids ?? []);
        if (query.After is { } after)
            named.Add(after);
        if (query.Before is { } before)
            named.Add(before);
        if (named.Count == 0)
            return true;

        var found = await _messages.FindAsync(
            ArchiveDocument.ByIds(account, named), static document => ArchiveDocument.ReadId(document), IdOnly, cancellationToken);
        return found.Count == named.Count;
    }

    /// <summary>Whether all that could match has been looked at.</summary>
    private async ValueTask<bool> IsWithinBoundAsync(ArchiveReading reading, CancellationToken cancellationToken) =>
        await _messages.CountAsync(reading.ToFilter(), ArchiveLimits.MaxLookedAt + 1L, cancellationToken) <= ArchiveLimits.MaxLookedAt;

    // What an index finds is put in order and cut off before the rest is compared.
    private static BsonDocument Pipeline(ArchiveReading reading, BsonDocument order, Action<BsonWriter> end) => BsonDocument.Build(w =>
    {
        w.BeginArray("pipeline")
            .Begin().Document("$match", reading.ToFilter()).End()
            .Begin().Document("$sort", order).End()
            .Begin().Int64("$limit", ArchiveLimits.MaxLookedAt).End()
            .Begin().Document("$match", reading.ToComparison()).End();
        end(w);
        w.End();
    });
}
