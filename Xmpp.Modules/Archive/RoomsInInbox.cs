using Xmpp.Core;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Rooms;

namespace Xmpp.Modules.Archive;

/// <summary>
/// The rooms among an account's conversations. What the account itself has with a room, private messages of occupants and mentions
/// (XEP-0452), is part of the room's.
/// </summary>
internal sealed class RoomsInInbox
{
    /// <summary>So many unread messages of an account with a room are looked at.</summary>
    private const int LookAt = 100;

    private readonly Dictionary<Jid, Conversation> _rooms;
    private readonly IReadOnlyList<Conversation> _replaced;

    private RoomsInInbox(Dictionary<Jid, Conversation> rooms, IReadOnlyList<Conversation> replaced) =>
        (_rooms, _replaced) = (rooms, replaced);

    public bool IsEmpty => _rooms.Count == 0;

    public IReadOnlyCollection<Conversation> All => _rooms.Values;

    /// <summary>How many conversations of the account itself are part of one of these.</summary>
    public int Replaced => _replaced.Count;

    public bool Has(Jid room) => _rooms.ContainsKey(room);

    public static async ValueTask<RoomsInInbox> ReadAsync(
        Jid account, IArchiveStore archive, RoomConversations rooms, CancellationToken cancellationToken)
    {
        var found = (await rooms.ListAsync(account, cancellationToken)).ToDictionary(room => room.With);
        IReadOnlyList<Conversation> own = found.Count == 0
            ? []
            : await archive.FindConversationsAsync(account, found.Keys, cancellationToken);
        foreach (var conversation in own.Where(conversation => conversation.Unread > 0))
        {
            var room = found[conversation.With];
            var further = conversation.Unread - await CountMentionsAsync(account, conversation, archive, cancellationToken);
            found[room.With] = room with { Unread = room.Unread + Math.Max(further, 0) };
        }
        return new(found, own);
    }

    /// <summary>All conversations, how many of them have unread messages, and how many, with these.</summary>
    /// <param name="own">Of the account itself.</param>
    public (int Conversations, int Unread, int Messages) AddTo((int Conversations, int Unread, int Messages) own) => (
        own.Conversations + _rooms.Count - _replaced.Count,
        own.Unread + _rooms.Values.Count(room => room.Unread > 0) - _replaced.Count(conversation => conversation.Unread > 0),
        own.Messages + _rooms.Values.Sum(room => room.Unread) - _replaced.Sum(conversation => conversation.Unread));

    /// <summary>What was said in the room is counted there already.</summary>
    private static async ValueTask<int> CountMentionsAsync(
        Jid account, Conversation conversation, IArchiveStore archive, CancellationToken cancellationToken)
    {
        var query = new ArchiveQuery { With = conversation.With, Start = conversation.ReadUpTo?.Time };
        var page = await archive.ReadAsync(account, query, LookAt, isFromEnd: true, cancellationToken);
        return page?.Messages.Count(message => message is { IsIncoming: true, IsShown: true }
            && message.Id.Value > (conversation.ReadUpTo?.Value ?? 0)
            && Element.Parse(message.Stanza).Child(Mentions.Ns, "mentions") is not null) ?? 0;
    }
}
