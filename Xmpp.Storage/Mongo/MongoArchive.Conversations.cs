using System.Runtime.CompilerServices;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>
/// The conversations. What is unread is counted when somebody asks, so that no message counts twice, and nothing that happens to messages
/// can make it wrong.
/// </summary>
internal sealed partial class MongoArchive
{
    private const int ConversationsPage = 100;

    /// <summary>Requests of one caller that are made beside each other.</summary>
    private const int AtOnce = 8;

    // An end without its message is that of one that is being added, by another process, or of one that didn't get there.
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(10);

    private static readonly BsonDocument NewestFirst = BsonDocument.Build(w => w.Int32("_id.a", 1).Int32("last", -1));

    public async ValueTask<IReadOnlyList<Conversation>> ListConversationsAsync(
        Jid account, SortableId? after, bool isUnreadOnly, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var list = new List<Conversation>();
        if (await BeginAsync(account, cancellationToken) is not { } owner || count == 0)
            return list;

        await foreach (var page in ReadPagesAsync(owner, after?.Value, isUnreadOnly ? ConversationsPage : count, cancellationToken))
        {
            foreach (var conversation in page)
            {
                if (isUnreadOnly && conversation.Unread == 0)
                    continue;
                list.Add(conversation);
                if (list.Count == count)
                    return list;
            }
        }

        return list;
    }

    public async ValueTask<IReadOnlyList<Conversation>> FindConversationsAsync(
        Jid account, IReadOnlyCollection<Jid> with, CancellationToken cancellationToken)
    {
        if (await BeginAsync(account, cancellationToken) is not { } owner || with.Count == 0)
            return [];

        var found = new List<Conversation>();
        foreach (var some in with.Chunk(ConversationsPage))
        {
            var ends = await _conversations.FindAsync(
                ConversationMoves.ByIds(owner, some), ConversationEnd.Read, FindOptions.All, cancellationToken);
            found.AddRange(await CompleteAsync(owner, ends, cancellationToken));
        }

        return found;
    }

    public async ValueTask<Conversation?> FindRoomConversationAsync(
        Jid room, Jid reader, SortableId? readUpTo, CancellationToken cancellationToken)
    {
        if (await BeginAsync(room, cancellationToken) is not { } owner)
            return null;

        var own = await FindNewestAsync(owner, reader, "s", cancellationToken);
        var read = UInt128.Max(own?.Value ?? 0, readUpTo?.Value ?? 0);
        var (last, unread) = (default(UInt128), 0);
        await foreach (var page in ReadPagesAsync(owner, null, ConversationsPage, cancellationToken, read))
        {
            // Those who have said nothing since come behind those who have.
            last = page.Select(speaker => speaker.Last.Value).Append(last).Max();
            unread += page.Sum(speaker => speaker.Unread);
            if ((page.Count > 0 && page[^1].Last.Value <= read) || unread >= ArchiveLimits.MaxUnread)
                break;
        }

        return last == default
            ? null
            : new(room, new SortableId(last), Math.Min(unread, ArchiveLimits.MaxUnread), read == 0 ? null : new SortableId(read));
    }

    public async ValueTask<(int Conversations, int Unread, int Messages)> CountConversationsAsync(
        Jid account, CancellationToken cancellationToken)
    {
        var counts = (Conversations: 0, Unread: 0, Messages: 0);
        if (await BeginAsync(account, cancellationToken) is not { } owner)
            return counts;

        await foreach (var page in ReadPagesAsync(owner, null, ConversationsPage, cancellationToken))
        {
            counts.Conversations += page.Count;
            counts.Unread += page.Count(conversation => conversation.Unread > 0);
            counts.Messages += page.Sum(conversation => conversation.Unread);
        }

        return counts;
    }

    public async ValueTask<bool> MarkReadAsync(Jid account, Jid with, SortableId upTo, CancellationToken cancellationToken) =>
        await BeginAsync(account, cancellationToken) is { } owner && (await _conversations.UpdateAsync(
            ConversationMoves.ById(owner, with.Bare), SetRead(upTo), cancellationToken: cancellationToken)).Matched > 0;

    /// <summary>Notes what was read, and never goes back.</summary>
    internal static BsonDocument SetRead(SortableId upTo) =>
        BsonDocument.Build(upTo, static (w, upTo) => w.Begin("$max").Id("read", upTo.Value).End());

    /// <param name="readUpTo">Counts instead of what was read of each.</param>
    private async IAsyncEnumerable<List<Conversation>> ReadPagesAsync(
        AccountId owner, UInt128? after, int size, [EnumeratorCancellation] CancellationToken cancellationToken, UInt128? readUpTo = null)
    {
        while (true)
        {
            var filter = BsonDocument.Build((owner, after), static (w, page) =>
            {
                w.Account("_id.a", page.owner).Begin("last");
                if (page.after is { } last)
                    w.Id("$lt", last);
                else
                    w.Bool("$exists", true);
                w.End();
            });
            var ends = await _conversations.FindAsync(
                filter, ConversationEnd.Read, new FindOptions { Sort = NewestFirst, Limit = size }, cancellationToken);
            if (ends.Count == 0)
                yield break;

            after = ends[^1].Last;
            if (readUpTo is not null)
                ends = ends.ConvertAll(end => end with { ReadUpTo = readUpTo });
            yield return await CompleteAsync(owner, ends, cancellationToken);
            if (ends.Count < size)
                yield break;
        }
    }

    private async Task<List<Conversation>> CompleteAsync(AccountId owner, List<ConversationEnd> ends, CancellationToken cancellationToken)
    {
        var there = (await _messages.FindAsync(
            ArchiveDocument.ByIds(owner, ends.Select(end => new SortableId(end.Last))),
            static document => ArchiveDocument.ReadId(document).Value, IdOnly, cancellationToken)).ToHashSet();
        var complete = new Conversation?[ends.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, ends.Count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (i, _) => complete[i] = await CompleteAsync(owner, ends[i], there.Contains(ends[i].Last), cancellationToken));
        return [.. complete.OfType<Conversation>()];
    }

    /// <returns>Null when there is no message.</returns>
    private async ValueTask<Conversation?> CompleteAsync(
        AccountId owner, ConversationEnd end, bool isThere, CancellationToken cancellationToken)
    {
        var last = end.Last;
        if (!isThere)
        {
            if (time.GetUtcNow() - ArchiveRange.TimeOf(last) > Settled)
                await MoveBackAsync(owner, end, cancellationToken);
            if (await FindNewestAsync(owner, end.With, "s", cancellationToken) is not { } found)
                return null;
            last = found.Value;
        }

        var unread = end.Received > (end.ReadUpTo ?? 0) ? await CountUnreadAsync(owner, end, cancellationToken) : 0;
        return new(end.With, new SortableId(last), unread, end.ReadUpTo is { } read ? new SortableId(read) : null);
    }

    private async ValueTask<int> CountUnreadAsync(AccountId owner, ConversationEnd end, CancellationToken cancellationToken)
    {
        var filter = BsonDocument.Build((owner, end), static (w, wanted) => w
            .Range(wanted.owner, wanted.end.With, ArchiveRange.All.Behind(wanted.end.ReadUpTo ?? 0)).Bool("u", true));
        return (int)await _messages.CountAsync(filter, ArchiveLimits.MaxUnread, cancellationToken);
    }

    /// <param name="flag">What it has to be: "s", shown, or "u", received and shown.</param>
    private ValueTask<SortableId?> FindNewestAsync(AccountId owner, Jid with, string flag, CancellationToken cancellationToken)
    {
        var filter = BsonDocument.Build((owner, with, flag), static (w, wanted) => w
            .Range(wanted.owner, wanted.with, ArchiveRange.All).Bool(wanted.flag, true));
        return _messages.FindOneAsync<SortableId?>(
            filter, static document => ArchiveDocument.ReadId(document),
            new FindOptions { Sort = ArchiveDocument.Order(isWithPeer: true, isFromEnd: true), Projection = IdOnly.Projection }, cancellationToken);
    }

    /// <summary>Lets a conversation end with what is there, unless it has moved on meanwhile.</summary>
    private async ValueTask MoveBackAsync(AccountId owner, ConversationEnd end, CancellationToken cancellationToken)
    {
        var last = await FindNewestAsync(owner, end.With, "s", cancellationToken);
        var received = await FindNewestAsync(owner, end.With, "u", cancellationToken);
        var unmoved = BsonDocument.Build((owner, end), static (w, wanted) => w
            .Begin("_id").Account("a", wanted.owner).Utf8String("j", wanted.end.With.Utf8.Span).End().Id("last", wanted.end.Last));
        if (last is null)
        {
            await _conversations.DeleteAsync(unmoved, cancellationToken: cancellationToken);
            return;
        }

        var update = BsonDocument.Build((last.Value, received), static (w, ends) =>
        {
            w.Begin("$set").Id("last", ends.Value.Value);
            if (ends.received is { } received)
                w.Id("in", received.Value).End();
            else
                w.End().Begin("$unset").Int32("in", 1).End();
        });
        await _conversations.UpdateAsync(unmoved, update, cancellationToken: cancellationToken);
    }

    /// <summary>A document of <c>archive_conversation</c>.</summary>
    internal sealed record ConversationEnd(Jid With, UInt128 Last, UInt128? Received, UInt128? ReadUpTo)
    {
        public static ConversationEnd Read(BsonReader document) => new(
            document.Get("_id"u8).Document.Get("j"u8).ToJid(), ArchiveDocument.ToId(document.Get("last"u8)),
            document.Has("in"u8) ? ArchiveDocument.ToId(document) : null, document.Has("read"u8) ? ArchiveDocument.ToId(document) : null);
    }
}
