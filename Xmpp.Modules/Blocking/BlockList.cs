using System.Collections.Immutable;
using Xmpp.Core;

namespace Xmpp.Modules;

/// <summary>Whom an account has blocked. Immutable.</summary>
public sealed class BlockList(ImmutableHashSet<Jid> items)
{
    public ImmutableHashSet<Jid> Items { get; } = items;

    /// <summary>
    /// Whether somebody is blocked (XEP-0191 §5): by the very address, by the bare JID whatever the resource, or by the domain whoever is
    /// there.
    /// </summary>
    public bool Blocks(Jid peer) =>
        !Items.IsEmpty && (Items.Contains(peer) || Items.Contains(peer.Bare) || Items.Contains(peer.Host));
}
