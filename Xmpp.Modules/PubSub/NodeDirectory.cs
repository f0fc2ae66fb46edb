using System.Collections.Immutable;
using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Modules.PubSub;

/// <summary>
/// Nodes in memory: all of an account together, those of services each by itself. They are loaded when they are first asked for. Changes of
/// one come one after the other, each committed before anybody hears of it.
/// </summary>
public sealed class NodeDirectory
{
    /// <summary>An account with more, from when it might have had more, has these.</summary>
    private const int MaxLoaded = 100_000;

    private readonly AccountCache<NodeSet> _ofAccounts;
    private readonly KeyedCache<(Jid Owner, string Name), Slot> _ofServices;

    public NodeDirectory(IPubSubStore store, ISessionDirectory sessions)
    {
        _ofAccounts = new(sessions, async (account, cancellationToken) =>
            NodeSet.Of(await store.FindAllAsync(account, MaxLoaded, cancellationToken)));
        _ofServices = new(
            _ => false, async (key, cancellationToken) =>
                new Slot(await store.FindAsync(key.Owner, key.Name, cancellationToken) is { } stored ? Node.Of(stored) : null));
    }

    /// <summary>A node; null when there is none. Completes at once when it is in memory.</summary>
    internal ValueTask<Node?> FindAsync(Jid owner, string name, CancellationToken cancellationToken)
    {
        return owner.Local is not null ? OfAccountAsync() : OfServiceAsync();

        async ValueTask<Node?> OfAccountAsync() => (await OfAsync(owner, cancellationToken)).GetValueOrDefault(name);

        async ValueTask<Node?> OfServiceAsync() => (await _ofServices.GetAsync((owner, name), cancellationToken)).Node;
    }

    /// <summary>All nodes of an account.</summary>
    internal async ValueTask<ImmutableSortedDictionary<string, Node>> OfAsync(Jid account, CancellationToken cancellationToken) =>
        (await _ofAccounts.GetAsync(account, cancellationToken)).Nodes;

    /// <summary>Runs a change of a node alone, or of whether there is one.</summary>
    internal ValueTask<T> ChangeAsync<T>(
        Jid owner, string name, Func<NodeTurn, ValueTask<T>> change, CancellationToken cancellationToken) => owner.Local is not null
        ? _ofAccounts.ChangeAsync(owner, cell => change(new NodeTurn(
            owner, name, one => cell.Value.Nodes.GetValueOrDefault(one),
            (one, node) => cell.Value = new(node is null ? cell.Value.Nodes.Remove(one) : cell.Value.Nodes.SetItem(one, node)))),
            cancellationToken)
        : _ofServices.ChangeAsync(
            (owner, name), cell => change(new NodeTurn(owner, name, _ => cell.Value.Node, (_, node) => cell.Value = new(node))),
            cancellationToken);

    /// <summary>Forgets what is in memory of an account.</summary>
    internal ValueTask ForgetAsync(Jid account) => _ofAccounts.ForgetAsync(account);

    private sealed record Slot(Node? Node);
}

/// <summary>A node while a change of it goes on.</summary>
internal sealed class NodeTurn(Jid owner, string name, Func<string, Node?> get, Action<string, Node?> set)
{
    public Jid Owner => owner;

    public string Name => name;

    /// <summary>As it is stored; null when there is none.</summary>
    public Node? Node
    {
        get => get(name);
        set => set(name, value);
    }

    /// <summary>Another node of the same account, whose nodes change one after the other, all of them.</summary>
    public NodeTurn Of(string other) => owner.Local is not null
        ? new(owner, other, get, set)
        : throw new InvalidOperationException("A service's nodes change each by itself.");
}
