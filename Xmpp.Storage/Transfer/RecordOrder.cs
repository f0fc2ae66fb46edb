using System.Text;
using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Transfer;

/// <summary>
/// The order in which a store's records come (see <see cref="StoreRecord"/>): what was moved already is what lies before.
/// </summary>
internal static class RecordOrder
{
    /// <summary>Accounts, or rooms, by host and name in the order of their octets.</summary>
    public static int Compare(Jid left, Jid right) => Compare(left.Domain, right.Domain) is not 0 and var byHost
        ? byHost
        : Compare(left.Local!, right.Local!);

    /// <summary>Text in the order of its UTF-8 octets, which that of UTF-16 isn't.</summary>
    public static int Compare(string left, string right)
    {
        var common = left.AsSpan().CommonPrefixLength(right);
        // Whoever differs in the middle of a surrogate pair differs from its beginning.
        if (common > 0 && char.IsHighSurrogate(left[common - 1]))
            common--;
        return RuneAt(left, common).CompareTo(RuneAt(right, common));

        static int RuneAt(string text, int index) => index < text.Length && Rune.TryGetRuneAt(text, index, out var rune) ? rune.Value : -1;
    }

    /// <summary>Whether a record may follow another; what is there once comes once.</summary>
    /// <param name="previous">Null at the beginning.</param>
    public static bool Follows(StoreRecord? previous, StoreRecord next)
    {
        switch (previous, next)
        {
            case (null, _):
                return next is not (AccountPart or RoomPart or NodePart);
            case (_, AccountRecord account):
                return AccountOf(previous) is { } owner && Compare(owner, account.Account.Jid) < 0;
            case (_, RoomRecord { Room: var room }) when RoomOf(previous) is { } before:
                return Compare(before, room.Room) < 0;
            case (_, NodeRecord { Node: var node }) when NodeOf(previous) is { } before:
                return Compare(before, (node.Owner, node.Name)) < 0;
            case (_, AccountPart part) when AccountOf(previous) != part.Account:
            case (_, RoomPart ofRoom) when RoomOf(previous) != ofRoom.Room:
            case (_, NodePart ofNode) when NodeOf(previous) != (ofNode.Owner, ofNode.Node):
                return false;
        }

        if (previous.Kind != next.Kind)
            return previous.Kind < next.Kind;

        return (previous, next) switch
        {
            (ContactRecord a, ContactRecord b) => Compare(a.Entry.Contact.ToString(), b.Entry.Contact.ToString()) < 0,
            (RemovalRecord a, RemovalRecord b) => Compare(a.Contact.ToString(), b.Contact.ToString()) < 0,
            (BlockedRecord a, BlockedRecord b) => Compare(a.Blocked.ToString(), b.Blocked.ToString()) < 0,
            (DataRecord a, DataRecord b) => Compare((a.DataKind, a.Key), (b.DataKind, b.Key)) < 0,
            (MessageRecord, MessageRecord) => true,
            (ArchivedRecord a, ArchivedRecord b) => a.Message.Id.Value < b.Message.Id.Value,
            (ReadMarkRecord a, ReadMarkRecord b) => Compare(a.With.ToString(), b.With.ToString()) < 0,
            (RoomMemberRecord a, RoomMemberRecord b) => Compare(a.Member.Jid.ToString(), b.Member.Jid.ToString()) < 0,
            (RoomArchivedRecord a, RoomArchivedRecord b) => a.Message.Id.Value < b.Message.Id.Value,
            (NodeMemberRecord a, NodeMemberRecord b) => Compare(a.Member.Jid.ToString(), b.Member.Jid.ToString()) < 0,
            (NodeItemRecord a, NodeItemRecord b) => a.Item.Position.Value < b.Item.Position.Value,
            (InvitationRecord a, InvitationRecord b) => Compare(a.Invitation.Token, b.Invitation.Token) < 0,
            (SettingRecord a, SettingRecord b) => Compare((a.Host, a.Name), (b.Host, b.Name)) < 0,
            (SecretRecord a, SecretRecord b) => Compare(a.Name, b.Name) < 0,
            _ => false,
        };
    }

    // Those of accounts come first.
    private static int Compare((Jid Owner, string Name) left, (Jid Owner, string Name) right) =>
        (left.Owner.Local is null).CompareTo(right.Owner.Local is null) is not 0 and var byKind ? byKind
        : Compare(left.Owner.Domain, right.Owner.Domain) is not 0 and var byDomain ? byDomain
        : Compare(left.Owner.Local ?? "", right.Owner.Local ?? "") is not 0 and var byName ? byName
        : Compare(left.Name, right.Name);

    private static int Compare((string, string) left, (string, string) right) =>
        Compare(left.Item1, right.Item1) is not 0 and var first ? first : Compare(left.Item2, right.Item2);

    private static Jid? AccountOf(StoreRecord record) => record switch
    {
        AccountRecord account => account.Account.Jid,
        AccountPart part => part.Account,
        _ => null,
    };

    private static (Jid Owner, string Name)? NodeOf(StoreRecord record) => record switch
    {
        NodeRecord node => (node.Node.Owner, node.Node.Name),
        NodePart part => (part.Owner, part.Node),
        _ => null,
    };

    private static Jid? RoomOf(StoreRecord record) => record switch
    {
        RoomRecord room => room.Room.Room,
        RoomPart part => part.Room,
        _ => null,
    };
}
