using Xmpp.Core.Extensions;

namespace Xmpp.Core.Storage;

/// <summary>A message as one account, or one room, keeps it (XEP-0313).</summary>
/// <param name="Account">Whose archive it is, a bare JID: that of an account, or of a room that the store has.</param>
/// <param name="Id">By which the account knows the message for good; tells the time and the place in the archive.</param>
/// <param name="With">
/// The other side, as the message names it: who sent it, or who it was sent to. In a room's archive the sender's own address.
/// </param>
/// <param name="IsIncoming">Whether the account received it.</param>
/// <param name="Stanza">The message as the account got or sent it, or as the room's occupants got it but without 'to', as UTF-8 for the namespace "jabber:client".</param>
/// <param name="Text">What can be searched for in it; null when there is nothing.</param>
/// <param name="IsShown">Whether it is one that people read, by which a conversation is known and, if incoming, unread.</param>
public sealed record ArchiveEntry(
    Jid Account, SortableId Id, Jid With, bool IsIncoming, ReadOnlyMemory<byte> Stanza, string? Text, bool IsShown);

/// <summary>Which messages of an archive are wanted; null leaves a condition out.</summary>
public sealed record ArchiveQuery
{
    /// <summary>A bare JID: with whichever resource. A full one: with that.</summary>
    public Jid? With { get; init; }

    /// <summary>At this time or later.</summary>
    public DateTimeOffset? Start { get; init; }

    /// <summary>At this time or earlier.</summary>
    public DateTimeOffset? End { get; init; }

    /// <summary>Behind the message of this id.</summary>
    public SortableId? After { get; init; }

    /// <summary>Before the message of this id.</summary>
    public SortableId? Before { get; init; }

    /// <summary>Only these.</summary>
    public IReadOnlyList<SortableId>? Ids { get; init; }

    /// <summary>With all of these words, parts of words where a script has no spaces between them.</summary>
    public string? Text { get; init; }
}

/// <summary>Messages in the order of the archive.</summary>
/// <param name="IsComplete">Whether none follows in the direction of reading.</param>
public sealed record ArchivePage(IReadOnlyList<ArchiveEntry> Messages, bool IsComplete);

/// <summary>A conversation of an account (XEP-0430).</summary>
/// <param name="With">The other side, a bare JID; of a room's own, the room.</param>
/// <param name="Last">The last message that was shown.</param>
/// <param name="Unread">Incoming shown messages behind what was read.</param>
/// <param name="ReadUpTo">The last message that was read; null when none was.</param>
public sealed record Conversation(Jid With, SortableId Last, int Unread, SortableId? ReadUpTo);

/// <param name="Messages">In all archives of a host or service, or in that of an account or room.</param>
/// <param name="Bytes">Of their stanzas.</param>
public sealed record ArchiveStatistics(long Messages, long Bytes, DateTimeOffset? Oldest, DateTimeOffset? Newest);

/// <summary>
/// The archives of accounts and of rooms, and what follows from them: the lists of accounts' conversations. A completed task means durably
/// committed. What reads sees all that was begun to be added before it. All go with their account or room. Who has an archive is called an
/// account here.
/// </summary>
public interface IArchiveStore
{
    /// <summary>
    /// Keeps messages, all or none of them: a message and its copy for the other side. Those of accounts that don't exist are left out;
    /// adding one again, by its id, changes nothing.
    /// </summary>
    ValueTask AddAsync(IReadOnlyList<ArchiveEntry> messages, CancellationToken cancellationToken);

    /// <summary>A page of an account's messages; its cost doesn't depend on how many there are.</summary>
    /// <param name="isFromEnd">Whether the last ones that match are wanted, not the first. The page is in the order of the archive anyway.</param>
    /// <returns>Null when one of the ids that the query names isn't in the archive.</returns>
    ValueTask<ArchivePage?> ReadAsync(Jid account, ArchiveQuery query, int count, bool isFromEnd, CancellationToken cancellationToken);

    /// <summary>How many match, counted up to a limit.</summary>
    ValueTask<int> CountAsync(Jid account, ArchiveQuery query, int limit, CancellationToken cancellationToken);

    /// <summary>The ids of the first and the last message; null when there are none.</summary>
    ValueTask<(SortableId First, SortableId Last)?> FindEndsAsync(Jid account, CancellationToken cancellationToken);

    /// <summary>Puts something else in a message's place, such as the tombstone of what was retracted (XEP-0424); it can't be searched for.</summary>
    /// <returns>False when there is no such message.</returns>
    ValueTask<bool> ReplaceAsync(Jid account, SortableId id, ReadOnlyMemory<byte> stanza, CancellationToken cancellationToken);

    /// <summary>Removes messages of an account, the oldest first.</summary>
    /// <param name="before">Only those older than this; null: whatever their age.</param>
    /// <param name="with">Only those with this bare JID; null: with whomever.</param>
    /// <param name="keep">So many of the newest stay.</param>
    /// <param name="limit">Not more than this many at once.</param>
    /// <returns>How many were removed; less than the limit when no more are to be.</returns>
    ValueTask<int> RemoveAsync(
        Jid account, DateTimeOffset? before, Jid? with, int keep, int limit, CancellationToken cancellationToken);

    /// <summary>Removes one message.</summary>
    /// <returns>False when there is no such message.</returns>
    ValueTask<bool> RemoveAsync(Jid account, SortableId id, CancellationToken cancellationToken);

    /// <summary>
    /// A page of the accounts of a host, or the rooms of a service, that have archives, in the order of their UTF-8 octets, behind one
    /// (null: the first).
    /// </summary>
    ValueTask<IReadOnlyList<Jid>> ListOwnersAsync(string host, Jid? after, int count, CancellationToken cancellationToken);

    /// <summary>Of a host or service, or of one of its accounts or rooms.</summary>
    ValueTask<ArchiveStatistics> CountAllAsync(string host, Jid? account, CancellationToken cancellationToken);

    /// <summary>A page of an account's conversations, the one with the newest message first.</summary>
    /// <param name="after">Behind the conversation whose last message has this id; null: the first page.</param>
    /// <param name="isUnreadOnly">Only those with unread messages.</param>
    ValueTask<IReadOnlyList<Conversation>> ListConversationsAsync(
        Jid account, SortableId? after, bool isUnreadOnly, int count, CancellationToken cancellationToken);

    /// <summary>The conversations that an account has with these, where there are any; in no particular order.</summary>
    /// <param name="with">Bare JIDs.</param>
    ValueTask<IReadOnlyList<Conversation>> FindConversationsAsync(
        Jid account, IReadOnlyCollection<Jid> with, CancellationToken cancellationToken);

    /// <summary>What a room is to one who reads it: one conversation, of all that was shown there.</summary>
    /// <param name="reader">A bare JID: what it has said isn't unread, nor what was said before that.</param>
    /// <param name="readUpTo">As far as it has told; null: it has told nothing.</param>
    /// <returns>Null when nothing was shown.</returns>
    ValueTask<Conversation?> FindRoomConversationAsync(
        Jid room, Jid reader, SortableId? readUpTo, CancellationToken cancellationToken);

    /// <summary>How many conversations an account has, how many of them with unread messages, and how many of those.</summary>
    ValueTask<(int Conversations, int Unread, int Messages)> CountConversationsAsync(Jid account, CancellationToken cancellationToken);

    /// <summary>
    /// Notes that the account has read a conversation up to a message, and thereby all before it. Never goes back.
    /// </summary>
    /// <param name="with">The other side, a bare JID.</param>
    /// <returns>False when there is no such conversation.</returns>
    ValueTask<bool> MarkReadAsync(Jid account, Jid with, SortableId upTo, CancellationToken cancellationToken);
}
