using Xmpp.Core;

namespace Xmpp.Storage.Mongo;

/// <summary>Finds the ids of those who have archives: accounts, and rooms.</summary>
internal sealed class ArchiveOwnerIds(AccountIds accounts, AccountIds rooms)
{
    /// <summary>The id of the account or the room; null when there is neither.</summary>
    public ValueTask<AccountId?> FindAsync(Jid owner, CancellationToken cancellationToken) =>
        rooms.TryFind(owner, out var id) ? new(id)
        : accounts.TryFind(owner, out id) ? new(id)
        : ReadAsync(owner, cancellationToken);

    private async ValueTask<AccountId?> ReadAsync(Jid owner, CancellationToken cancellationToken) =>
        await accounts.FindAsync(owner, cancellationToken) ?? await rooms.FindAsync(owner, cancellationToken);
}
