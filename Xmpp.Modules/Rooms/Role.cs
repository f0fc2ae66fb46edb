namespace Xmpp.Modules.Rooms;

/// <summary>What an occupant may do in a room for this visit (XEP-0045 §5.1), in the order of what it permits.</summary>
public enum Role
{
    None,
    Visitor,
    Participant,
    Moderator,
}

/// <summary>Some roles. Two that have the same are equal.</summary>
internal readonly record struct RoleSet
{
    private readonly int _bits;

    public RoleSet(params IEnumerable<Role> roles)
    {
        foreach (var role in roles)
            _bits |= 1 << (int)role;
    }

    public bool Contains(Role role) => (_bits & (1 << (int)role)) != 0;
}
