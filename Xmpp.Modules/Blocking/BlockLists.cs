using Xmpp.Core;
using Xmpp.Core.Modules;
using Xmpp.Core.Storage;

namespace Xmpp.Modules;

/// <summary>The block lists of all accounts, those in use in memory.</summary>
public sealed class BlockLists(ISessionDirectory sessions, IBlockListStore store)
{
    private readonly AccountCache<BlockList> _lists = new(
        sessions, async (account, cancellationToken) => new BlockList([.. await store.LoadAsync(account, cancellationToken)]));

    /// <summary>An account's list; empty also when there is no such account. Completes at once when it is in memory.</summary>
    public ValueTask<BlockList> GetAsync(Jid account, CancellationToken cancellationToken) => _lists.GetAsync(account, cancellationToken);

    /// <summary>Changes a list; no other change of it begins before all that belongs to this one is done.</summary>
    /// <param name="change">Makes the new list of the present one; null when it must not be.</param>
    /// <param name="changed">Called when the new list is in force.</param>
    /// <returns>False when <paramref name="change"/> gave null, or the account is gone.</returns>
    public ValueTask<bool> ChangeAsync(
        Jid account, Func<BlockList, BlockList?> change, Func<ValueTask> changed, CancellationToken cancellationToken) =>
        _lists.ChangeAsync(account, async cell =>
        {
            var present = cell.Value;
            if (change(present) is not { } wanted)
                return false;
            var (added, removed) = (wanted.Items.Except(present.Items), present.Items.Except(wanted.Items));
            if ((!added.IsEmpty || !removed.IsEmpty) && !await store.ChangeAsync(account, [.. added], [.. removed], cancellationToken))
                return false;
            cell.Value = wanted;
            await changed();
            return true;
        }, cancellationToken);

    /// <summary>Forgets an account that was removed.</summary>
    public ValueTask ForgetAsync(Jid account) => _lists.ForgetAsync(account);
}
