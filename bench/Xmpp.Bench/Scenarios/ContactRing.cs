namespace Xmpp.Bench.Scenarios;

/// <summary>Who knows whom: users stand in a ring, and each has those next to it as contacts, half of them on either side.</summary>
/// <param name="Users">More than contacts.</param>
/// <param name="Contacts">Even.</param>
internal sealed record ContactRing(int Users, int Contacts)
{
    private int Half => Contacts / 2;

    public int Pairs => Users * Half;

    /// <summary>Pairs such that neighbours in the list are of different users.</summary>
    public (int First, int Second) Pair(int index) => (index % Users, (index % Users + 1 + index / Users) % Users);

    /// <summary>Which of a user's contacts another one is, from 0; -1 if none.</summary>
    public int IndexOf(int user, int other)
    {
        var distance = (other - user + Users) % Users;
        return distance == 0 ? -1 : distance <= Half ? distance - 1 : Users - distance <= Half ? Contacts - (Users - distance) : -1;
    }

    /// <summary>Whether of two contacts the first one comes first in their <see cref="Pair"/>.</summary>
    public bool IsFirst(int user, int other) => IndexOf(user, other) < Half;

    /// <summary>Users none of whom is a contact of another.</summary>
    public IEnumerable<int> Strangers() => Enumerable.Range(0, Users / (Half + 1)).Select(i => i * (Half + 1));
}
