using Xmpp.Core;
using Xmpp.Core.Storage;

namespace Xmpp.Storage.Mongo;

/// <summary>What a change does to the members of a room or a node.</summary>
/// <param name="Saved">To add or replace.</param>
/// <param name="Deleted">Of whom nothing is kept any more.</param>
internal sealed record MemberStep<TMember>(IReadOnlyList<TMember> Saved, IReadOnlyList<Jid> Deleted)
{
    public static MemberStep<TMember> Nothing { get; } = new([], []);

    public int Count => Saved.Count + Deleted.Count;
}

internal static class MemberSteps
{
    public static MemberStep<RoomMember> ToStep(this RoomChange change) => new(change.Saved, change.Deleted);

    public static MemberStep<NodeMember> ToStep(this NodeChange change) => new(change.Saved, change.Deleted);
}
