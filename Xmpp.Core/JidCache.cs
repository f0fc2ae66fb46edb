namespace Xmpp.Core;

/// <summary>
/// Remembers addresses that were seen lately, so that the same octets give the same instance without allocating.
/// A fixed table of small sets rather than a dictionary: it takes no lock, cannot grow, and a flood of addresses
/// merely makes others be parsed anew. <see cref="Jid.Hash"/> is seeded, so nobody can aim at a set.
/// </summary>
internal sealed class JidCache
{
    private const int Sets = 8192;
    private const int Ways = 4;

    /// <summary>Octets. Longer addresses are legal but rare, and are not kept: the table's memory is bounded too.</summary>
    private const int MaxAddressLength = 256;

    private readonly Jid?[] _slots = new Jid?[Sets * Ways];

    /// <summary>The address that reads <paramref name="utf8"/>, or null.</summary>
    public Jid? Find(ReadOnlySpan<byte> utf8, int hash)
    {
        foreach (var jid in SetOf(hash))
        {
            if (jid is not null && jid.Reads(utf8, hash))
                return jid;
        }
        return null;
    }

    /// <summary>Puts the address in front of its set, where the oldest falls out. Threads that race may lose an entry, no more.</summary>
    public void Add(Jid jid)
    {
        if (jid.Utf8.Length > MaxAddressLength)
            return;
        var set = SetOf(jid.GetHashCode());
        set[..^1].CopyTo(set[1..]);
        set[0] = jid;
    }

    private Span<Jid?> SetOf(int hash) => _slots.AsSpan((hash & (Sets - 1)) * Ways, Ways);
}
